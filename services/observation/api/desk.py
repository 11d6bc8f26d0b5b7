"""Worklists, the person x day x window grid, calls and visits, and who is to make them (O4, observation rules)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.observation.api.models import (
    ContactAnswer,
    DeclarationBody,
    Instant,
    ReceiptAnswer,
    Running,
    cause,
)
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.attempts import Attempt, AttemptKind, Outcome
from services.observation.domain.calendar import ONE_DAY
from services.observation.domain.case import State
from services.observation.domain.declaring import Channel
from services.observation.domain.masking import masked_name, masked_phone
from services.observation.domain.worklists import Worklist, at_least, check_range
from services.observation.handlers import desk as handlers
from services.observation.handlers import observing
from services.observation.metrics import count_declaration
from services.observation.store import desk as store
from services.observation.store import reads
from services.observation.store.desk import Reach
from shared.events.policy import Category, Measure
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef
from shared.kernel.sealed import PersonKey, Vault

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


class AttemptBody(Body):
    """What a call or a visit came to; with `symptomatic` comes the declaration, with `no_symptoms` it may."""

    attempt_id: UUID
    kind: AttemptKind
    outcome: Outcome
    at: Instant
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    declaration: DeclarationBody | None = None

    def attempt(self) -> Attempt:
        """The attempt as the rules take it."""
        return Attempt(
            attempt_id=self.attempt_id, kind=self.kind, outcome=self.outcome, at=self.at, note=self.note
        )


class AttemptReceipt(Answer):
    """It is kept."""

    attempt_id: UUID
    recorded_at: datetime
    declaration: ReceiptAnswer | None


class AttemptAnswer(Answer):
    """A call or a visit."""

    attempt_id: UUID
    kind: AttemptKind
    outcome: Outcome
    at: datetime
    recorded_at: datetime
    recorded_by: str
    note: str | None


class FollowUpAnswer(Answer):
    """Who was to call or to visit, and how that ended. `bulk_id`: assigned by bulk action."""

    follow_up_id: UUID
    kind: AttemptKind
    assigned_to: str
    assigned_by: str
    assigned_at: datetime
    bulk_id: UUID | None
    ended_at: datetime | None
    ended_by: str | None
    ended_as: Literal["done", "reassigned", "withdrawn"] | None


class FollowUpsAnswer(Answer):
    """Everything that was tried for a case."""

    attempts: list[AttemptAnswer]
    follow_ups: list[FollowUpAnswer]


class FollowUpBody(Body):
    """Have somebody call or visit. `assigned_to` is the worker's account."""

    follow_up_id: UUID
    kind: AttemptKind
    assigned_to: Subject = Field(examples=["grid-worker-12"])


class FollowUpReceipt(Answer):
    """It is assigned."""

    follow_up_id: UUID
    case_id: UUID


def opened(key: PersonKey | None, row: asyncpg.Record) -> ContactAnswer | None:
    """A person's contact, masked; None where there is no card, or the person was erased."""
    name, phone, room = row["name_sealed"], row["phone_sealed"], row["room_sealed"]
    if key is None or (name is None and phone is None and room is None):
        return None
    return ContactAnswer(
        name=None if name is None else masked_name(Vault.open(key, "name", name)),
        phone=None if phone is None else masked_phone(Vault.open(key, "phone", phone)),
        room=None if room is None else Vault.open(key, "room", room),
    )


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
        contact=opened(key, row),
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


@router.post(
    "/v1/cases/{case_id}/attempts",
    summary="What a call or a visit came to",
    status_code=201,
    responses={200: {"model": AttemptReceipt, "description": "Sent before: the first answer."}},
)
async def record_attempt(
    case_id: UUID, body: AttemptBody, who: Caller, context: Running, response: Response
) -> AttemptReceipt:
    """Record one of five outcomes; it ends the follow-up of its kind unless it was not performed.

    Symptoms come with a declaration, so that they act: the fever path opens in the same step.
    """
    via: Channel = "phone" if body.kind == "call" else "visit"
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        told = await handlers.record_attempt(
            body.attempt(),
            None if body.declaration is None else body.declaration.draft(via),
            case_id=case_id,
            recorded_by=who.subject,
            tx=tx,
            vault=context.vault,
        )
    if told.repeated:
        response.status_code = 200
    elif told.receipt is not None:
        count_declaration(told.receipt.window, via, told.receipt.standing)
    return AttemptReceipt(
        attempt_id=body.attempt_id,
        recorded_at=told.recorded_at,
        declaration=None if told.receipt is None else ReceiptAnswer.of(told.receipt),
    )


