"""The whole system in our own hands: every process can be killed, frozen, redeployed; every wire can be cut."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.faults.cluster import BusCluster
from deploy.faults.versions import Version
from deploy.faults.wires import Proxy
from deploy.local import databases, ports, programs
from deploy.local.children import spawn
from deploy.local.errors import LocalError
from deploy.local.issuer import Issuer
from deploy.local.names import SERVICES
from deploy.local.postgres import Postgres
from deploy.local.programs import Program, Surroundings
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT, Home, Plan
from deploy.nats.streams import keep_streams
from shared.kernel.tasks import stop

READY_SECONDS = 180.0
DRAIN_SECONDS = 25.0
FORGET_LEADER = """
select pg_terminate_backend(pid) from pg_locks join pg_database d on d.oid = database
where locktype = 'advisory' and granted and objsubid = 1 and datname = current_database()
  and (classid::bigint << 32 | objid::bigint) = hashtextextended('fangkong.leader', 0)
"""


class FaultyTown:
    """PostgreSQL, three nats-servers and the five services, each behind a wire."""

    def __init__(self, home: Home) -> None:
        self.home, self.secrets = home, Secrets(folder=home.secrets)
        self.postgres = Postgres(home.postgres, log=home.logs / "postgres.log")
        self.bus = BusCluster(home.nats)
        self.issuer = Issuer(home.issuer, home.secrets / "issuer-key.json", "http://issuer.test")
        self.doors: dict[str, Proxy] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.versions = {name: Version(service=name, number=1, tree=PROJECT) for name in SERVICES}
        self._programs: dict[str, Program] = {}
        self._keeper: asyncio.Task[None] | None = None

    # ---- all of it

    async def start(self) -> None:
        """Everything, ready."""
        self.secrets.make()
        self.issuer.make()
        await self.postgres.start_async()
        await self.bus.start()
        for service in SERVICES:
            self.secrets.write_nats(self.bus.servers[0].credentials(service))
        await databases.provision(self.postgres.superuser_url(), self.secrets)
        await databases.migrate_all(self.postgres.port, self.secrets)
        self._keeper = asyncio.create_task(
            keep_streams(self.bus.urls, self.bus.servers[0].admin, every=0.5, replicas=3)
        )
        chosen = ports.choose(self.home.path, {}, {}, None) | {"postgres": self.postgres.port}
        around = Surroundings(
            home=self.home, plan=Plan(ports=chosen), secrets=self.secrets, certificate=None, host="127.0.0.1"
        )
        told = {"FANGKONG_NATS_URL": self.bus.urls, "FANGKONG_ISSUER": self.issuer.url}
        for program in programs.services(around):
            self._programs[program.name] = Program(
                name=program.name,
                argv=program.argv,
                port=program.port,
                ready_url=program.ready_url,
                env=dict(program.env) | told,
            )
            self.doors[program.name] = await Proxy(program.port).start()
            self.launch(program.name)
        for service in SERVICES:
            await self.ready(service)

    async def stop(self) -> dict[str, int]:
        """Everything, in order; how each service ended."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        codes = {name: await asyncio.to_thread(one.wait, 60) for name, one in self.processes.items()}
        if self._keeper:
            await stop(self._keeper)
        for door in self.doors.values():
            await door.stop()
        await self.bus.stop()
        await asyncio.to_thread(self.postgres.stop)
        return codes

    @property
    def status(self) -> Mapping[str, Any]:
        """As a supervisor would tell it: what loading a town needs."""
        return {"urls": self.urls, "ports": {"postgres": self.postgres.port}, "ca": None}

    @property
    def urls(self) -> dict[str, str]:
        """Where people find the services: over the wires."""
        issuer = {"issuer": self.issuer.url}
        return {name: f"http://127.0.0.1:{door.port}" for name, door in self.doors.items()} | issuer

    @property
    def databases(self) -> dict[str, str]:
        """Where the databases are."""
        return dict(databases.app_urls(self.postgres.port, self.secrets))

    # ---- one service

    def launch(
        self, service: str, *, beside: int | None = None, version: Version | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a service's process; `beside`: another one of it, on that port; `version`: not the one that runs."""
        program = self._programs[service]
        env = dict(program.env) | ({"FANGKONG_HTTP_PORT": str(beside)} if beside else {})
        with (self.home.logs / f"{service}.log").open("ab") as log:
            process = spawn(
                (sys.executable, "-m", f"services.{service}"),
                death_signal=signal.SIGKILL,
                cwd=(version or self.versions[service]).tree,
                env=programs.clean_environment() | env,
                log=log,
            )
        if beside is None:
            self.processes[service] = process
        return process

    async def ready(self, service: str, port: int | None = None) -> None:
        """Wait until it says so.

        Raises:
            LocalError: it does not.
        """
        url = f"http://127.0.0.1:{port or self._programs[service].port}/readyz"
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=2) as http:
                while self.processes[service].poll() is None:
                    with suppress(httpx.HTTPError):
                        if (await http.get(url)).status_code == 200:
                            return
                    await asyncio.sleep(0.1)
        raise LocalError(f"服务 {service} 没有就绪。", f"{service} did not become ready.")

    async def kill(self, service: str) -> None:
        """Kill -9, and start it again."""
        self.processes[service].kill()
        await asyncio.to_thread(self.processes[service].wait)
        self.launch(service)
        await self.ready(service)

    async def deploy(self, service: str) -> None:
        """SIGTERM; it must end by itself in time and without a fault, and the next one takes over.

        Raises:
            LocalError: it did not.
        """
        await self._drained(service)
        self.launch(service)
        await self.ready(service)

    async def upgrade(self, service: str, seconds: float) -> int:
        """The next version beside the one that runs, for a while; then it alone. Tells which one that is.

        The schema is widened before the newer one starts, and narrowed when the older one has ended.

        Raises:
            LocalError: the older one did not end in order.
            MigrationError: the schema is not what either version needs.
        """
        before, program = self.versions[service], self._programs[service]
        into = self.home.path / "versions" / f"{service}-{before.number + 1}"
        newer = await asyncio.to_thread(before.next, into)
        owner = databases.url(self.postgres.port, f"{service}_owner", service, self.secrets)
        await newer.migrate(owner, "pre")
        port = ports.any_free()
        beside = self.launch(service, beside=port, version=newer)
        try:
            await self.ready(service, port)
            await asyncio.sleep(seconds)
            self.doors[service].lead_to(port)
            await asyncio.sleep(seconds)
            await self._drained(service)
        except BaseException:
            beside.kill()
            raise
        self.processes[service], self.versions[service] = beside, newer
        self._programs[service] = replace(
            program,
            port=port,
            ready_url=program.ready_url.replace(f":{program.port}/", f":{port}/"),
            env=dict(program.env) | {"FANGKONG_HTTP_PORT": str(port)},
        )
        await newer.migrate(owner, "post")
        return newer.number

    async def _drained(self, service: str) -> None:
        self.processes[service].terminate()
        try:
            code = await asyncio.to_thread(self.processes[service].wait, DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        if code != 0:
            raise LocalError(
                f"{service} 收到 SIGTERM 后以 {code} 结束。", f"{service} ended with {code} when told to."
            )

    async def frozen(self, service: str, seconds: float) -> None:
        """Stopped for a while, as a machine that swaps or a hypervisor that pauses."""
        pid = self.processes[service].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def beside(self, service: str, seconds: float) -> None:
        """Two of them for a while: the one is being deployed and the other still runs."""
        port = ports.any_free()
        second = self.launch(service, beside=port)
        try:
            await self.ready(service, port)
            await asyncio.sleep(seconds)
        finally:
            second.terminate()
            await asyncio.to_thread(second.wait, DRAIN_SECONDS)

    async def stalled(self, service: str, seconds: float) -> None:
        """Whoever leads is paused until its database has given its place to another one; then it goes on where it was.

        For a while two relays believe that they are the one. People are sent to the other process meanwhile.

        Raises:
            LocalError: the other one did not end in order.
        """
        port = ports.any_free()
        second = self.launch(service, beside=port)
        door, first = self.doors[service], self.processes[service].pid
        try:
            await self.ready(service, port)
            os.kill(first, signal.SIGSTOP)
            try:
                door.lead_to(port)
                await self._forget_leader(service)
                await asyncio.sleep(seconds)
            finally:
                os.kill(first, signal.SIGCONT)
            await asyncio.sleep(seconds)
        finally:
            door.lead_to(self._programs[service].port)
            second.terminate()
            code = await asyncio.to_thread(second.wait, DRAIN_SECONDS)
        if code != 0:
            raise LocalError(f"第二个 {service} 以 {code} 结束。", f"A second {service} ended with {code}.")

    async def _forget_leader(self, service: str) -> None:
        """The database takes the session that holds the leader's lock for lost."""
        connection = await asyncpg.connect(self.databases[service], timeout=10)
        try:
            await connection.execute(FORGET_LEADER)
        finally:
            await connection.close()

    # ---- what everybody needs

    async def kill_postgres(self) -> None:
        """All its processes at once, as when the machine loses power; crash recovery follows."""
        await asyncio.to_thread(self.postgres.kill)
        await self.postgres.start_async()

    async def kill_bus(self, *nodes: int, pause: float = 0.0) -> None:
        """Servers of the bus, at once; they come back after a pause."""
        for node in nodes:
            self.bus.servers[node].kill()
        await asyncio.sleep(pause)
        await self._start_bus(*nodes)

    async def lose_power(self, *, behind: float = 0.0) -> None:
        """The bus loses power and comes back with its disks as they were at one instant.

        Args:
            behind: seconds for which it went on after that instant: its disks had only said that they kept all.
        """
        copies = self.home.path / "bus-copies"
        then = signal.SIGCONT if behind else signal.SIGKILL
        await asyncio.to_thread(self.bus.copy_stores, copies, then)
        await asyncio.sleep(behind)
        for server in self.bus.servers:
            server.kill()
        await asyncio.to_thread(self.bus.put_back, copies)
        await self._start_bus(*range(len(self.bus.servers)))

    async def _start_bus(self, *nodes: int) -> None:
        for node in nodes:
            self.bus.spawn(node)
        for node in nodes:
            await self.bus.ready(node)


def disk_of(folder: Path, megabytes: int) -> bool:
    """Give a folder a small disk of its own; False where we may not (only root may)."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return False
    options = f"size={megabytes}m,mode=0777"
    mounted = subprocess.run(  # nosec B607 -- root's own tools, on root's own path
        ["mount", "-t", "tmpfs", "-o", options, "fangkong-faults", str(folder)],
        check=False,
        capture_output=True,
    )
    return mounted.returncode == 0


def take_away(folder: Path) -> None:
    """The small disk again."""
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)  # nosec B607 -- as above
