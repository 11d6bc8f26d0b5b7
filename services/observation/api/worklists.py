"""Worklists: who calls for somebody, derived from windows, declarations, calls and decisions (O4)."""

from datetime import UTC, date, datetime
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
from services.observation.store.desk import Choice, Reach
from shared.audit.noting import note_reads
from shared.events.policy_observation import Category, Measure
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef
from shared.kernel.sealed import PersonKey

router = APIRouter(tags=["desk"])
_AFTER = Cursor(int, datetime, UUID)
_MANY = 10_000
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
Subject = Annotated[str, StringConstraints(min_length=1, max_length=100)]
OfCompound = Annotated[CompoundId | None, Query(description="Only this compound.")]
OfGrid = Annotated[GridId | None, Query(description="Only this grid.")]
OfMeasure = Annotated[Measure | None, Query(description="Only those observed in this way.")]


class LastAttempt(Answer):
    """The last call or visit that was made."""

    kind: AttemptKind
    outcome: Outcome
    at: datetime


class WorklistLine(Answer):
    """A case that calls for somebody, `since` when: null where nothing does. Name and phone are masked.

    Reading them is recorded.
    """

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    category: Category
    measure: Measure
    state: State
    last_day: date
    since: datetime | None
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
    `missed` is split by how many windows in a row: one, two, three, more.
    """

    in_force: int
    under_observation: int
    today: int
    missed: int
    missed_1: int
    missed_2: int
    missed_3: int
    missed_more: int
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
        since=None if row["since"] == _NEVER else row["since"],
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
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    grid: OfGrid = None,
    measure: OfMeasure = None,
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
            measure=measure,
        )
    return WorklistCounts(**dict(row))


@router.get("/v1/worklists/{of}", summary="A worklist")
async def read_worklist(
    of: Worklist,
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    *,
    grid: OfGrid = None,
    measure: OfMeasure = None,
    assigned_to: Annotated[Subject | None, Query(description="Only what this account is to do.")] = None,
    times: Annotated[
        int | None,
        Query(ge=1, le=100, description="`missed`, `streak`, `unreachable`: so often at least."),
    ] = None,
    at_most: Annotated[int | None, Query(ge=1, le=100, description="And so often at most.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[WorklistLine]:
    """Tell who calls for somebody: derived from windows, declarations, calls and decisions. Readings are recorded.

    Fevers come first, then what waits longest.
    """
    behind = None if after is None else _AFTER.read(after)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        calendar = await observing.calendar_in_force(tx, tx.today)
        rows = await store.worklist(
            tx,
            Reach(scopes=who.scopes_for(), compound=compound, grid=grid),
            Choice(
                of=of,
                at_least=at_least(of, times, calendar.on(tx.today).document.observation),
                at_most=at_most or _MANY,
                tomorrow=tx.today + ONE_DAY,
                assigned_to=assigned_to,
                measure=measure,
                after=None if behind is None else (behind[0], behind[1], behind[2]),
            ),
            limit=limit + 1,
        )
        last = rows[limit - 1] if len(rows) > limit else None
        more = None if last is None else _AFTER.write(last["rank"], last["since"], last["case_id"])
        keys = await context.vault.keys(row["person_ref"] for row in rows[:limit])
        items = [_line(row, keys.get(row["person_ref"])) for row in rows[:limit]]
        if read := [item.person_ref for item in items if item.contact is not None]:
            await note_reads(
                tx, role=roles_of(who), action=f"observation.worklist.{of}", refs=read, scope=compound
            )
    return Page(items=items, next=more)
