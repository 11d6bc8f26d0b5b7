"""A worker's day in a compound: what is still to be done, and what this worker has done (R5.1, R5.2, R7.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.sanitation.domain.day_sheet import SheetState
from services.sanitation.domain.ventilation import airings
from services.sanitation.handlers.day_sheets import SiteSheet, sheets_of
from services.sanitation.handlers.mask_bins import Bin, bins_of
from services.sanitation.handlers.pickup_days import waste_rules
from services.sanitation.handlers.policy import in_force
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import ventilation as ventilation_store
from services.sanitation.store import work as store
from shared.db.pool import Conn
from shared.events.policy_sanitation import AiringRule, RoundRule
from shared.kernel.ids import CompoundId

MOST_BINS = 200
"""Of one compound: it has a handful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTask:
    """A site with rounds or airings still owed today, with what policy asks of the solution (R5.5).

    `next_from` is the first instant at which another round counts; None before the first one of the day.
    """

    sheet: SiteSheet
    rule: RoundRule | None
    next_from: datetime | None
    airings_owed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSheet:
    """What is to be done in a compound on the day, and how many of the day's logs are the worker's own."""

    tasks: tuple[SiteTask, ...]
    bins: tuple[Bin, ...]
    mine: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDay:
    """What a worker did on a day, by kind of log."""

    day: date
    rounds: int
    rounds_counted: int
    rounds_late: int
    airings: int
    pickup_steps: int
    mask_bins: int


async def work_sheet(conn: Conn, compound: CompoundId, *, worker: str, day: date, now: datetime) -> WorkSheet:
    """The sheet of a worker for one compound and today.

    Raises:
        PolicyUnknown, NoPolicyOnThatDay: nothing to judge by.
    """
    document = (await in_force(conn, day)).document
    rules = {rule.kind: rule for rule in document.sanitation.rounds}
    airing = {rule.kind: rule for rule in document.sanitation.airing or ()}
    minutes = await ventilation_store.minutes_of_day(conn, compound, day)
    sheets = sheets_of(await rounds_store.site_days(conn, [compound], day), document, day=day, now=now)
    tasks = [
        _task(one, rules.get(one.kind), airing.get(one.kind), minutes.get(one.site_id, []))
        for one in sheets
        if one.sheet.state is not SheetState.EXEMPT
    ]
    waste = await waste_rules(conn, day)
    every = timedelta(hours=waste.mask_bin_hours) if waste else None
    bins = await bins_of(conn, compound, after="", limit=MOST_BINS, every=every)
    return WorkSheet(
        tasks=tuple(task for task in tasks if task.sheet.sheet.shortfall or task.airings_owed),
        bins=tuple(one for one in bins if one.due_at is not None and one.due_at <= now),
        mine=await store.logs_of_day(conn, compound, worker, day),
    )


async def history(conn: Conn, worker: str, *, first: date, last: date) -> list[WorkDay]:
    """What a worker did on each of some days, days without anything as well."""
    known = await store.days_of_worker(conn, worker, first, last)
    days = [first + timedelta(days=nth) for nth in range((last - first).days + 1)]
    nothing = dict.fromkeys(
        ("rounds", "rounds_counted", "rounds_late", "airings", "pickup_steps", "mask_bins"), 0
    )
    return [WorkDay(day=day, **(nothing | known.get(day, {}))) for day in days]


def _task(one: SiteSheet, rule: RoundRule | None, airing: AiringRule | None, minutes: list[int]) -> SiteTask:
    spacing = timedelta(minutes=rule.spacing_minutes if rule else 0)
    owed = max(0, airing.times_per_day - airings(minutes, airing.minutes)) if airing else None
    return SiteTask(
        sheet=one,
        rule=rule,
        next_from=one.sheet.last_counted + spacing if one.sheet.last_counted else None,
        airings_owed=owed,
    )
