"""A figure from day to day: the strips below the board."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.board import CompoundUnknown
from services.reporting.api.common import InContext, SourceAsOf, as_of
from shared.http.access import TOWN, Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])

Figure = Literal[
    "checks",
    "entries",
    "exits",
    "refused",
    "cannot_verify",
    "fever",
    "checks_offline",
    "case_contacts",
    "quarantine_exits",
    "quarantine_left",
    "vehicles_in",
    "vehicles_out",
    "vehicles_held",
    "vehicles_refused",
    "observations_started",
    "observations_released",
    "observations_closed",
    "declared",
    "declarations_missed",
    "rounds_counted",
    "rounds_outside_range",
    "rounds_missed",
    "sites_short",
    "pickups_done",
    "pickups_missed",
    "duty_gap_minutes",
    "leads_received",
    "leads_closed",
]


class DayValue(Answer):
    """What a figure came to on a Shanghai day."""

    day: date
    value: int


class SeriesAnswer(Answer):
    """A figure day by day, oldest first, today last and still growing; a day without anything is 0.

    `compound`: of this one; null: of all in the caller's scope.
    """

    figure: Figure
    compound: CompoundId | None
    as_of: list[SourceAsOf]
    days: list[DayValue]


@router.get("/v1/board/series", summary="A figure from day to day")
async def read_series(
    who: Caller,
    context: InContext,
    figure: Annotated[Figure, Query(description="Which figure.")],
    days: Annotated[int, Query(ge=1, le=92, description="How many days, today included.")] = 14,
    compound: Annotated[CompoundId | None, Query(description="Of one compound only.")] = None,
) -> SeriesAnswer:
    """Tell what a figure came to on each of the last days. What arrives late counts for the day when it happened."""
    today = context.clock.today()
    first = today - timedelta(days=days - 1)
    async with context.database.read() as conn:
        reached = await queries.compounds_in_scope(conn, who)
        if compound is not None and compound not in reached:
            who.require_compound(compound)
            raise CompoundUnknown("没有这个小区。There is no such compound.")
        within: list[str] | None = (
            [compound] if compound else None if TOWN in who.scopes_for() else list(reached)
        )
        found, sources = await queries.series(
            conn,
            figure,
            first,
            today,
            compounds=within,
            now=context.clock.now(),
        )
    return SeriesAnswer(
        figure=figure,
        compound=compound,
        as_of=as_of(sources),
        days=[
            DayValue(day=day, value=found.get(day, 0))
            for day in (first + timedelta(days=nth) for nth in range(days))
        ],
    )
