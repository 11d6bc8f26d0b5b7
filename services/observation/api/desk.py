"""Calls and visits, who is to make them, and the person x day x window grid (observation rules)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.observation.api.models import (
    Day,
    DeclarationBody,
    Instant,
    ReceiptAnswer,
    Running,
    cause,
)
from services.observation.api.scope import place_within, roles_of
from services.observation.api.worklists import OfCompound, OfGrid, Subject
from services.observation.domain.attempts import Attempt, AttemptKind, Outcome
from services.observation.domain.case import State
from services.observation.domain.declaring import Channel
from services.observation.domain.worklists import check_range
from services.observation.handlers import desk as handlers
from services.observation.handlers import observing
from services.observation.metrics import count_declaration, count_follow_up
from services.observation.store import desk as store
from services.observation.store.desk import Reach
from shared.audit.noting import note_reads
from shared.context import Context
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import GridId, PersonRef
from shared.kernel.sealed import PersonKey, Vault

router = APIRouter(tags=["desk"])
_AFTER = Cursor(UUID)


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
    async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        told = await handlers.record_attempt(
            body.attempt(),
            None if body.declaration is None else body.declaration.draft(via),
            case_id=case_id,
            recorded_by=who.subject,
            tx=tx,
            vault=context.vault,
        )
        waited = await store.untouched_for(tx, case_id, body.attempt_id, assigning=False)
    if told.repeated:
        response.status_code = 200
    else:
        count_follow_up(body.kind, waited)
        if told.receipt is not None:
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
        await note_reads(
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
        waited = await store.untouched_for(tx, case_id, body.follow_up_id, assigning=True)
    if new:
        count_follow_up("assign", waited)
    else:
        response.status_code = 200
    return FollowUpReceipt(follow_up_id=body.follow_up_id, case_id=case_id)


class CaseDay(Answer):
    """A window within a person's period: how it stands, and which of the five outcomes it came to once it closed.

    `by` tells how it was answered: by the own phone, or with whose help.
    """

    day: date
    window: Literal["morning", "evening"]
    state: Literal["answered", "late", "missed", "open", "upcoming"]
    outcome: Outcome | None
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
                    outcome=mark.outcome,
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
    first: Annotated[Day, Query(alias="from", description="The first day.")],
    last: Annotated[Day, Query(alias="to", description="The last day, at most 31 days later.")],
    compound: OfCompound = None,
    *,
    grid: OfGrid = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[CaseDays]:
    """Tell how each window of each day stands, for every case that had a day in the range. No names."""
    found, more = await days_within(
        Reach(scopes=who.scopes_for(), compound=compound, grid=grid),
        context,
        first=first,
        last=last,
        after=after,
        limit=limit,
    )
    return Page(items=[CaseDays.of(one) for one in found], next=more)


async def days_within(
    reach: Reach, context: Context, *, first: date, last: date, after: str | None, limit: int
) -> tuple[list[handlers.Days], str | None]:
    """A page of cases with their windows in a range of days, and where the next one begins.

    Raises:
        RangeTooLong, PolicyUnknown, BadCursor.
    """
    check_range(first, last)
    behind = None if after is None else _AFTER.read(after)[0]
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        found = await handlers.days(
            conn,
            reach,
            first=first,
            last=last,
            after=behind,
            limit=limit + 1,
            calendar=await observing.calendar_in_force(conn, today),
            now=now,
        )
    more = _AFTER.write(found[limit - 1].case.case_id) if len(found) > limit else None
    return found[:limit], more
