"""A small town in all five services with a Prometheus that watches it, and the troubles that alerts are for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from stdnum.cn.ric import calc_check_digit

from deploy.live.posts import Post
from deploy.local.prometheus import PrometheusServer
from deploy.watch.pace import Pace
from services.gate.client.wire import NoAnswerError
from shared.bus.dead_letters import SETTLE
from shared.kernel.clock import write_control
from shared.kernel.days import at_local, local_day
from shared.kernel.tasks import stop
from shared.testing.waiting import eventually
from tests.acceptance.gatehouse import HERE, THERE, Gatehouse, Resident
from tests.acceptance.stack import Stack
from tests.acceptance.watched import Watch

QUICK = Pace(
    scrape_seconds=1,
    evaluate_seconds=1,
    waits=3_600,
    windows=10_000,
    shortest_window=8,
    ages=20,
    crowds=50,
)


@dataclass(kw_only=True)
class Scene:
    """What runs, who lives there, and who watches."""

    stack: Stack
    superuser_url: str
    house: Gatehouse
    watch: Watch
    prometheus: PrometheusServer
    folder: Path
    residents: list[Resident] = field(default_factory=list)
    awake: list[Post] = field(default_factory=list)
    """Devices that say how they are every second."""
    beating: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Compounds with people, somebody under observation, and a device that has told its first verdicts."""
        await self.house.begin()
        await self.watch.begin()
        await self.watch.back(local_day(self.stack.now()) - timedelta(days=1))
        self.residents = [await self.house.resident() for _ in range(3)]
        post = await self.post()
        unknown = {"kind": "pass_number", "number": "99999999"}
        for subject in (self.residents[0].scanned, self.residents[0].typed, unknown):
            await post.passes(subject)
        await self.revoke(self.residents[1])
        self.beating = asyncio.create_task(self._beat())

    async def post(self, wrong: timedelta = timedelta(0)) -> Post:
        """Another device at the first compound's gate; its clock may be wrong."""
        made = await self.house.post(self.folder, wrong)
        self.awake.append(made)
        return made

    async def revoke(self, who: Resident) -> None:
        """The registry revokes a pass."""
        await self.stack.call(
            "POST",
            "registry",
            f"/v1/passes/{who.pass_id}/revoke",
            headers=self.stack.as_role("community_clerk"),
            json={"reason": "lost"},
        )

    def set_clock(self, to: datetime) -> None:
        """Step business time without waiting for anybody: somebody may be unable to follow."""
        write_control(self.stack.clock_file, to, 0.0)

    async def end(self) -> None:
        """Switch the devices off."""
        if self.beating:
            await stop(self.beating)
        for post in self.awake:
            await post.close()

    async def fire(self, *names: str, within: float = 90) -> None:
        """Wait until alerts fire."""
        await self._until(lambda firing: set(names) <= firing, f"{names} fire", within)

    async def clear(self, *names: str, within: float = 90) -> None:
        """Wait until none of some alerts fires any more."""
        await self._until(lambda firing: not set(names) & firing, f"{names} are over", within)

    async def _until(self, well: Callable[[set[str]], bool], what: str, within: float) -> None:
        last: set[str] = set()

        async def look() -> bool:
            nonlocal last
            last = {name for name, _ in await asyncio.to_thread(self.prometheus.firing)}
            return well(last)

        try:
            await eventually(look, within=within, every=0.3, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; firing: {sorted(last)}") from error

    async def _beat(self) -> None:
        while True:
            for post in list(self.awake):
                with suppress(NoAnswerError):
                    await post.device.heartbeat()
            await asyncio.sleep(1)

    @asynccontextmanager
    async def again_and_again(self, act: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
        """Do something all the time, meanwhile."""

        async def work() -> None:
            while True:
                await act()
                await asyncio.sleep(0.2)

        task = asyncio.create_task(work())
        try:
            yield
        finally:
            if task.done():
                await task
            await stop(task)


@asynccontextmanager
async def locked(scene: Scene, service: str, statement: str) -> AsyncIterator[None]:
    """A session that was forgotten holds a lock."""
    connection = await scene.stack.connect(service)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def device_in_trouble(scene: Scene) -> AsyncIterator[None]:
    """A device with a wrong clock and an old list, connected, that keeps what it decided by itself."""
    post = await scene.post(wrong=timedelta(minutes=5))
    post.line.cut = True
    assert (await post.passes(scene.residents[0].scanned)).offline
    post.line.cut = False
    await scene.stack.move_to(scene.stack.now() + timedelta(minutes=30))
    try:
        yield
    finally:
        post.clock.wrong = timedelta(0)
        for one in scene.awake:
            await one.device.refresh()
        await post.device.sync()


@asynccontextmanager
async def poison(scene: Scene) -> AsyncIterator[None]:
    """A service tells something that nobody can understand."""
    gate = await scene.stack.connect("gate")
    try:
        await gate.execute(
            """
            insert into outbox (channel, subject, document)
            select channel, subject, jsonb_set(document::jsonb, '{data}', '{}')::text
            from outbox where subject like '%.EntryChecked.%' order by id limit 1
            """
        )
    finally:
        await gate.close()
    try:
        yield
    finally:
        for service in ("registry", "gate", "observation", "reporting"):
            connection = await scene.stack.connect(service)
            try:
                for row in await connection.fetch("select id from dead_letter where state = 'waiting'"):
                    await connection.execute(SETTLE, row["id"], "discarded", "planted")
            finally:
                await connection.close()


@asynccontextmanager
async def led_by_nobody(scene: Scene, service: str = "sanitation") -> AsyncIterator[None]:
    """A session that is none of the service's processes holds the leader's lock."""
    root = await asyncpg.connect(scene.superuser_url)
    connection = await scene.stack.connect(service)
    name = await connection.fetchval("select current_database()")
    lock = "hashtextextended('fangkong.leader', 0)"
    try:
        waiting = asyncio.create_task(connection.execute(f"select pg_advisory_lock({lock})"))

        async def taken() -> bool:
            holders = await root.fetch(
                "select pid from pg_locks join pg_database d on d.oid = database "
                "where locktype = 'advisory' and granted and datname = $1 and pid <> $2",
                name,
                connection.get_server_pid(),
            )
            for row in holders:
                await root.execute("select pg_terminate_backend($1)", row["pid"])
            return waiting.done()

        await eventually(taken, what="the lock is somebody else's")
        await waiting
        yield
    finally:
        await connection.close()
        await root.close()


@asynccontextmanager
async def bus_down(scene: Scene) -> AsyncIterator[None]:
    """The bus dies; the gate goes on deciding."""
    scene.stack.nats.kill()
    await scene.awake[0].passes(scene.residents[0].scanned)
    try:
        yield
    finally:
        await scene.stack.nats.start_async()


@asynccontextmanager
async def killed(scene: Scene, service: str) -> AsyncIterator[None]:
    """A service's process dies and nobody starts it."""
    scene.stack.kill(service)
    try:
        yield
    finally:
        scene.stack.launch(service)
        await scene.stack.ready(service)


@asynccontextmanager
async def table_missing(scene: Scene) -> AsyncIterator[None]:
    """A migration went wrong at the gate, and an operator goes on asking for what it took away."""
    connection = await scene.stack.connect("gate")
    headers = scene.stack.as_role("ops")

    async def ask() -> None:
        await scene.stack.http.get(f"{scene.stack.base('gate')}/v1/devices", headers=headers)

    try:
        await connection.execute("alter table quarantined_item rename to quarantined_item_old")
        async with scene.again_and_again(ask):
            yield
    finally:
        await connection.execute("alter table quarantined_item_old rename to quarantined_item")
        await connection.close()


@asynccontextmanager
async def slow_devices(scene: Scene) -> AsyncIterator[None]:
    """People stand three seconds before every verdict."""
    post = scene.awake[0]
    post.clock.slow = 3

    async def pass_by() -> None:
        await post.passes(scene.residents[0].scanned)

    try:
        async with scene.again_and_again(pass_by):
            yield
    finally:
        post.clock.slow = 0


@asynccontextmanager
async def silent_gate(scene: Scene) -> AsyncIterator[None]:
    """Somebody is on duty at a gate whose device has stopped talking."""
    stack = scene.stack
    _, badge = await scene.house.guard("WT-1", f"{THERE}-n", local_day(stack.now()))
    device = await scene.house.device(THERE)
    beat = {"device_time": stack.now().isoformat(), "app_version": "1", "queue_length": 0}
    beat["list_made_at"] = stack.now().isoformat()
    await stack.call("POST", "gate", "/v1/devices/me/heartbeat", headers=device, json=beat)
    turn = {"turn_id": str(uuid4()), "badge": badge, "checked_at": stack.now().isoformat()}
    await stack.call("POST", "gate", "/v1/duty/check-ins", headers=device, json=turn)
    try:
        yield
    finally:
        beat |= {"device_time": stack.now().isoformat(), "list_made_at": stack.now().isoformat()}
        await stack.call("POST", "gate", "/v1/devices/me/heartbeat", headers=device, json=beat)
        turn["checked_at"] = stack.now().isoformat()
        await stack.call("POST", "gate", "/v1/duty/check-outs", headers=device, json=turn)


@asynccontextmanager
async def late_read_model(scene: Scene) -> AsyncIterator[None]:
    """A lock keeps headquarters from hearing of a new device."""
    async with locked(scene, "reporting", "lock table gate_device in share row exclusive mode"):
        await scene.post()
        yield


@asynccontextmanager
async def late_revocation(scene: Scene) -> AsyncIterator[None]:
    """A lock keeps the gate from hearing of a revocation."""
    async with locked(scene, "gate", "lock table entry_pass in share row exclusive mode"):
        await scene.revoke(scene.residents[2])
        # Whoever waits longer than `lock_timeout` begins anew, and only business time tells how long it was in all.
        scene.set_clock(scene.stack.now() + timedelta(minutes=1))
        yield


async def browsed(scene: Scene) -> None:
    """A clerk opens everybody of a dormitory, one after the other: one more than the policy finds usual."""
    stack, clerk = scene.stack, scene.stack.as_role("community_clerk")
    home = {"dwelling_id": scene.residents[0].dwelling, "relation": "tenant"}
    for nth in range(51):
        body = f"99010219900308{nth:03d}"
        number = body + str(calc_check_digit(f"{body}0"))
        person = await stack.call(
            "POST",
            "registry",
            "/v1/people",
            headers=clerk,
            json={
                "change_id": str(uuid4()),
                "name": "东方乙",
                "documents": [{"kind": "resident_id", "number": number}],
                "homes": [home],
            },
        )
        await stack.call("GET", "registry", f"/v1/people/{person['person_ref']}", headers=clerk)
    scene.set_clock(stack.now() + timedelta(minutes=1))


@asynccontextmanager
async def report_held_back(scene: Scene) -> AsyncIterator[None]:
    """A unit miscorrects a figure, so that the day's report contradicts itself and is not sent at its hour."""
    stack, day = scene.stack, local_day(scene.stack.now())

    async def say(in_force: int, reason: str) -> None:
        await stack.call(
            "POST",
            "reporting",
            f"/v1/daily-reports/{day}/units/{HERE}/correct",
            headers=stack.as_role("community_clerk", "neighbourhood:gt"),
            json={
                "act_id": str(uuid4()),
                "changes": {"home_quarantine.now": in_force},
                "reason": reason,
            },
        )

    await stack.move_to(at_local(day, time(16, 1)))
    await say(1, "纸质登记漏录一户")
    await stack.move_to(at_local(day, time(17)))
    try:
        yield
    finally:
        await say(0, "上次更正有误")
        await stack.move_to(at_local(day, time(17, 1)))
