"""Every kind of fault: how it is made, and that it is healed again. F1 to F14 as in reliability."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import asyncpg

from deploy.faults.cluster import NODES
from deploy.faults.meddling import READ, Meddler, poison
from deploy.faults.town import FaultyTown
from deploy.faults.wires import Wire
from deploy.live.world import World
from deploy.local.errors import LocalError
from deploy.local.names import SERVICES

ALL_NODES = tuple(range(NODES))
BALLAST = "ballast"
FILLED_BY = 1_000_000
HALF_OPEN_SECONDS = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault may touch."""

    town: FaultyTown
    world: World
    meddler: Meddler
    luck: Random
    disks: tuple[Path, ...] = ()
    """Small disks that may be filled: the bus's and the database's; none where nobody may make one."""


Fault = Callable[[Scene], Awaitable[str]]
"""Makes it, waits, heals it; tells what was hit."""


async def _kill(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    await scene.town.kill(service)
    return service


async def _postgres(scene: Scene) -> str:
    await scene.town.kill_postgres()
    return "postgres"


async def _bus_down(scene: Scene) -> str:
    await scene.town.kill_bus(*ALL_NODES, pause=scene.luck.uniform(1, 4))
    return "all servers"


async def _power(scene: Scene) -> str:
    """What was acknowledged is on the disks."""
    await scene.town.lose_power()
    return "all servers"


async def _disks_behind(scene: Scene) -> str:
    """The control: what was acknowledged was not on the disks, and comes from the outboxes all the same."""
    before = await _numbered(scene, "published_pos")
    seconds = scene.luck.uniform(1, 3)
    await scene.town.lose_power(behind=seconds)
    after = await _numbered(scene, "max_pos")
    behind = {place for place, pos in after.items() if pos > before.get(place, (0, 0))}
    scene.meddler.meddled.wiped |= behind
    return f"{seconds:.1f} s of {len(behind)} streams"


async def _numbered(scene: Scene, column: str) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for service, url in scene.town.databases.items():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for row in await connection.fetch("select * from outbox_channel"):
                found[service, row["channel"]] = (row["epoch"], row[column])
        finally:
            await connection.close()
    return found


async def _leader(scene: Scene) -> str:
    node = await scene.town.bus.leader()
    await scene.town.kill_bus(node, pause=scene.luck.uniform(0, 3))
    return f"server {node}"


async def _partition(scene: Scene) -> str:
    node = await scene.town.bus.leader()
    scene.town.bus.cut_off(node)
    try:
        await asyncio.sleep(scene.luck.uniform(3, 6))
    finally:
        scene.town.bus.join(node)
    return f"server {node}"


async def _frozen(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    await scene.town.frozen(service, scene.luck.uniform(2, 5))
    return service


async def _half_open(scene: Scene) -> str:
    """Longer than a client believes in a server that says nothing."""
    return await _doors(scene, Wire.SILENT, HALF_OPEN_SECONDS)


async def _doors(scene: Scene, wire: Wire, seconds: float) -> str:
    doors = scene.town.bus.doors
    for door in doors:
        door.set(wire)
    try:
        await asyncio.sleep(seconds)
    finally:
        for door in doors:
            door.set(Wire.CUT)  # what was silent is never trusted again
            door.set(Wire.OPEN)
    return "bus"


async def _answers_lost(scene: Scene) -> str:
    return await _service_wire(scene, Wire.ONE_WAY)


async def _wire_cut(scene: Scene) -> str:
    return await _service_wire(scene, Wire.CUT)


async def _service_wire(scene: Scene, wire: Wire) -> str:
    service = scene.luck.choice(SERVICES)
    scene.town.doors[service].set(wire)
    try:
        await asyncio.sleep(scene.luck.uniform(0.3, 1.5))
    finally:
        scene.town.doors[service].set(Wire.OPEN)
    return service


async def _wipe(scene: Scene) -> str:
    stream = scene.luck.choice(READ)
    await scene.meddler.wipe(stream)
    return stream


async def _remove(scene: Scene) -> str:
    stream = scene.luck.choice(READ)
    await scene.meddler.remove(stream)
    return stream


async def _forget(scene: Scene) -> str:
    stream = scene.luck.choice(READ)
    await scene.meddler.forget_reader(stream)
    return stream


async def _double(scene: Scene) -> str:
    await scene.meddler.double(scene.luck, 20)
    return "old messages"


async def _poison(scene: Scene) -> str:
    await poison(scene.town.databases["gate"], scene.meddler.meddled)
    return "gate checks"


async def _offline(scene: Scene) -> str:
    posts = [post for post in scene.world.posts.values() if not post.line.cut]
    for post in posts:
        post.line.cut = True
    try:
        await asyncio.sleep(scene.luck.uniform(1, 3))
    finally:
        for post in posts:
            post.line.cut = False
    return f"{len(posts)} devices"


async def _clocks(scene: Scene) -> str:
    """Ahead and behind, by an hour, by a day, and back to where clocks begin."""
    since_1970 = scene.world.now() - datetime(1970, 1, 1, tzinfo=UTC)
    wrongs = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1), -since_1970)
    posts = [post for post in scene.world.posts.values() if not post.line.cut]
    for nth, post in enumerate(posts):
        post.clock.wrong = wrongs[nth % len(wrongs)]
    try:
        await asyncio.sleep(scene.luck.uniform(1, 3))
    finally:
        for post in posts:
            post.clock.wrong = timedelta(0)
    return f"{len(posts)} devices"