@router.get("/v1/cases/{case_id}/follow-ups", summary="What was tried for a case")
async def list_follow_ups(case_id: UUID, who: Caller, context: Running) -> FollowUpsAnswer:
    """Tell calls, visits and assignments of a case, oldest first. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        tried, assigned = await store.attempts(tx, case_id), await store.follow_ups(tx, case_id)
        key = (await context.vault.keys([place["person_ref"]])).get(place["person_ref"])
        await reads.note_reads(
            tx,
            role=roles_of(who),
            action="observation.read_follow_ups",
            refs=[place["person_ref"]],
            scope=f"compound:{place['compound']}",
        )
    return FollowUpsAnswer(
        attempts=[_attempt(row, key) for row in tried],
        follow_ups=[FollowUpAnswer(**dict(row)) for row in assigned],
    )


def _attempt(row: asyncpg.Record, key: PersonKey | None) -> AttemptAnswer:
    sealed = row["note_sealed"]
    return AttemptAnswer(
        attempt_id=row["attempt_id"],
        kind=row["kind"],
        outcome=Outcome(row["outcome"]),
        at=row["at"],
        recorded_at=row["recorded_at"],
        recorded_by=row["recorded_by"],
        note=None if key is None or sealed is None else Vault.open(key, "attempt_note", sealed),
    )


@router.post(
    "/v1/cases/{case_id}/follow-ups",
    summary="Have somebody call or visit",
    status_code=201,
    responses={200: {"model": FollowUpReceipt, "description": "Sent before: the first answer."}},
)
async def assign(
    case_id: UUID, body: FollowUpBody, who: Caller, context: Running, response: Response
) -> FollowUpReceipt:
    """Assign a call or a visit; whoever was to make it before is relieved."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        new = await handlers.assign(
            body.follow_up_id,
            body.kind,
            case_id=case_id,
            assigned_to=body.assigned_to,
            assigned_by=who.subject,
            tx=tx,
        )
    if not new:
        response.status_code = 200
    return FollowUpReceipt(follow_up_id=body.follow_up_id, case_id=case_id)


class CaseDay(Answer):
    """A window within a person's period. `by` tells how it was answered: by the own phone, or with whose help."""

    day: date
    window: Literal["morning", "evening"]
    state: Literal["answered", "late", "missed", "open", "upcoming"]
    by: list[Channel]
    declarations: int
    alarming: bool


class CaseDays(Answer):
    """A person's windows in a range of days; what lies outside the period is left blank, never missed."""

    case_id: UUID
    person_ref: PersonRef
    grid: GridId
    state: State
    last_day: date
    windows: list[CaseDay]

    @classmethod
    def of(cls, told: handlers.Days) -> Self:
        """From the handler's days."""
        return cls(
            case_id=told.case.case_id,
            person_ref=told.case.person_ref,
            grid=told.case.grid,
            state=told.case.state,
            last_day=told.case.last_day,
            windows=[
                CaseDay(
                    day=cell.span.day,
                    window=cell.span.window,
                    state=cell.state.value,
                    by=list(mark.channels),
                    declarations=mark.declarations,
                    alarming=mark.alarming,
                )
                for cell, mark in told.cells
            ],
        )


@router.get("/v1/case-days", summary="Person by day by window")
async def read_days(
    who: Caller,
    context: Running,
    first: Annotated[date, Query(alias="from", description="The first day.")],
    last: Annotated[date, Query(alias="to", description="The last day, at most 31 days later.")],
    compound: OfCompound = None,
    *,
    grid: OfGrid = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[CaseDays]:
    """Tell how each window of each day stands, for every case that had a day in the range. No names."""
    check_range(first, last)
    behind = None if after is None else _AFTER.read(after)[0]
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        calendar = await observing.calendar_in_force(conn, today)
        found = await handlers.days(
            conn,
            Reach(scopes=who.scopes_for(), compound=compound, grid=grid),
            first=first,
            last=last,
            after=behind,
            limit=limit + 1,
            calendar=calendar,
            now=now,
        )
    more = _AFTER.write(found[limit - 1].case.case_id) if len(found) > limit else None
    return Page(items=[CaseDays.of(one) for one in found[:limit]], next=more)
