"""Work sheets: a worker's day in a compound, and the worker's own last days."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from services.sanitation.api.common import InContext
from services.sanitation.api.mask_bins import BinLine
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers import work_sheets as handlers
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])

_LONGEST_DAYS = 31


class TaskLine(Answer):
    """A site with something still owed today, and the range of the solution that policy asks for (R5.5).

    `next_from`: the first instant at which another round counts; null before the first one. `airings_owed`: null where
    policy asks for none.
    """

    site_code: SiteId
    kind: SiteKind
    name: str
    required: int
    counted: int
    shortfall: int
    next_from: datetime | None
    airings_owed: int | None
    concentration_from_mg_l: int | None
    concentration_to_mg_l: int | None


class MineAnswer(Answer):
    """What the caller logged in this compound today."""

    rounds: int
    airings: int
    pickup_acts: int
    mask_bins: int


class WorkSheetAnswer(Answer):
    """A compound's open work of today, by site; mask bins that have to be emptied; the caller's own logs.

    Pickups have a list of their own (`/v1/pickups`): reading rooms is written down.
    """

    compound: CompoundId
    day: date
    tasks: list[TaskLine]
    mask_bins: list[BinLine]
    mine: MineAnswer


class WorkDayLine(Answer):
    """What the caller did on a day."""

    day: date
    rounds: int
    rounds_counted: int
    rounds_late: int
    airings: int
    pickup_steps: int
    mask_bins: int


class WorkHistoryAnswer(Answer):
    """The caller's last days, the oldest first."""

    days: list[WorkDayLine]


@router.get("/v1/work-sheets", summary="What is still to be done today in a compound")
async def work_sheet(
    compound: Annotated[CompoundId, Query()], who: Caller, context: InContext
) -> WorkSheetAnswer:
    """Tell a worker what is owed today, with the range of the solution, and what of it is theirs already."""
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await handlers.work_sheet(conn, compound, worker=who.subject, day=today, now=now)
    return WorkSheetAnswer(
        compound=compound,
        day=today,
        tasks=[_task(task) for task in found.tasks],
        mask_bins=[BinLine.of(one, now) for one in found.bins],
        mine=MineAnswer(**found.mine),
    )


@router.get("/v1/work-history", summary="The caller's own last days")
async def work_history(
    who: Caller,
    context: InContext,
    days: Annotated[int, Query(ge=1, le=_LONGEST_DAYS, description="How many, today included.")] = 14,
) -> WorkHistoryAnswer:
    """Tell workers what they did on each of their last days."""
    today = context.clock.today()
    async with context.database.read() as conn:
        found = await handlers.history(conn, who.subject, first=today - timedelta(days=days - 1), last=today)
    return WorkHistoryAnswer(
        days=[
            WorkDayLine(
                day=one.day,
                rounds=one.rounds,
                rounds_counted=one.rounds_counted,
                rounds_late=one.rounds_late,
                airings=one.airings,
                pickup_steps=one.pickup_steps,
                mask_bins=one.mask_bins,
            )
            for one in found
        ]
    )


def _task(task: handlers.SiteTask) -> TaskLine:
    sheet = task.sheet.sheet
    return TaskLine(
        site_code=task.sheet.code,
        kind=task.sheet.kind,
        name=task.sheet.name,
        required=sheet.required,
        counted=sheet.counted,
        shortfall=sheet.shortfall,
        next_from=task.next_from,
        airings_owed=task.airings_owed,
        concentration_from_mg_l=task.rule.concentration_from_mg_l if task.rule else None,
        concentration_to_mg_l=task.rule.concentration_to_mg_l if task.rule else None,
    )
