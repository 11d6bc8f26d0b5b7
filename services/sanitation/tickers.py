"""What falls due by business time. Everything is found from state: a service that was down catches up day by day."""

from datetime import date

from services.sanitation import metrics
from services.sanitation.handlers import day_close, figures, orders, photos, pickup_days, retention, venues
from services.sanitation.store import copies
from services.sanitation.store import day_close as day_close_store
from shared.db.pool import Database
from shared.kernel.sealed import Vault
from shared.leader import Ticker
from shared.obs.metrics import RULES_VERSION

DAY_CLOSE = "sanitation.day_close"
FIGURES = "sanitation.figures"
PICKUPS = "sanitation.pickups"
PHOTOS = "sanitation.photos"
ORDERS = "sanitation.orders"
FIGURES_EVERY = 60.0
"""Seconds between two counts for the gauges."""
PHOTOS_EVERY = 60.0
"""Seconds between two looks for photos to drop."""
BATCH = 200
"""Pickups or stretches of quarantine a transaction."""


def closing() -> Ticker:
    """Close the days that are over, the oldest first."""

    async def act(database: Database) -> None:
        await close_days(database)

    return Ticker(name=DAY_CLOSE, act=act)


def counting() -> Ticker:
    """Keep today's denominators for the gauges."""
    return Ticker(name=FIGURES, act=show_figures, every_seconds=FIGURES_EVERY, waited_for=False)


def fetching() -> Ticker:
    """Plan pickups of waste, and find those that were missed."""
    return Ticker(name=PICKUPS, act=fetch_due)


def letting_go(vault: Vault) -> Ticker:
    """Drop photos whose time is over; looked for now and then."""
    looked = float("-inf")

    async def act(database: Database) -> None:
        nonlocal looked
        if database.clock.monotonic() - looked < PHOTOS_EVERY:
            return
        while True:
            async with database.begin(actor=PHOTOS) as tx:
                if not await photos.drop_spent(tx, limit=BATCH, vault=vault):
                    break
        looked = database.clock.monotonic()

    return Ticker(name=PHOTOS, act=act)


def forgetting() -> Ticker:
    """Forget notes whose time is over, once a business day: every row is looked at."""
    looked: date | None = None

    async def act(database: Database) -> None:
        nonlocal looked
        if looked != (today := database.clock.today()):
            await retention.forget_notes(database)
            looked = today

    return Ticker(name=retention.NAME, act=act, every_seconds=60.0, waited_for=False)


def supervising() -> Ticker:
    """Turn venues whose approval began or is over, and let orders that nobody mended go up."""
    return Ticker(name=ORDERS, act=supervise)


async def supervise(database: Database) -> None:
    """Do everything about venues and orders that is due now."""
    for step in (venues.turn_due, orders.escalate):
        while True:
            async with database.begin(actor=ORDERS) as tx:
                if not await step(tx, limit=BATCH):
                    break


async def close_days(database: Database, *, batch: int = day_close.BATCH) -> int:
    """Close everything that is due now; tells how many transactions it took."""
    done = 0
    while True:
        async with database.begin(actor=DAY_CLOSE) as tx:
            if not await day_close.close_next(tx, limit=batch):
                return done
        done += 1


async def fetch_due(database: Database) -> None:
    """Make every pickup that is to be there by now, find what was missed, forget rooms that nobody needs any more."""
    while True:
        async with database.begin(actor=PICKUPS) as tx:
            if not await pickup_days.plan_due(tx, limit=BATCH):
                break
    while True:
        async with database.begin(actor=PICKUPS) as tx:
            if not await pickup_days.find_missed(tx, limit=BATCH):
                await pickup_days.drop_spent_cards(tx)
                return


async def show_figures(database: Database) -> None:
    """Count today's rounds into the gauges; without a policy there is nothing to count."""
    now, today = database.clock.now(), database.clock.today()
    async with database.read() as conn:
        policy = await copies.policy_of(conn, today)
        RULES_VERSION.set(policy.version if policy else 0)
        if policy is None:
            return
        compounds = list(await day_close_store.closed_through(conn))
        found = await figures.figures(conn, compounds, first=today, last=today, now=now)
    metrics.ROUNDS_DUE.clear()
    for line in found:
        metrics.ROUNDS_DUE.labels(line.compound, line.kind).set(line.required)
