"""Figures of days: for headquarters over all compounds, and a compound's last days."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Query

from services.sanitation.api.common import Day, InContext
from services.sanitation.domain.figures import KindFigures
from services.sanitation.handlers import figures as handlers
from services.sanitation.handlers import sites as sites_handlers
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["sanitation"])

_LONGEST_DAYS = 31


class FigureLine(Answer):
    """What the sites of a kind owed on a day and did.

    `final`: the day is closed; a late entry with an explanation may still change it. `on_time_percent` is done without
    late entries, of what was owed: null where nothing was.
    """

    day: date
    compound: CompoundId
    kind: SiteKind
    final: bool
    sites: int
    required: int
    done: int
    on_time: int
    on_time_percent: str | None
    shortfall: int
    logged: int
    outside_range: int

    @classmethod
    def of(cls, one: KindFigures) -> Self:
        """A line."""
        return cls(
            day=one.day,
            compound=one.compound,
            kind=one.kind,
            final=one.final,
            sites=one.sites,
            required=one.required,
            done=one.done,
            on_time=one.on_time,
            on_time_percent=one.on_time_percent,
            shortfall=one.shortfall,
            logged=one.logged,
            outside_range=one.outside_range,
        )


class FiguresAnswer(Answer):
    """A day, or some days of a compound, by kind of site."""

    lines: list[FigureLine]


@router.get("/v1/day-figures", summary="A day by compound and kind of site")
async def day_figures(
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> FiguresAnswer:
    """Tell what was owed and done on a day in all compounds of the caller."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        mine = await handlers.compounds_of(conn, who)
        found = await handlers.figures(conn, mine, first=wanted, last=wanted, now=context.clock.now())
    return _answer(found)


@router.get("/v1/figures-history", summary="A compound's last days by kind of site")
async def figures_history(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    days: Annotated[int, Query(ge=1, le=_LONGEST_DAYS, description="How many, today included.")] = 14,
) -> FiguresAnswer:
    """Tell what was owed and done on each of a compound's last days."""
    today = context.clock.today()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await handlers.figures(
            conn, [compound], first=today - timedelta(days=days - 1), last=today, now=context.clock.now()
        )
    return _answer(found)


def _answer(found: Iterable[KindFigures]) -> FiguresAnswer:
    return FiguresAnswer(lines=[FigureLine.of(one) for one in found])
