"""Who answers for what, over HTTP (R7.1, R1.1)."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints, model_validator

from services.registry.api.common import Day, Running, cause
from services.registry.api.places import reached
from services.registry.api.premises import CompoundPath, PlaceCode
from services.registry.api.staff import EndBody
from services.registry.domain.posts import Period
from services.registry.domain.premises import Mode
from services.registry.domain.responsibility import Assignment, AssignmentUnknown, Measure, gaps_of
from services.registry.handlers import responsibility as handlers
from services.registry.store import responsibility as store
from services.registry.store import staff
from shared.db.pool import Conn
from shared.events.policy import WorkerKind
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body

router = APIRouter(tags=["responsibility"])
_SPAN = 30
_LONGEST = 366

Position = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class AssignmentBody(Body):
    """Who answers in which position for what. Without a compound: for the whole town. The id is the client's."""

    assignment_id: UUID
    worker_ref: UUID
    role: Position
    measure: Measure
    compound: PlaceCode | None = None
    grid: PlaceCode | None = None
    from_day: Day
    until_day: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "AssignmentBody":
        if self.grid is not None and self.compound is None:
            raise ValueError("填写网格时须同时填写小区。A grid lies in a compound: name it as well.")
        if self.until_day is not None and self.until_day < self.from_day:
            raise ValueError("结束日期不得早于开始日期。until_day is not before from_day.")
        return self


class AssignmentAnswer(Answer):
    """An assignment as it stands."""

    assignment_id: UUID
    worker_ref: UUID
    role: str
    measure: Measure
    compound_id: str | None
    grid_id: str | None
    from_day: date
    until_day: date | None
    policy_version: int
    version: int


class Answerable(AssignmentAnswer):
    """An assignment with the worker's staff number and kind; `today`: it holds on the day asked about."""

    code: str
    kind: WorkerKind
    today: bool


class GapAnswer(Answer):
    """Days, both included, on which nobody answers for a measure."""

    measure: Measure
    from_day: date
    until_day: date


class ResponsibilityAnswer(Answer):
    """Who answers in a compound.

    `unanswered` are the measures for which nobody answers on the day; `needs_named_person`: the compound cannot be
    closed, and nobody is named who strengthens control there today (R1.1).
    """

    compound_id: str
    mode: Mode
    day: date
    assignments: list[Answerable]
    unanswered: list[Measure]
    gaps: list[GapAnswer]
    named_persons: list[UUID]
    needs_named_person: bool


@router.post("/v1/responsibilities", summary="Make somebody answer for something", status_code=201)
async def assign(body: AssignmentBody, who: Caller, context: Running, response: Response) -> AssignmentAnswer:
    """Assign a worker to answer for a measure or for all, from a day on. The same one again is no second (200)."""
    new = Assignment(
        assignment_id=body.assignment_id,
        worker_ref=body.worker_ref,
        role=body.role,
        measure=body.measure,
        compound_id=body.compound,
        grid_id=body.grid,
        period=Period(from_day=body.from_day, until_day=body.until_day),
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, body.compound, who)
        row, created = await handlers.assign(new, tx=tx)
    response.status_code = 201 if created else 200
    return _answer(row)


@router.put("/v1/responsibilities/{assignment_id}", summary="End or extend an assignment")
async def end(assignment_id: UUID, body: EndBody, who: Caller, context: Running) -> AssignmentAnswer:
    """Give an assignment another last day, and tell every service."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await store.one(tx, assignment_id)
        if row is None:
            raise AssignmentUnknown("没有这项安排。There is no such assignment.", field="assignment_id")
        await _reach(tx, row["compound_id"], who)
        changed = await handlers.end(assignment_id, body.until_day, seen=body.version, tx=tx)
    return _answer(changed)


@router.get("/v1/responsibilities", summary="Who answers for the whole town")
async def list_for_town(
    _who: Caller, context: Running, day: Annotated[Day | None, Query()] = None
) -> list[Answerable]:
    """List assignments that name no compound: they hold in every one."""
    on = day or context.clock.today()
    async with context.database.read() as conn:
        rows = await store.of_town(conn)
    return [_answerable(row, on) for row in rows]


@router.get("/v1/compounds/{compound_id}/responsibility", summary="Who answers in a compound")
async def read_for_compound(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    day: Annotated[Day | None, Query(description="The day; else today.")] = None,
    days: Annotated[int, Query(ge=1, le=_LONGEST, description="How far ahead gaps are shown.")] = _SPAN,
) -> ResponsibilityAnswer:
    """Tell who answers for which measure on a day, and every stretch of days on which nobody does."""
    on = day or context.clock.today()
    async with context.database.read() as conn:
        compound = await reached(conn, compound_id, who)
        rows = await store.of_compound(conn, compound_id)
        named = await named_persons(conn, compound_id, on)
    assignments = [store.assignment(row) for row in rows]
    gaps = list(gaps_of(assignments, from_day=on, until_day=on + timedelta(days=days - 1)))
    return ResponsibilityAnswer(
        compound_id=compound_id,
        mode=compound.mode,
        day=on,
        assignments=[_answerable(row, on) for row in rows],
        unanswered=[gap.measure for gap in gaps if gap.from_day == on],
        gaps=[GapAnswer(measure=gap.measure, from_day=gap.from_day, until_day=gap.until_day) for gap in gaps],
        named_persons=named,
        needs_named_person=compound.mode is Mode.STAFFED and not named,
    )


async def named_persons(conn: Conn, compound_id: str, day: date) -> list[UUID]:
    """Who is named to strengthen control in a compound on a day: posted there as such, or answering for it (R1.1)."""
    posted = {
        one.worker_ref
        for one in await staff.serving_in(conn, compound_id, day)
        if one.kind == "named_person" and one.place.kind == "compound"
    }
    answering = {
        one.worker_ref
        for one in map(store.assignment, await store.of_compound(conn, compound_id))
        if one.compound_id == compound_id and one.covers("gate") and one.period.holds(day)
    }
    return sorted(posted | answering)


async def _reach(conn: Conn, compound_id: str | None, who: Principal) -> None:
    if compound_id is None:
        who.require_town()
    else:
        await reached(conn, compound_id, who)


def _answer(row: asyncpg.Record) -> AssignmentAnswer:
    return AssignmentAnswer(**{name: row[name] for name in AssignmentAnswer.model_fields})


def _answerable(row: asyncpg.Record, day: date) -> Answerable:
    return Answerable(
        **_answer(row).model_dump(),
        code=row["code"],
        kind=row["kind"],
        today=store.assignment(row).period.holds(day),
    )
