"""HTTP surface of reporting, for HQ. Every answer says `as_of` when its sources were last heard of."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from services.reporting import queries, store
from services.reporting.domain.board import Figures, Line, in_order, total
from services.reporting.projections.observation_roll import CaseState, WindowState
from shared.db.pool import Tx
from shared.events.envelope import Cause
from shared.events.observation import WindowName
from shared.events.policy import Category, Measure
from shared.http.access import TOWN, Caller, OutOfScope, Principal
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit
from shared.http.problem import HttpRefusal
from shared.kernel.ids import CompoundId, GridId, uuid7
from shared.obs.logging import current_correlation
from shared.runtime import Context

router = APIRouter(tags=["reporting"])

_ROLL_AFTER = Cursor(date, UUID)
_BEFORE_ALL = date(1900, 1, 1), UUID(int=0)


def context_of(request: Request) -> Context:
    """The service's context."""
    found: Context = request.app.state.context
    return found


InContext = Annotated[Context, Depends(context_of)]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer.")]


class CompoundUnknown(HttpRefusal):
    """Nobody has told of such a compound (yet)."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "compound_unknown"


class CaseUnknown(HttpRefusal):
    """There is no such case, or its start has not arrived yet."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "case_unknown"


class SourceAsOf(Answer):
    """How far a source is in this answer.

    `event_time`: business time of the newest event applied; `moved_at`: real time of the last movement.
    """

    source: str
    event_time: datetime | None
    moved_at: datetime | None


class FiguresAnswer(Answer):
    """Figures of the day. Null where the policy that says what is due has not arrived."""

    problems: int
    dwellings: int
    people: int
    residents: int
    households: int
    under_observation: int
    observed: dict[Measure, int]
    awaiting_closure: int
    missed_streaks: int | None
    passes_active: int
    checks: int
    entries: int
    exits: int
    refused: int
    cannot_verify: int
    fever: int
    sites: int
    rounds_required: int | None
    rounds_counted: int
    rounds_outside_range: int


class CompoundLine(FiguresAnswer):
    """A compound's line. Name and mode are null when only others than the registry have told of it."""

    compound: CompoundId
    name: str | None
    neighbourhood: str | None
    mode: Literal["closed", "staffed"] | None


class BoardAnswer(Answer):
    """The board. `totals` are the sums of the lines; `scope` tells whether these are the whole town."""

    day: date
    scope: Literal["town", "part"]
    policy_version: int | None
    as_of: list[SourceAsOf]
    totals: FiguresAnswer
    compounds: list[CompoundLine]


class HourLine(Answer):
    """An hour of the day at a compound's gates."""

    hour: int
    checks: int
    entries: int
    exits: int
    refused: int
    cannot_verify: int
    fever: int
    offline: int


class CompoundAnswer(Answer):
    """One compound: its line, and its gates hour by hour."""

    day: date
    policy_version: int | None
    as_of: list[SourceAsOf]
    compound: CompoundLine
    hours: list[HourLine]


class Today(Answer):
    """What came in for today's windows; null while nothing did and none was missed."""

    morning: WindowState | None
    evening: WindowState | None


class CaseLine(Answer):
    """A case. `day_number` counts from the anchor date, which is day 0; `streak` is windows missed in a row."""

    case_id: UUID
    person_ref: UUID
    compound: CompoundId
    grid: GridId
    category: Category
    measure: Measure
    state: CaseState
    anchor_date: date
    last_day: date
    day_number: int
    streak: int
    started_at: datetime
    ended_at: datetime | None


class RollLine(CaseLine):
    """A case with today's windows."""

    today: Today


class RollAnswer(Answer):
    """A page of the roll, by last day; `next` continues it and is null on the last page."""

    day: date
    as_of: list[SourceAsOf]
    items: list[RollLine]
    next: str | None


class WindowLine(Answer):
    """One window of one day."""

    day: date
    window: WindowName
    state: WindowState
    declared_at: datetime | None


class CaseAnswer(Answer):
    """A case with every window that was declared or missed."""

    as_of: list[SourceAsOf]
    case: CaseLine
    windows: list[WindowLine]


@router.get("/v1/board", response_model=BoardAnswer, summary="The compound board")
async def board(who: Caller, context: InContext, if_none_match: IfNoneMatch = None) -> Response:
    """All compounds in the caller's scope, and their sums.

    Order: most problems first (fevers today, missed streaks, cases awaiting closure), then most rounds
    short, then by code. With `If-None-Match` the answer is 304 while nothing has moved.
    """
    found = await _board(context, who)
    answer = BoardAnswer(
        day=found.day,
        scope="town" if TOWN in who.scopes_for() else "part",
        policy_version=found.policy_version,
        as_of=_as_of(found.sources),
        totals=FiguresAnswer(**_figures(total(found.lines))),
        compounds=[_line(line) for line in in_order(found.lines)],
    )
    return conditional(answer, if_none_match)


