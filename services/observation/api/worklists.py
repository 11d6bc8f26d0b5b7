"""Worklists: who calls for somebody, derived from windows, declarations, calls and decisions (O4)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.observation.api.contacts import masked_of
from services.observation.api.models import (
    ContactAnswer,
    Running,
    cause,
)
from services.observation.api.scope import roles_of
from services.observation.domain.attempts import AttemptKind, Outcome
from services.observation.domain.calendar import ONE_DAY
from services.observation.domain.case import State
from services.observation.domain.worklists import Worklist, at_least
from services.observation.handlers import observing
from services.observation.store import desk as store
from services.observation.store import reads
from services.observation.store.desk import Reach
from shared.events.policy import Category, Measure
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef
from shared.kernel.sealed import PersonKey

router = APIRouter(tags=["desk"])
_AFTER = Cursor(UUID)
Subject = Annotated[str, StringConstraints(min_length=1, max_length=100)]
OfCompound = Annotated[CompoundId | None, Query(description="Only this compound.")]
OfGrid = Annotated[GridId | None, Query(description="Only this grid.")]


class LastAttempt(Answer):
    """The last call or visit that was made."""

    kind: AttemptKind
    outcome: Outcome
    at: datetime


class WorklistLine(Answer):
    """A case that calls for somebody. Name and phone are masked; reading them is recorded."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    category: Category
    measure: Measure
    state: State
    last_day: date
    streak: int
    missed_since: datetime | None
    declared_at: datetime | None
    last_attempt: LastAttempt | None
    unavailable: int
    call_by: str | None
    visit_by: str | None
    contact: ContactAnswer | None


class WorklistCounts(Answer):
    """How many are on each list.

    `missed`, `streak` and `ends_tomorrow` are part of `under_observation`; every list is part of `in_force`.
    """

    in_force: int
    under_observation: int
    missed: int
    streak: int
    fever: int
    ends_tomorrow: int
    unreachable: int
    awaiting_closure: int
    not_sent: int
    assigned: int


def _line(row: asyncpg.Record, key: PersonKey | None) -> WorklistLine:
    attempt = None
    if row["attempt_kind"] is not None:
        attempt = LastAttempt(
            kind=row["attempt_kind"], outcome=Outcome(row["attempt_outcome"]), at=row["attempted_at"]
        )
    return WorklistLine(
        case_id=row["case_id"],
        person_ref=row["person_ref"],
        compound=row["compound"],
        grid=row["grid"],
        category=row["category"],
        measure=row["measure"],
        state=State(row["state"]),
        last_day=row["last_day"],
        streak=row["streak"],
        missed_since=row["missed_since"],
        declared_at=row["declared_at"],
        last_attempt=attempt,
        unavailable=row["unavailable"],
        call_by=row["call_by"],
        visit_by=row["visit_by"],
        contact=masked_of(key, row),
    )


@router.get("/v1/worklists", summary="How many are on each list")
async def count_worklists(
    who: Caller, context: Running, compound: OfCompound = None, grid: OfGrid = None
) -> WorklistCounts:
    """Count the lists within the caller's scopes, with what they are part of."""
    today = context.clock.today()
    async with context.database.read() as conn:
        calendar = await observing.calendar_in_force(conn, today)
        rules = calendar.on(today).document.observation
        row = await store.counts(
            conn,
            Reach(scopes=who.scopes_for(), compound=compound, grid=grid),
            streak_from=rules.visit_after_missed,
            tomorrow=today + ONE_DAY,
        )
    return WorklistCounts(**dict(row))


@router.get("/v1/worklists/{of}", summary="A worklist")
async def read_worklist(
    of: Worklist,
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    grid: OfGrid = None,
    *,
    assigned_to: Annotated[Subject | None, Query(description="Only what this account is to do.")] = None,
    times: Annotated[
        int | None, Query(ge=1, le=100, description="`streak`, `unreachable`: so often at least.")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[WorklistLine]:
    """Tell who calls for somebody: derived from windows, declarations, calls and decisions. Readings are recorded."""
    last = None if after is None else _AFTER.read(after)[0]
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        calendar = await observing.calendar_in_force(tx, tx.today)
        rows = await store.worklist(
            tx,
            Reach(scopes=who.scopes_for(), compound=compound, grid=grid),
            of=of,
            at_least=at_least(of, times, calendar.on(tx.today).document.observation),
            tomorrow=tx.today + ONE_DAY,
            assigned_to=assigned_to,
            after=last,
            limit=limit + 1,
        )
        more = _AFTER.write(rows[limit - 1]["case_id"]) if len(rows) > limit else None
        keys = await context.vault.keys(row["person_ref"] for row in rows[:limit])
        items = [_line(row, keys.get(row["person_ref"])) for row in rows[:limit]]
        if read := [item.person_ref for item in items if item.contact is not None]:
            await reads.note_reads(
                tx, role=roles_of(who), action=f"observation.worklist.{of}", refs=read, scope=compound
            )
    return Page(items=items, next=more)
