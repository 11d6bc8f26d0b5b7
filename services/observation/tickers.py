"""What falls due by business time: windows that close, periods that end. Everything is found from state.

Each case says when something may next fall due for it. The ticker takes the earliest such instant over all cases,
settles the cases of that instant in batches, each batch one transaction, and goes on until nothing is due: so a
service that was down for days catches up window by window, and a kill between batches costs nothing.
"""

from collections import Counter
from datetime import datetime, timedelta

from services.observation import metrics
from services.observation.domain.calendar import ONE_DAY, WINDOWS, Calendar, WindowSpan
from services.observation.handlers import (
    bulk,
    contacts,
    erasure,
    escalating,
    intakes,
    messages,
    observing,
    questionnaires,
    risks,
)
from services.observation.handlers import doors as door_handlers
from services.observation.handlers import patterns as pattern_handlers
from services.observation.handlers.webhook import Outlets
from services.observation.store import cases, copies, figures
from shared.db.pool import Conn, Database
from shared.kernel.days import end_of, local_day
from shared.kernel.sealed import Vault
from shared.leader import Ticker
from shared.obs.metrics import RULES_VERSION

NAME = "observation.windows"
LADDER = "observation.ladder"
FIGURES = "observation.figures"
BATCH = 500
"""Cases a transaction: large enough to be fast, small enough not to hold up a declaration."""
FIGURES_EVERY = 5.0
"""Seconds between two counts for the gauges."""
OVERDUE_AFTER = timedelta(minutes=1)
"""What is due for less is merely being worked on."""
COMPARED_DAYS = 3
"""How many days before tell how many have usually declared by now."""


def windows() -> Ticker:
    """Make the ticker of this process."""
    return Ticker(name=NAME, act=_closing)


def counting() -> Ticker:
    """Make the ticker that counts for the gauges: were it the one that closes windows, nobody would hear of its end."""
    return Ticker(name=FIGURES, act=show_figures, every_seconds=FIGURES_EVERY, waited_for=False)


def ladder(vault: Vault, outlets: Outlets) -> Ticker:
    """Make the ticker that escalates what stayed missed, beside the one that closes windows."""

    async def act(database: Database) -> None:
        await escalate_due(database, vault, outlets)

    return Ticker(name=LADDER, act=act)


async def escalate_due(database: Database, vault: Vault, outlets: Outlets) -> None:
    """Fire every step that is due now, in order."""
    while True:
        async with database.begin(actor=LADDER) as tx:
            if not await escalating.fire_due(tx, limit=BATCH, vault=vault, outlets=outlets):
                return


def outgoing_messages(vault: Vault, outlets: Outlets) -> Ticker:
    """Send messages. It does not wait for a receiver that is away: what is left goes out at a later turn."""

    async def act(database: Database) -> None:
        while await messages.deliver_due(database, vault, outlets) == messages.BATCH:
            pass

    return Ticker(name=messages.NAME, act=act)


def doors() -> Ticker:
    """Find devices at doors that fell silent."""

    async def act(database: Database) -> None:
        await door_handlers.find_silent(database, real_now=database.clock.real_now())

    return Ticker(name=door_handlers.NAME, act=act)


def patterns(vault: Vault) -> Ticker:
    """Look for declarations that look made up, beside everything that is urgent."""

    async def act(database: Database) -> None:
        await pattern_handlers.derive_due(database, vault)

    return Ticker(name=pattern_handlers.NAME, act=act)


def retention() -> Ticker:
    """Erase what is kept long enough; whoever waits for all that is due waits for this as well."""
    return Ticker(name=erasure.NAME, act=_erasing)


def bulk_actions(vault: Vault, outlets: Outlets) -> Ticker:
    """Carry out bulk actions, item by item."""

    async def act(database: Database) -> None:
        await bulk.run_due(database, vault, outlets)

    return Ticker(name=bulk.NAME, act=act)


