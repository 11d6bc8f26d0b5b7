"""Day sheets."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.sanitation.api.common import Day, InContext
from services.sanitation.domain.day_sheet import SheetState
from services.sanitation.handlers import day_sheets as handlers
from services.sanitation.handlers import sites as sites_handlers
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])


class SheetLine(Answer):
    """One site on one day. `missed` is said only once the day is over in Shanghai.

    `on_time` are the owed rounds that stand without late entries; `last_at` is when it was disinfected last.
    """

    site_code: SiteId
    kind: SiteKind
    name: str
    required: int
    logged: int
    counted: int
    on_time: int
    outside_range: int
    shortfall: int
    last_at: datetime | None
    state: SheetState


class SheetAnswer(Answer):
    """A compound's day: its sites by code, and their sums."""

    compound: CompoundId
    day: date
    required: int
    counted: int
    shortfall: int
    sites: list[SheetLine]


@router.get("/v1/day-sheets", summary="A compound's rounds of a day")
async def day_sheets(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> SheetAnswer:
    """Tell per site what the day requires, what counts, and what is short. Derived anew from all logs."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await handlers.day_sheets(conn, compound, day=wanted, now=context.clock.now())
    lines = [
        SheetLine(
            site_code=one.code,
            kind=one.kind,
            name=one.name,
            required=one.sheet.required,
            logged=one.sheet.logged,
            counted=one.sheet.counted,
            on_time=one.sheet.on_time,
            outside_range=one.outside_range,
            shortfall=one.sheet.shortfall,
            last_at=one.last_at,
            state=one.sheet.state,
        )
        for one in found
    ]
    return SheetAnswer(
        compound=compound,
        day=wanted,
        required=sum(line.required for line in lines),
        counted=sum(line.counted for line in lines),
        shortfall=sum(line.shortfall for line in lines),
        sites=lines,
    )
