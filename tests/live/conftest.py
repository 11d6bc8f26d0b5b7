"""A small town that has lived through two days, quietly through the first, once for all tests of a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.cli.faults import system_of
from deploy.cli.loading import load_town
from deploy.faults.campaign import Campaign, Outcome
from deploy.faults.town import FaultyTown
from deploy.live.checker.check import check
from deploy.live.checker.compare import Compared
from deploy.live.checker.doors import Doors
from deploy.live.days import BEGIN
from deploy.live.ledger import Ledger
from deploy.live.plan import FIRST_DAY, at, plan_of
from deploy.live.run import doors_of
from deploy.live.system import System
from deploy.local.state import Home
from shared.kernel.clock import write_control

SCALE, SEED, DAYS = 0.002, 1, 2


@dataclass(frozen=True, kw_only=True)
class Lived:
    """The system afterwards, what was done in it, and what broke meanwhile."""

    town: FaultyTown
    system: System
    ledger: Ledger
    doors: Doors
    outcome: Outcome

    async def checked(self) -> dict[tuple[str, str], Compared]:
        """What the checker says now, by where and what."""
        compared = await check(self.ledger, self.doors, self.outcome.meddled)
        return {(one.where, one.what): one for one in compared}


@asynccontextmanager
async def living(
    folder: Path, faults: list[str], *, first_hour: int, days: int = DAYS
) -> AsyncIterator[Lived]:
    """Live through the days, with faults from some hour on; every service ends in order afterwards."""
    home = Home(folder / "home")
    home.make()
    write_control(home.clock, at(FIRST_DAY, BEGIN), 0.0)
    town = FaultyTown(home)
    devices = folder / "devices"
    devices.mkdir()
    try:
        await town.start()
        # In a thread of its own: what is handed over comes over wires that this loop passes on.
        await asyncio.to_thread(load_town, home, town.status, scale=SCALE)
        system = system_of(town)
        try:
            outcome = await Campaign(
                town=town,
                system=system,
                plan=plan_of(seed=SEED, scale=SCALE, days=days),
                folder=devices,
                faults=faults,
                first_hour=first_hour,
                seed=SEED,
            ).run()
            yield Lived(
                town=town, system=system, ledger=outcome.ledger, doors=doors_of(system), outcome=outcome
            )
        finally:
            await system.close()
    finally:
        codes = await town.stop()
    assert set(codes.values()) == {0}, codes