async def _deploy(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    await scene.town.deploy(service)
    return service


async def _upgrade(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    number = await scene.town.upgrade(service, scene.luck.uniform(1, 3))
    return f"{service} to version {number}"


async def _beside(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    await scene.town.beside(service, scene.luck.uniform(1, 3))
    return service


async def _stalled(scene: Scene) -> str:
    service = scene.luck.choice(SERVICES)
    await scene.town.stalled(service, scene.luck.uniform(1, 3))
    return service


async def _bus_disk(scene: Scene) -> str:
    await _filled(scene.disks[0], scene.luck.uniform(2, 4))
    for node in ALL_NODES:  # a server that met a full disk gives its store up until it is started again
        await scene.town.kill_bus(node)
    return "bus"


async def _database_disk(scene: Scene) -> str:
    await _filled(scene.disks[1], scene.luck.uniform(2, 4))
    await scene.town.kill_postgres()
    return "database"


async def _filled(disk: Path, seconds: float) -> None:
    ballast = disk / BALLAST

    def fill() -> None:
        block = b"\0" * FILLED_BY
        try:
            with ballast.open("wb", buffering=0) as file:
                while file.write(block):
                    pass
        except OSError:
            return

    try:
        await asyncio.to_thread(fill)
        await asyncio.sleep(seconds)
    finally:
        ballast.unlink(missing_ok=True)


KINDS: dict[str, tuple[str, Fault]] = {
    "service killed": ("F2 F3", _kill),
    "PostgreSQL killed": ("F5", _postgres),
    "bus down": ("F1 F7", _bus_down),
    "leader killed": ("F1", _leader),
    "power lost": ("F1", _power),
    "disks behind": ("F1", _disks_behind),
    "partition": ("F9", _partition),
    "service frozen": ("F9", _frozen),
    "bus half-open": ("F9", _half_open),
    "answers lost": ("F6", _answers_lost),
    "wire cut": ("F6", _wire_cut),
    "stream wiped": ("F4", _wipe),
    "stream removed": ("F4", _remove),
    "reader forgotten": ("F4", _forget),
    "doubled, reordered": ("F12", _double),
    "poison": ("F10", _poison),
    "devices offline": ("F8", _offline),
    "clocks wrong": ("F13", _clocks),
    "deploy under load": ("F14", _deploy),
    "upgrade under load": ("F14", _upgrade),
    "two side by side": ("F14", _beside),
    "leader stalled": ("F14", _stalled),
    "bus disk full": ("F11", _bus_disk),
    "database disk full": ("F11", _database_disk),
}
NEED_DISKS = frozenset({"bus disk full", "database disk full"})


def kinds(*, disks: bool) -> list[str]:
    """What can be made here."""
    return [name for name in KINDS if disks or name not in NEED_DISKS]


async def make(name: str, scene: Scene) -> str:
    """Make a fault and heal it; tells what was hit.

    Raises:
        LocalError: it could not be healed: that is a finding.
    """
    try:
        return await KINDS[name][1](scene)
    except TimeoutError:
        raise LocalError(f"“{name}”之后没有恢复。", f"Nothing came back after “{name}”.") from None
