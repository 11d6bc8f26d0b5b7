"""The compound board."""

from dataclasses import fields
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.reporting import queries
from services.reporting.api.common import IfNoneMatch, InContext, KnownAt, SourceAsOf, as_of, conditional
from services.reporting.domain.board import Figures, Line, in_order, total
from services.reporting.domain.trouble import Trouble
from services.reporting.store import entry_flow, vehicle_flow
from shared.context import Context
from shared.db.pool import Conn
from shared.events.policy_observation import Measure
from shared.events.policy_supervision import FindingRule, LiveReason
from shared.http.access import TOWN, Caller, Principal
from shared.http.models import Answer
from shared.http.problem import HttpRefusal
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])


class CompoundUnknown(HttpRefusal):
    """Nobody has told of such a compound (yet)."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "compound_unknown"


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
    case_contacts: int
    quarantine_exits: int
    quarantine_left: int
    vehicles_in: int
    vehicles_out: int
    vehicles_held: int
    vehicles_refused: int
    gates: int
    gates_online: int | None
    sites: int
    rounds_required: int | None
    rounds_counted: int
    rounds_outside_range: int
    sites_short: int
    rounds_missed: int
    pickups_missed: int
    orders_open: int
    orders_overdue: int
    venues_found_open: int
    on_duty: int
    duty_gaps: int
    duty_gap_minutes: int
    survey_dwellings: int
    survey_final: int
    survey_conflicts: int
    survey_percent: str


class ReasonOwner(Answer):
    """Who answers for it, by pseudonym and position."""

    worker_ref: UUID
    role: str


class TroubleReason(Answer):
    """Why a compound needs headquarters: a kind of finding, or what troubles it without being one (yet).

    `weight` is what it adds to the score. Owner, clock and finding are those of the one that is due first.
    """

    code: FindingRule | LiveReason
    count: int
    weight: int
    text_zh: str
    text_en: str
    owner: ReasonOwner | None
    due_at: datetime | None
    finding_id: UUID | None


class TroubleAnswer(Answer):
    """The sum of the reasons, and these, the heaviest first (H4)."""

    score: int
    reasons: list[TroubleReason]


class CompoundLine(FiguresAnswer):
    """A compound's line. Name and mode are null when only others than the registry have told of it.

    `trouble` is null while policy does not say what weighs how much.
    """

    compound: CompoundId
    name: str | None
    neighbourhood: str | None
    neighbourhood_name: str | None
    mode: Literal["closed", "staffed"] | None
    trouble: TroubleAnswer | None


class HistoryUnknown(HttpRefusal):
    """The instant lies before the time from which on it was kept what was known."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "history_unknown"


class BoardAnswer(Answer):
    """The board. `totals` are the sums of the lines; `scope` tells whether these are the whole town.

    `as_known_at`: the instant of which it tells what was known; null: now. `as_of` is of now only.
    """

    day: date
    as_known_at: datetime | None
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


class VehicleHourLine(Answer):
    """Vehicles in an hour of the day at a compound's gates."""

    hour: int
    vehicles_in: int
    vehicles_out: int
    vehicles_held: int
    vehicles_refused: int


class CompoundAnswer(Answer):
    """One compound: its line, and its gates hour by hour."""

    day: date
    policy_version: int | None
    as_of: list[SourceAsOf]
    compound: CompoundLine
    hours: list[HourLine]
    vehicle_hours: list[VehicleHourLine]


@router.get("/v1/board", response_model=BoardAnswer, summary="The compound board")
async def board(
    who: Caller, context: InContext, as_known_at: KnownAt = None, if_none_match: IfNoneMatch = None
) -> Response:
    """All compounds in the caller's scope, and their sums.

    Order: most trouble first, as policy weighs its reasons; then most problems (fevers today, missed streaks, cases
    awaiting closure, gates that nothing is heard of, sites that closed short yesterday, isolation waste not fetched,
    orders overdue, venues found open), then most rounds
    short today, then by code. With `If-None-Match` the answer is 304 while nothing has moved.

    With `as_known_at` the board is told as it was at that instant: what happened before it and was heard of later is
    not in it.
    """
    now = context.clock.now()
    at = min(as_known_at, now) if as_known_at else None
    async with context.database.read() as conn:
        found = await _read(conn, context, who, at)
    answer = BoardAnswer(
        day=found.day,
        as_known_at=at,
        scope="town" if TOWN in who.scopes_for() else "part",
        policy_version=found.policy_version,
        as_of=as_of(found.sources),
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
        found = await _read(conn, context, who)
        hours = await conn.fetch(entry_flow.FLOW_OF_COMPOUND, found.day, compound)
        vehicles = await conn.fetch(vehicle_flow.FLOW_OF_COMPOUND, found.day, compound)
        line = next((line for line in found.lines if line.compound == compound), None)
    if line is None:
        who.require_compound(compound)  # whoever sees everything may know that there is none
        raise CompoundUnknown("没有这个小区。There is no such compound.")
    answer = CompoundAnswer(
        day=found.day,
        policy_version=found.policy_version,
        as_of=as_of(found.sources),
        compound=_line(line),
        hours=[HourLine(**dict(row)) for row in hours],
        vehicle_hours=[VehicleHourLine(**dict(row)) for row in vehicles],
    )
    return conditional(answer, if_none_match)


async def _read(
    conn: Conn, context: Context, who: Principal, known_at: datetime | None = None
) -> queries.Board:
    clock = context.clock
    now, real_now = clock.now(), clock.real_now()
    if known_at is None:
        return await queries.board(conn, who, now=now, real_now=real_now, day=local_day(now))
    if not await queries.go_back(conn, known_at):
        raise HistoryUnknown(
            "该时刻早于开始保留历史的时间。History was not kept at that time yet.", field="as_known_at"
        )
    ago = now - known_at
    return await queries.board(
        conn, who, now=known_at, real_now=real_now - ago, day=local_day(known_at), past=True
    )


def _figures(figures: Figures) -> dict[str, object]:
    told: dict[str, object] = {one.name: getattr(figures, one.name) for one in fields(Figures)}
    derived = ("problems", "under_observation", "survey_percent")
    return told | {name: getattr(figures, name) for name in derived}


def _line(line: Line) -> CompoundLine:
    return CompoundLine.model_validate(
        {
            "compound": line.compound,
            "name": line.name,
            "neighbourhood": line.neighbourhood,
            "neighbourhood_name": line.neighbourhood_name,
            "mode": line.mode,
            "trouble": _trouble(line.trouble) if line.trouble else None,
            **_figures(line.figures),
        }
    )


def _trouble(trouble: Trouble) -> TroubleAnswer:
    return TroubleAnswer(
        score=trouble.score,
        reasons=[
            TroubleReason(
                code=one.code,
                count=one.count,
                weight=one.weight,
                text_zh=one.text_zh,
                text_en=one.text_en,
                owner=ReasonOwner(worker_ref=one.owner.worker_ref, role=one.owner.role)
                if one.owner
                else None,
                due_at=one.due_at,
                finding_id=one.finding_id,
            )
            for one in trouble.reasons
        ],
    )
