"""What falls due by business time at the gate, minute by minute: turns that lapse, gaps in duty, what is forgotten.

Everything is found from state, so a gate that was down tells what it missed with the right minutes, once.
The figures of duty and of open reports are counted along; those of devices by a ticker of their own.
"""

from datetime import datetime

from services.gate import metrics
from services.gate.handlers import retention
from services.gate.handlers.duty import lapse_turns, tell_gaps
from services.gate.store import arrivals, duty, figures, rules
from shared.db.pool import Database
from shared.kernel.days import local_day
from shared.leader import Ticker, each_minute
from shared.obs.metrics import RULES_VERSION

NAME = "gate.duty"
FIGURES = "gate.figures"
FIGURES_EVERY = 5.0
"""Seconds between two counts for the gauges of devices."""


def duty_watch() -> Ticker:
    """Make the ticker of this process."""
    return Ticker(name=NAME, act=each_minute(watch))


def forgetting() -> Ticker:
    """Forget what checks tell of people for longer than the policy allows."""
    return Ticker(name=retention.NAME, act=each_minute(retention.forget_due))


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


def device_figures() -> Ticker:
    """Make the ticker that tells how the devices are, beside the one that may have to wait for a lock."""
    return Ticker(name=FIGURES, act=show_devices, every_seconds=FIGURES_EVERY, waited_for=False)


async def show_devices(database: Database) -> None:
    """Put how devices last said they are into the gauges; business instants as the machine's clock would show them."""
    async with database.read() as conn:
        devices = await conn.fetch(figures.DEVICES)
        on_duty = await conn.fetch(figures.ON_DUTY)
        version = await rules.rules_version(conn, database.clock.today())
    RULES_VERSION.set(version or 0)
    for gauge in (
        *(metrics.DEVICE_SEEN, metrics.DEVICE_QUEUE, metrics.DEVICE_OLDEST_QUEUED),
        *(metrics.DEVICE_CLOCK_SKEW, metrics.LIST_UPDATED, metrics.ON_DUTY),
    ):
        gauge.clear()
    for row in devices:
        at = row["compound"], row["checkpoint"]
        metrics.DEVICE_SEEN.labels(*at).set(row["seen_at"].timestamp())
        metrics.DEVICE_QUEUE.labels(*at).set(row["queue_length"])
        metrics.DEVICE_CLOCK_SKEW.labels(*at).set(row["clock_skew_seconds"])
        metrics.DEVICE_OLDEST_QUEUED.labels(*at).set(_stamp(database, row["oldest_queued_at"]))
        metrics.LIST_UPDATED.labels(*at, "oldest").set(_stamp(database, row["list_made_at"]))
        metrics.ON_DUTY.labels(*at).set(0)
    for row in on_duty:
        metrics.ON_DUTY.labels(row["compound"], row["checkpoint"]).set(row["people"])


def _stamp(database: Database, instant: datetime | None) -> float:
    return database.clock.machine_time(instant).timestamp() if instant else 0
