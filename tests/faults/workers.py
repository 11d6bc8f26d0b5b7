"""Processes for the kill -9 tests: a writer, a relay and a reader, each on its own, told everything by argv[1]."""

import asyncio
import json
import random
import sys
from pathlib import Path
from uuid import UUID

from shared.bus.credentials import Credentials
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.pool import TRANSIENT, Database
from shared.kernel.clock import SystemClock
from tests.integration.bus.support import Seen, log_round


async def connected(url: str, service: str) -> Database:
    """The database, waited for: it may be down just now."""
    while True:
        try:
            return await Database.open(url, service=service, clock=SystemClock(), size=12)
        except TRANSIENT:
            await asyncio.sleep(0.1)


def link(plan: dict, user: str) -> Link:  # type: ignore[type-arg]
    made = Link(plan["nats_url"], name=user, credentials=Credentials(user=user, seed=plan["seeds"][user]))
    made.start()
    return made


async def writer(plan: dict) -> None:  # type: ignore[type-arg]
    """Eight writers; every acknowledged version is written to the ledger before the next command."""
    database = await connected(plan["producer_url"], "sanitation")
    sites = [UUID(site) for site in plan["sites"]]
    left = plan["events"]
    with Path(plan["ledger"]).open("a", encoding="utf-8") as ledger:

        async def one(seed: int) -> None:
            nonlocal left
            choose = random.Random(seed)
            while left > 0:
                left -= 1
                site = choose.choice(sites)
                try:
                    version = await log_round(database, site)
                except TRANSIENT:
                    left += 1  # not acknowledged: it may or may not have happened
                    await asyncio.sleep(0.1)
                    continue
                ledger.write(f"{site} {version}\n")
                ledger.flush()

        await asyncio.gather(*(one(seed) for seed in range(8)))
    await database.close()


async def relay(plan: dict) -> None:  # type: ignore[type-arg]
    database = await connected(plan["producer_url"], "sanitation")
    await Relay(database, link(plan, "sanitation"), channels=["rounds"]).run()


async def reader(plan: dict) -> None:  # type: ignore[type-arg]
    database = await connected(plan["consumer_url"], "reporting")
    await Runner(database, link(plan, "reporting"), [Seen()]).run()


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    asyncio.run({"writer": writer, "relay": relay, "reader": reader}[sys.argv[1]](task))
