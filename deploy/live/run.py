"""One run over a system that is up and has its town loaded."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from deploy.live.checker.doors import Doors
from deploy.live.days import hours, prepare, settle, take
from deploy.live.ledger import Ledger
from deploy.live.plan import Plan
from deploy.live.system import System
from deploy.live.world import World

Told = Callable[[date, str], None]


async def run(system: System, plan: Plan, folder: Path, told: Told) -> Ledger:
    """Prepare the town and live through its days; returns what was done and answered.

    Args:
        system: up, with the town of the plan's scale loaded, at a business time before the first morning.
        plan: who takes part.
        folder: where devices keep their stores.
        told: called after each step.
    """
    world = World(system=system, plan=plan, ledger=Ledger(), folder=folder)
    try:
        await prepare(world)
        for hour in hours(plan):
            await take(world, hour)
            told(hour[0], hour[1])
        await settle(world)
    finally:
        await world.close()
    return world.ledger


def doors_of(system: System) -> Doors:
    """Where the checker looks."""
    return Doors(
        databases=system.databases,
        nats_url=system.nats_url,
        nats_user=system.nats_as.user,
        nats_seed=system.nats_as.seed,
        headquarters=system.urls["reporting"],
        headers=system.as_role("hq_officer"),
    )
