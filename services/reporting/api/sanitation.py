"""How sanitation stands per compound: rounds short, isolation waste, orders, venues, inspections (R5, R7.2)."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import inspections as inspections_store
from services.reporting.store import sanitation_compliance as store
from services.reporting.store import ventilation as ventilation_store
from services.reporting.store import waste_chain as waste_store
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])


class ShortLine(Answer):
    """Sites of a kind in a compound whose day closed short, as late entries left it.

    `made_good`: sites whose day was short at its close and is not any more.
    """

    compound: CompoundId
    kind: SiteKind
    sites_short: int
    rounds_short: int
    made_good: int


class ShortAnswer(Answer):
    """A day's shortfalls in the compounds in scope, most short first."""

    as_of: list[SourceAsOf]
    day: date
    lines: list[ShortLine]


@router.get("/v1/rounds-missed", summary="Rounds missed on a day, per compound and kind")
async def rounds_missed(
    who: Caller,
    context: InContext,
    day: Annotated[date | None, Query(description="Shanghai day; yesterday when left out.")] = None,
) -> ShortAnswer:
    """Tell where a day that is over closed short, and where late entries made it good."""
    wanted = day or context.clock.today() - timedelta(days=1)
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = await conn.fetch(store.MISSED_OF_DAY, wanted)
        sources = await queries.sources(conn, ("sanitation_compliance",))
    found = [ShortLine(**dict(row)) for row in rows if row["compound"] in mine]
    found.sort(key=lambda one: (-one.rounds_short, one.compound, one.kind))
    return ShortAnswer(as_of=as_of(sources), day=wanted, lines=found)


class WasteLine(Answer):
    """A compound's pickups of a day. `missed` are findings; `overdue` are past their hour and not done.

    `airings`: how often public places were aired on that day.
    """

    compound: CompoundId
    pickups: int
    done: int
    missed: int
    overdue: int
    bags: int
    airings: int


class WasteAnswer(Answer):
    """A day's pickups and airings in the compounds in scope, most missed first."""

    as_of: list[SourceAsOf]
    day: date
    lines: list[WasteLine]


@router.get("/v1/waste", summary="Isolation waste and airing of a day, per compound")
async def waste(
    who: Caller,
    context: InContext,
    day: Annotated[date | None, Query(description="Shanghai day; today when left out.")] = None,
) -> WasteAnswer:
    """Tell how many pickups of a day are done, missed or overdue, and how often public places were aired."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = await conn.fetch(waste_store.WASTE_OF_DAY, wanted, context.clock.now())
        aired = await conn.fetch(ventilation_store.AIRINGS_OF_DAY, wanted)
        sources = await queries.sources(conn, ("waste_chain", "ventilation"))
    nothing = {"pickups": 0, "done": 0, "missed": 0, "overdue": 0, "bags": 0, "airings": 0}
    lines = {row["compound"]: nothing | dict(row) for row in rows}
    for row in aired:
        lines[row["compound"]] = lines.get(row["compound"], nothing) | dict(row)
    found = [WasteLine.model_validate(line) for compound, line in lines.items() if compound in mine]
    found.sort(key=lambda one: (-one.missed, -one.overdue, one.compound))
    return WasteAnswer(as_of=as_of(sources), day=wanted, lines=found)


class SupervisionLine(Answer):
    """A compound's orders and venues as they stand, and its inspections of some days; spot checks are among these.

    `highest_level`: how far up the worst of its orders went. `orders_mended` wait for their reviewer.
    """

    compound: CompoundId
    orders_open: int
    orders_overdue: int
    orders_mended: int
    highest_level: int
    venues_closed: int
    venues_approved: int
    venues_found_open: int
    inspections: int
    passed: int
    flagged: int
    failed: int
    spot_checks: int


class SupervisionAnswer(Answer):
    """What inspectors found in the compounds in scope, most overdue first."""

    as_of: list[SourceAsOf]
    first: date
    last: date
    lines: list[SupervisionLine]


@router.get("/v1/supervision", summary="Orders, venues and inspections, per compound")
async def supervision(
    who: Caller,
    context: InContext,
    days: Annotated[int, Query(ge=1, le=31, description="Of inspections, today included.")] = 7,
) -> SupervisionAnswer:
    """Tell which orders are open and overdue, which venues were found open, and what inspections came to."""
    today = context.clock.today()
    first = today - timedelta(days=days - 1)
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = [
            *await conn.fetch(inspections_store.ORDERS_NOW, context.clock.now()),
            *await conn.fetch(inspections_store.VENUES_NOW),
            *await conn.fetch(inspections_store.INSPECTIONS_BETWEEN, first, today),
        ]
        sources = await queries.sources(conn, ("inspections", "venues"))
    counts = SupervisionLine.model_fields.keys() - {"compound"}
    found: dict[str, dict[str, object]] = {}
    for row in rows:
        line = found.setdefault(row["compound"], dict.fromkeys(counts, 0))
        line.update(row)
    lines = [SupervisionLine.model_validate(line) for compound, line in found.items() if compound in mine]
    lines.sort(key=lambda one: (-one.orders_overdue, -one.venues_found_open, -one.orders_open, one.compound))
    return SupervisionAnswer(as_of=as_of(sources), first=first, last=today, lines=lines)
