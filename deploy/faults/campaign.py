"""A campaign: the town lives on while one fault after the other is made, healed and measured."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random

import asyncpg

from deploy.faults.kinds import KINDS, Scene, kinds, make
from deploy.faults.meddling import Meddler
from deploy.faults.town import FaultyTown
from deploy.live.checker.bus import Meddled
from deploy.live.days import Hour, hours, prepare, settle, take
from deploy.live.ledger import Ledger
from deploy.live.plan import Plan
from deploy.live.system import System
from deploy.live.world import World
from deploy.local.errors import LocalError
from shared.bus.lag import HEADS, POSITIONS
from shared.db.pool import TRANSIENT

HEALED_WITHIN = 60.0
GIVES_UP_AFTER = 180.0
Heads = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A fault that was made: what, where, how long it lasted, and when headquarters were right again."""

    nth: int
    kind: str
    number: str
    hit: str
    at: str
    lasted: float
    equal_after: float


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a campaign leaves: the ledger, the faults, and what was done to the stream."""

    ledger: Ledger
    made: list[Made] = field(default_factory=list)
    meddled: Meddled = field(default_factory=Meddled)
    letters: dict[str, int] = field(default_factory=dict)


def drawn(number: int, seed: int, *, disks: bool) -> list[str]:
    """Which faults, in which order: each kind as often as the others."""
    luck, known = Random(f"{seed}/faults"), kinds(disks=disks)  # noqa: S311  # repeatable, no secret
    chosen: list[str] = []
    while len(chosen) < number:
        chosen += luck.sample(known, len(known))
    return chosen[:number]


@dataclass(kw_only=True)
class Campaign:
    """One run."""

    town: FaultyTown
    system: System
    plan: Plan
    folder: Path
    faults: list[str]
    seed: int
    disks: tuple[Path, ...] = ()
    first_hour: int = 0
    """Until this hour of the timetable nothing breaks."""
    told: Callable[[str], None] = lambda _: None

    async def run(self) -> Outcome:
        """Live through the plan's days while the faults are made, as many in each hour."""
        world = World(system=self.system, plan=self.plan, ledger=Ledger(), folder=self.folder)
        outcome = Outcome(ledger=world.ledger)
        scene = Scene(
            town=self.town,
            world=world,
            meddler=Meddler(self.town.bus.urls, self.town.bus.servers[0].anybody, outcome.meddled),
            luck=Random(f"{self.seed}/scene"),  # noqa: S311  # repeatable, no secret
            disks=self.disks,
        )
        try:
            await prepare(world)
            whole = hours(self.plan)
            for hour, share in zip(whole, self._shares(len(whole)), strict=True):
                await self._hour(world, hour, share, scene, outcome)
            await settle(world)
        finally:
            await world.close()
        outcome.letters = await self._letters(outcome.meddled)
        return outcome

    def _shares(self, number: int) -> list[list[str]]:
        """The faults of each hour, about as many in every one."""
        left, faults = number - self.first_hour, self.faults
        cuts = [len(faults) * nth // left for nth in range(left + 1)]
        return [[] for _ in range(self.first_hour)] + [faults[a:b] for a, b in pairwise(cuts)]

    async def _hour(self, world: World, hour: Hour, share: list[str], scene: Scene, outcome: Outcome) -> None:
        living = asyncio.create_task(take(world, hour))
        try:
            for kind in share:
                await asyncio.sleep(scene.luck.uniform(0, 0.7))
                outcome.made.append(
                    await self._one(kind, scene, len(outcome.made) + 1, f"{hour[0]} {hour[1]}")
                )
                self.told(kind)
            await living
        finally:
            living.cancel()

    async def _one(self, kind: str, scene: Scene, nth: int, at: str) -> Made:
        loop = asyncio.get_running_loop()
        began = loop.time()
        hit = await make(kind, scene)
        healed = loop.time()
        await self._caught_up()
        return Made(
            nth=nth,
            kind=kind,
            number=KINDS[kind][0],
            hit=hit,
            at=at,
            lasted=healed - began,
            equal_after=loop.time() - healed,
        )

    async def _caught_up(self) -> None:
        """Until everybody has applied what had been committed when the fault was healed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + GIVES_UP_AFTER
        goal: Heads | None = None
        while loop.time() < end:
            try:
                if goal is None:
                    goal = await _heads(self.town.databases)
                if await _behind(self.town.databases, goal) == 0:
                    return
            except TRANSIENT:
                pass  # it is just coming back
            await asyncio.sleep(0.1)
        raise LocalError("有消费者一直没有跟上。", "A reader did not catch up after a fault.")

    async def _letters(self, meddled: Meddled) -> dict[str, int]:
        """Dead letters by event: each poisoned one once for each reader, and no other."""
        found: dict[str, int] = dict.fromkeys(meddled.poisoned, 0)
        for url in self.town.databases.values():
            connection = await asyncpg.connect(url, timeout=10)
            try:
                for row in await connection.fetch("select consumer, partition_key from dead_letter"):
                    key = str(row["partition_key"])
                    found[key] = found.get(key, 0) + 1
            finally:
                await connection.close()
        return found


async def _heads(databases: Mapping[str, str]) -> Heads:
    found: Heads = {}
    for service, url in databases.items():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for row in await connection.fetch(HEADS):
                found[service, row["channel"]] = (row["epoch"], row["pos"])
        finally:
            await connection.close()
    return found


async def _behind(databases: Mapping[str, str], goal: Heads) -> int:
    behind = 0
    for url in databases.values():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for row in await connection.fetch(POSITIONS):
                wanted = goal.get((row["producer"], row["channel"]), (1, 0))
                behind += (row["epoch"], row["last_pos"]) < wanted
        finally:
            await connection.close()
    return behind
