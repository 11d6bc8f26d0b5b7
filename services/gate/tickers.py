"""What falls due by business time at the gate: turns that lapse and gaps in duty, minute by minute.

Everything is found from state, so a gate that was down tells what it missed with the right minutes, once.
The figures of duty and of open reports are counted along.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.gate import metrics
from services.gate.domain.duty import minute_of
from services.gate.handlers.duty import lapse_turns, tell_gaps
from services.gate.store import arrivals, duty, rules
from shared.db.pool import Database
from shared.kernel.days import local_day
from shared.leader import Ticker

NAME = "gate.duty"


def duty_watch() -> Ticker:
    """Make the ticker of this process."""
    return Ticker(name=NAME, act=_acting())


def _acting() -> Callable[[Database], Awaitable[None]]:
    judged: datetime | None = None

    async def act(database: Database) -> None:
        nonlocal judged
        minute = minute_of(database.clock.now())
        if minute != judged:
            await watch(database)
            judged = minute

    return act


async def watch(database: Database) -> None:
    """Look at every post once. Without a policy that has rules of duty there is nothing to judge by."""
    async with database.begin(actor=NAME) as tx:
        version = await rules.rules_version(tx, local_day(tx.now))
        in_force = (await rules.rules(tx, version)).duty if version is not None else None
        if in_force is not None:
            await lapse_turns(tx, in_force)
            await tell_gaps(tx, in_force)
        open_gaps = await tx.fetch(duty.OPEN_GAPS_BY_COMPOUND)
        reports = await tx.fetch(arrivals.OPEN_BY_KIND)
    metrics.REPORTS_OPEN.clear()
    for row in reports:
        metrics.REPORTS_OPEN.labels(row["compound"], row["kind"]).set(row["loops"])
    metrics.REPORTS_OLDEST.set(min((row["oldest"].timestamp() for row in reports), default=0))
    metrics.DUTY_GAPS.clear()
    for row in open_gaps:
        metrics.DUTY_GAPS.labels(row["compound"]).set(row["gaps"])
