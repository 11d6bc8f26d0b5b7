"""What falls due by business time: the look at the facts by which findings open and close, and reports (R7.2, R7.4)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from services.reporting import metrics
from services.reporting.handlers import daily_work, findings, retention
from services.reporting.handlers.exports import ExportRunner
from services.reporting.handlers.facts import SOURCES
from services.reporting.handlers.lateness import Lateness, Standing
from services.reporting.projections import all_projections
from services.reporting.store import as_of, daily_reports, facts
from services.reporting.store import findings as store
from shared.context import Context
from shared.db.pool import Database
from shared.leader import Ticker
from shared.obs.metrics import RULES_VERSION

FINDINGS = "reporting.findings"
EVERY = 1.0
"""Seconds between two looks."""
SETTLING = 10.0
"""Seconds after the service began to lead in which it hears how far everybody is, and judges nothing."""
STANDSTILL = timedelta(seconds=5)
"""A source that has not moved for so long waits for something else, and nobody for it (real time)."""
DAILY_REPORTS = daily_work.ACTOR
EXPORTS = "reporting.exports"
FIGURES = "reporting.figures"
FIGURES_EVERY = 5.0
"""Seconds between two counts for the gauges: as often as producers say how far they are."""
REPORTS_EVERY = 15.0
"""Seconds of real time between two looks for reports that are due, unless a minute of business time has gone by."""


def forgetting(context: Context) -> Ticker:
    """Forget notes whose time is over, once a business day: every row is looked at."""
    looked: date | None = None

    async def act(database: Database) -> None:
        nonlocal looked
        if looked != (today := database.clock.today()):
            await retention.forget_notes(database, vault=context.vault)
            looked = today

    return Ticker(name=retention.NAME, act=act, every_seconds=60.0, waited_for=False)


def finding() -> Ticker:
    """Look again and again, once it is known how far every producer is."""
    began: float | None = None

    async def act(database: Database) -> None:
        nonlocal began
        if began is None:
            began = database.clock.monotonic()
        if database.clock.monotonic() - began < SETTLING:
            return
        await look(database)

    return Ticker(name=FINDINGS, act=act, every_seconds=EVERY)


async def look(database: Database) -> None:
    """Bring the findings to what the facts say, and count them."""
    async with database.begin(actor=FINDINGS) as tx:
        await findings.look(tx, real_now=database.clock.real_now())
    async with database.read() as conn:
        counted = await conn.fetch(store.OPEN_BY_RULE)
    metrics.FINDINGS.clear()
    for row in counted:
        metrics.FINDINGS.labels(row["rule"]).set(row["findings"])


async def catching_up(database: Database) -> bool:
    """Is a source being read that is behind what its producer was heard to have said? Whoever waits waits for that."""
    real_now = database.clock.real_now()
    async with database.read() as conn:
        behind = await conn.fetch(facts.BEHIND, list(SOURCES))
    return any(real_now - row["moved_at"] < STANDSTILL for row in behind)


def reporting() -> Ticker:
    """Send what is due, and look again now and then: what comes in late becomes a correction.

    Not while the read models are catching up: a minute later the report is a better one.
    """
    looked = float("-inf")
    looked_at: datetime | None = None

    async def act(database: Database) -> None:
        nonlocal looked, looked_at
        monotonic, now = database.clock.monotonic(), database.clock.now()
        moved = looked_at is None or abs(now - looked_at) >= timedelta(minutes=1)
        if (monotonic - looked < REPORTS_EVERY and not moved) or await catching_up(database):
            return
        await daily_work.send_due(database)
        looked, looked_at = monotonic, now

    return Ticker(name=DAILY_REPORTS, act=act)


def exporting(context: Context) -> Ticker:
    """Make the exports that wait, and let go of those whose time is over."""

    async def act(database: Database) -> None:
        await ExportRunner(vault=context.vault, keep_hours=context.settings.export_hours).act(database)

    return Ticker(name=EXPORTS, act=act)


def counting() -> Ticker:
    """Tell how late the read models are and which reports are missing, beside the work that may be stuck."""
    names = {model.name: model.projection for model in all_projections()}
    lateness = Lateness()

    async def act(database: Database) -> None:
        await show_lateness(database, lateness, names)
        await show_reports(database)

    return Ticker(name=FIGURES, act=act, every_seconds=FIGURES_EVERY, waited_for=False)


async def show_lateness(database: Database, lateness: Lateness, names: Mapping[str, str]) -> None:
    """Put into the gauge how late each read model is; `names` tells what a consumer is called there."""
    async with database.read() as conn:
        rows = await conn.fetch(as_of.STANDINGS, list(names))
    heads = {(row["producer"], row["channel"]): (row["heard_epoch"], row["heard_pos"]) for row in rows}
    standings = [
        Standing(
            consumer=row["consumer"],
            source=(row["producer"], row["channel"]),
            at=(row["epoch"], row["last_pos"]),
        )
        for row in rows
    ]
    for consumer, seconds in lateness.look(database.clock.real_now(), heads, standings).items():
        metrics.PROJECTION_LAG.labels(names[consumer]).set(seconds)


async def show_reports(database: Database) -> None:
    """Put into the gauges when a report was sent last, and how many are missing."""
    clock = database.clock
    async with database.read() as conn:
        last = await conn.fetchrow(daily_reports.LAST_SENT)
        missing = await daily_work.days_missing(conn, now=clock.now())
        version = await daily_work.policy_version(conn, clock.today())
    RULES_VERSION.set(version or 0)
    recent = clock.today() - timedelta(days=1)
    metrics.REPORTS_OVERDUE.set(sum(day >= recent for day in missing))
    if last:
        metrics.REPORT_SENT.set(clock.machine_time(last["made_at"]).timestamp())
        metrics.UNITS_MISSING.set(last["units_missing"])
