"""The compound board."""

from dataclasses import fields
from datetime import date
from typing import ClassVar, Literal

from fastapi import APIRouter, Response

from services.reporting import queries
from services.reporting.api.common import IfNoneMatch, InContext, SourceAsOf, as_of, conditional
from services.reporting.domain.board import Figures, Line, in_order, total
from services.reporting.store import entry_flow, vehicle_flow
from shared.db.pool import Conn
from shared.events.policy import Measure
from shared.http.access import TOWN, Caller, Principal
from shared.http.models import Answer
from shared.http.problem import HttpRefusal
from shared.kernel.ids import CompoundId
from shared.runtime import Context

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
async def board(who: Caller, context: InContext, if_none_match: IfNoneMatch = None) -> Response:
    """All compounds in the caller's scope, and their sums.

    Order: most problems first (fevers today, missed streaks, cases awaiting closure, gates that nothing is heard of,
    sites that closed short yesterday, isolation waste not fetched, orders overdue, venues found open), then most rounds
    short today, then by code. With `If-None-Match` the answer is 304 while nothing has moved.
    """
    found = await _board(context, who)
    answer = BoardAnswer(
        day=found.day,
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


async def _board(context: Context, who: Principal) -> queries.Board:
    async with context.database.read() as conn:
        return await _read(conn, context, who)


async def _read(conn: Conn, context: Context, who: Principal) -> queries.Board:
    clock = context.clock
    return await queries.board(conn, who, now=clock.now(), real_now=clock.real_now(), day=clock.today())


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
            "mode": line.mode,
            **_figures(line.figures),
        }
    )