@router.get("/v1/board/{compound}", response_model=CompoundAnswer, summary="One compound")
async def compound_board(
    compound: CompoundId, who: Caller, context: InContext, if_none_match: IfNoneMatch = None
) -> Response:
    """Tell a compound's line as the board has it, and the day at its gates hour by hour."""
    async with context.database.read() as conn:
        found = await queries.board(conn, who, now=context.clock.now(), day=context.clock.today())
        hours = await conn.fetch(store.FLOW_OF_COMPOUND, found.day, compound)
        line = next((line for line in found.lines if line.compound == compound), None)
    if line is None:
        who.require_compound(compound)  # whoever sees everything may know that there is none
        raise CompoundUnknown("没有这个小区。There is no such compound.")
    answer = CompoundAnswer(
        day=found.day,
        policy_version=found.policy_version,
        as_of=_as_of(found.sources),
        compound=_line(line),
        hours=[HourLine(**dict(row)) for row in hours],
    )
    return conditional(answer, if_none_match)


@router.get("/v1/observation-roll", summary="Who is under observation")
async def observation_roll(
    *,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    state: Annotated[CaseState | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> RollAnswer:
    """List cases by last day, with today's windows. Persons appear by pseudonym only."""
    day = context.clock.today()
    last_day, last_case = _ROLL_AFTER.read(after) if after else _BEFORE_ALL
    async with context.database.read() as conn:
        within = None if TOWN in who.scopes_for() else await queries.compounds_in_scope(conn, who)
        if compound is not None:
            if within is not None and compound not in within:
                raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
            within = [compound]
        rows = await conn.fetch(store.ROLL, day, within, state, last_day, last_case, limit + 1)
        sources = await queries.sources(conn, queries.ROLL_SOURCES)
    items = [
        RollLine(
            **{k: v for k, v in dict(row).items() if k not in ("morning", "evening")},
            day_number=(day - row["anchor_date"]).days,
            today=Today(morning=row["morning"], evening=row["evening"]),
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return RollAnswer(
        day=day,
        as_of=_as_of(sources),
        items=items,
        next=_ROLL_AFTER.write(items[-1].last_day, items[-1].case_id) if more else None,
    )


@router.get("/v1/observation-roll/{case_id}", summary="One case, window by window")
async def observation_case(case_id: UUID, who: Caller, context: InContext) -> CaseAnswer:
    """Tell one person's observation. Pseudonymous, but about one person: the reading is audited."""
    cause = Cause(correlation=current_correlation() or uuid7())
    async with context.database.begin(actor=who.subject, cause=cause) as tx:
        row = await tx.fetchrow(store.CASE, case_id)
        visible = row is not None and row["compound"] in await queries.compounds_in_scope(tx, who)
        if row is None or not (visible or TOWN in who.scopes_for()):
            raise CaseUnknown("没有这个观察记录。There is no such case.")
        windows = await tx.fetch(store.WINDOWS, case_id)
        sources = await queries.sources(tx, queries.ROLL_SOURCES)
        await _audit(tx, who, row["person_ref"])
    return CaseAnswer(
        as_of=_as_of(sources),
        case=CaseLine(
            **{k: v for k, v in dict(row).items() if k != "dwelling_id"},
            day_number=(context.clock.today() - row["anchor_date"]).days,
        ),
        windows=[
            WindowLine(
                day=window["day"],
                window=window["part"],
                state=window["state"],
                declared_at=window["declared_at"],
            )
            for window in windows
        ],
    )


def conditional(answer: BaseModel, if_none_match: str | None) -> Response:
    """The answer with its ETag, or 304 when the caller has exactly this one."""
    body = answer.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


async def _board(context: Context, who: Principal) -> queries.Board:
    async with context.database.read() as conn:
        return await queries.board(conn, who, now=context.clock.now(), day=context.clock.today())


async def _audit(tx: Tx, who: Principal, person_ref: UUID) -> None:
    grant = who.grants[0]
    await tx.execute(
        store.AUDIT,
        tx.now,
        who.subject,
        grant.role,
        "observation_roll.case",
        person_ref,
        str(grant.scope),
        tx.cause.correlation,
    )


def _as_of(sources: Sequence[queries.Source]) -> list[SourceAsOf]:
    return [SourceAsOf(source=one.name, event_time=one.event_time, moved_at=one.moved_at) for one in sources]


def _figures(figures: Figures) -> dict[str, object]:
    told: dict[str, object] = {one.name: getattr(figures, one.name) for one in fields(Figures)}
    return told | {"problems": figures.problems, "under_observation": figures.under_observation}


def _line(line: Line) -> CompoundLine:
    return CompoundLine.model_validate(
        {
            "compound": line.compound,
            "name": line.name,
            "neighbourhood": line.neighbourhood,
            "mode": line.mode,
            **_figures(line.figures),
        }
    )
