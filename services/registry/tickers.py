"""What is counted again and again for the gauges."""

from services.registry import metrics
from services.registry.store import figures, policy
from shared.db.pool import Database
from shared.leader import Ticker
from shared.obs.metrics import RULES_VERSION

FIGURES = "registry.figures"
EVERY = 60.0
"""Seconds between two counts: a survey round goes on for days."""


def counting() -> Ticker:
    """Make the ticker that counts."""
    return Ticker(name=FIGURES, act=show_figures, every_seconds=EVERY, waited_for=False)


async def show_figures(database: Database) -> None:
    """Count the dwellings of the open rounds into the gauges, and tell which policy is in force."""
    async with database.read() as conn:
        rows = await conn.fetch(figures.OPEN_SURVEYS)
        in_force = await policy.policy_at(conn, database.clock.today())
    RULES_VERSION.set(in_force.version if in_force else 0)
    metrics.SURVEY_HOUSEHOLDS.clear()
    for row in rows:
        metrics.SURVEY_HOUSEHOLDS.labels(row["compound_id"], row["state"]).set(row["dwellings"])