def questionnaire_lists(vault: Vault) -> Ticker:
    """Work off questionnaire platforms' lists; first index the cards by which their lines find people."""

    async def act(database: Database) -> None:
        await contacts.index_kept(database, vault)
        await questionnaires.run_due(database, vault)

    return Ticker(name=questionnaires.NAME, act=act)


async def _erasing(database: Database) -> None:
    await erasure.erase_due(database)


async def _closing(database: Database) -> None:
    await close_due(database)


async def close_due(database: Database, *, batch: int = BATCH) -> int:
    """Act on everything that is due now, in order; tells how many cases were settled."""
    await _open_waiting(database, batch)
    calendar: Calendar | None = None
    settled = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            step = await cases.next_step(tx, tx.now)
            if step is None:
                break
            calendar = calendar or await copies.calendar(tx)
            if calendar is None:  # the database's own constraint: no case without a policy
                raise RuntimeError("a case without any policy version")
            due = await cases.lock_due(tx, step, batch)
            await observing.settle(tx, due, calendar, until=step)
            settled += len(due)
    while True:
        async with database.begin(actor=NAME) as tx:
            if not await risks.hold_against_list(tx):
                break
    now = database.clock.real_now().timestamp()
    for job in metrics.JOBS:
        metrics.LAST_SUCCESS.labels(job).set(now)
    return settled


async def _open_waiting(database: Database, batch: int) -> None:
    while True:
        async with database.begin(actor=NAME) as tx:
            if not await intakes.open_waiting(tx, limit=batch):
                return


async def show_figures(database: Database) -> None:
    """Count people, declarations and overdue steps into the gauges."""
    clock = database.clock
    async with database.read() as conn:
        people = await cases.people(conn)
        late = await cases.overdue(conn, clock.now() - OVERDUE_AFTER)
        calendar = await copies.calendar(conn)
        streaks, sent = await figures.streaks(conn), await figures.messages(conn)
        due = await _due_today(conn, calendar, clock.now())
        declared = await _declared_today(conn, calendar, clock.now())
    RULES_VERSION.set(calendar.on(clock.today()).version if calendar else 0)
    overdue = Counter(dict.fromkeys(metrics.OVERDUE_WINDOWS, 0))
    for step, count in late:
        ends = step == end_of(local_day(step) - timedelta(days=1))
        overdue["release" if ends or calendar is None else calendar.span_at(step).window] += count
    metrics.PEOPLE.clear()
    for compound, kind, state, count in people:
        metrics.PEOPLE.labels(compound, kind, state).set(count)
    for window, count in overdue.items():
        metrics.OVERDUE.labels(window).set(count)
    for gauge, rows in ((metrics.DUE, due), (metrics.MISSED, streaks), (metrics.MESSAGES, sent)):
        gauge.clear()
        for first, second, count in rows:
            gauge.labels(first, second).set(count)
    for span, received, usual in declared:
        metrics.DECLARED.labels(span.window).set(received)
        metrics.USUAL.labels(span.window).set(usual)
        metrics.CLOSES.labels(span.window).set(clock.machine_time(span.closes).timestamp())


async def _due_today(conn: Conn, calendar: Calendar | None, now: datetime) -> list[tuple[str, str, int]]:
    if calendar is None:
        return []
    today = local_day(now)
    return [
        (compound, window, count)
        for window in WINDOWS
        for compound, count in await figures.due(conn, today, calendar.span(today, window).opens)
    ]


async def _declared_today(
    conn: Conn, calendar: Calendar | None, now: datetime
) -> list[tuple[WindowSpan, int, float]]:
    if calendar is None:
        return []
    today = local_day(now)
    days = [today - before * ONE_DAY for before in range(COMPARED_DAYS + 1)]
    found: list[tuple[WindowSpan, int, float]] = []
    for window in WINDOWS:
        span = calendar.span(today, window)
        opens = [(day, calendar.span(day, window).opens) for day in days]
        received, usual = await figures.declared(conn, window, opens, into=now - span.opens)
        found.append((span, received, usual))
    return found
