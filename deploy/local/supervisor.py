"""Starts, watches and stops the stack: ``python -m deploy.local.supervisor HOME``.

PostgreSQL, then NATS, then databases and migrations, then everything else at once. A child that dies comes
back with growing pauses. SIGTERM stops the services, then NATS, then PostgreSQL. If this process is killed
outright, the kernel signals every child (see `leash.py`): PostgreSQL and NATS shut down by themselves, the
others end at once; nothing that was answered is lost, because an answer comes after the commit.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local import databases, programs, tls
from deploy.local.backups import Backups, archived
from deploy.local.children import born, spawn
from deploy.local.errors import LocalError
from deploy.local.files import write_json
from deploy.local.issuer import Issuer
from deploy.local.names import SERVICES
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.probe import status_of, trust
from deploy.local.programs import Program, Surroundings
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT, Home, Plan

LOOK_SECONDS = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
STEADY_SECONDS = 30.0
FIRST_READY_SECONDS = 120.0
DEATHS_BEFORE_FIRST_READY = 4
STOP_SECONDS = 30.0
PRUNE_SECONDS = 3600.0

Children = Callable[[Surroundings], Sequence[Program]]


class Board:
    """What the supervisor tells about itself, in a file that the command line reads."""

    def __init__(self, home: Home) -> None:
        self._file = home.run / "status.json"
        self._told: dict[str, Any] = {
            "phase": "starting",
            "started_at": datetime.now(UTC).isoformat(),
            "children": {},
        }

    def tell(self, **news: Any) -> None:
        """Add to what is known."""
        self._told |= news
        write_json(self._file, self._told)

    def child(self, name: str, **news: Any) -> None:
        """Add to what is known about a child."""
        children: dict[str, dict[str, Any]] = self._told["children"]
        children[name] = children.get(name, {"restarts": 0}) | news
        write_json(self._file, self._told)

    def restarted(self, name: str) -> None:
        """Count one more death of a child."""
        self.child(
            name, restarts=self._told["children"].get(name, {}).get("restarts", 0) + 1, state="waiting", pid=0
        )


def everything(around: Surroundings) -> list[Program]:
    """The issuer and the five services."""
    return [programs.issuer(around), *programs.services(around)]


class Supervisor:
    """One stack in one home."""

    def __init__(
        self, home: Home, plan: Plan, *, children: Children = everything, with_streams: bool = True
    ) -> None:
        self.home = home
        self.plan = plan
        self.children = children
        self.with_streams = with_streams
        self.board = Board(home)
        self.secrets = Secrets(folder=home.secrets)
        self.postgres = archived(home, plan.ports["postgres"])
        self.backups = Backups(postgres=self.postgres)
        self.nats = NatsServer(
            home.nats, plan.ports["nats"], monitor_port=plan.ports["nats-monitor"], log=home.logs / "nats.log"
        )
        self.stopping = asyncio.Event()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._began = time.monotonic()

    async def run(self) -> int:
        """Until SIGTERM, SIGINT or a failed start. Returns the exit code; the caller holds the lock."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        living = asyncio.create_task(self._live(), name="live")
        stop = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            await asyncio.wait({living, stop}, return_when=asyncio.FIRST_COMPLETED)
            failed = living.done()
            if not failed:
                self.board.tell(phase="stopping")
                living.cancel()
            # gather, because a cancelled or failed task must not keep us from stopping the others in order
            [outcome] = await asyncio.gather(living, return_exceptions=True)
        finally:
            stop.cancel()
            await self._stop_all()
        if not failed:
            self.board.tell(phase="stopped")
            return 0
        if isinstance(outcome, BaseException):
            traceback.print_exception(outcome)  # for the log; people get the sentence
        error = _first_reason(outcome)
        self.board.tell(phase="failed", zh=error.zh, en=error.en)
        return 1

    async def _live(self) -> None:
        around = await self._prepare()
        self.board.tell(step="postgres")
        await self._start("postgres", self.postgres)
        self.board.tell(step="nats")
        await self._start("nats", self.nats)
        for service in SERVICES:
            self.secrets.write_nats(self.nats.credentials(service))
        self.board.tell(step="databases")
        await databases.provision(self.postgres.superuser_url(), self.secrets)
        await databases.migrate_all(self.postgres.port, self.secrets)
        self.board.tell(step="services")
        family = self.children(around)
        self._ready = {program.name: asyncio.Event() for program in family}
        probe = trust(around.certificate.ca if around.certificate else None)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_server("postgres", self.postgres))
            group.create_task(self._keep_server("nats", self.nats))
            group.create_task(self._keep_backups())
            if self.with_streams:
                group.create_task(self._keep_streams())
            for program in family:
                group.create_task(self._keep(program, lambda url: status_of(url, probe)), name=program.name)
            for event in self._ready.values():
                await event.wait()
            self.home.remember(ports=dict(self.plan.ports))
            self.board.tell(phase="ready", seconds=round(time.monotonic() - self._began, 2))

    async def _prepare(self) -> Surroundings:
        """Everything that is files: keys, certificate, the issuer's accounts."""
        self.home.make()
        self.secrets.make()
        certificate, host = None, "127.0.0.1"
        if self.plan.lan:
            addresses = tls.lan_addresses()
            certificate = tls.ensure(self.home.tls, addresses)
            host = addresses[0] if addresses else "localhost"
        around = Surroundings(
            home=self.home, plan=self.plan, secrets=self.secrets, certificate=certificate, host=host
        )
        Issuer(self.home.issuer, self.home.secrets / "issuer-key.json", around.base_url("issuer")).make()
        clients = {f"fangkong-{service}": around.base_url(service) for service in SERVICES}
        write_json(self.home.issuer / "clients.json", clients)
        self.board.tell(
            phase="starting",
            pid=os.getpid(),
            lan=self.plan.lan,
            ca=str(certificate.ca) if certificate else None,
            ports=dict(self.plan.ports),
            urls={name: around.base_url(name) for name in (*SERVICES, "issuer")},
            postgres_home=str(self.postgres.home),
        )
        return around

    # ---- the two servers

    async def _start(self, name: str, server: Postgres | NatsServer) -> None:
        self.home.rotate_log(name)
        self.board.child(name, state="starting", port=self.plan.ports[name])
        await server.start_async()
        assert server.process is not None  # noqa: S101  # it has just become ready
        self.board.child(name, state="ready", **_identity(server.process.pid))

    async def _keep_server(self, name: str, server: Postgres | NatsServer) -> None:
        pause = _Pause()
        while True:
            while server.process is not None and server.process.poll() is None:  # noqa: ASYNC110  # processes raise no events
                await asyncio.sleep(LOOK_SECONDS)
            self.board.restarted(name)
            await asyncio.sleep(pause.next())
            try:
                await self._start(name, server)
            except LocalError as error:
                # A full disk or a server that is still leaving may pass; the log and the board say what it
                # is.
                self.board.child(name, state="failing", zh=error.zh, en=error.en)
            else:
                pause.began()

    async def _keep_backups(self) -> None:
        """Delete what is too old, whether or not anybody takes another."""
        while True:
            try:
                await asyncio.to_thread(self.backups.prune, datetime.now(UTC))
            except (LocalError, OSError) as error:
                print(
                    error, flush=True
                )  # for the log; the services have nothing to do with it, and it is tried again
            await asyncio.sleep(PRUNE_SECONDS)

    async def _keep_streams(self) -> None:
        from deploy.nats.streams import keep_streams  # noqa: PLC0415  # pulls in every event; the servers need none

        await keep_streams(self.nats.url, self.nats.admin)

    # ---- programs

    async def _keep(self, program: Program, probe: Callable[[str], Awaitable[int]]) -> None:
        pause, deaths = _Pause(), 0
        ready = self._ready[program.name]
        deadline = time.monotonic() + FIRST_READY_SECONDS
        while True:
            await self._not_held(program.name)
            pause.began()
            process = self._spawn(program)
            while process.poll() is None:
                if await probe(program.ready_url) == 200:
                    self.board.child(program.name, state="ready")
                    ready.set()
                    break
                if not ready.is_set() and time.monotonic() > deadline:
                    raise self._never_ready(program)
                await asyncio.sleep(LOOK_SECONDS / 2)
            while process.poll() is None:
                if self.home.held(program.name):
                    process.terminate()
                    await asyncio.to_thread(process.wait)
                    break
                await asyncio.sleep(LOOK_SECONDS)
            if self.home.held(program.name):
                continue
            deaths += 1
            self.board.restarted(program.name)
            if not ready.is_set() and deaths >= DEATHS_BEFORE_FIRST_READY:
                raise self._never_ready(program)
            await asyncio.sleep(pause.next())

    async def _not_held(self, name: str) -> None:
        """While somebody works on its database it stays down, by wish and not as a death."""
        if self.home.held(name):
            self.board.child(name, state="held", pid=0)
            while self.home.held(name):  # noqa: ASYNC110  # files raise no events
                await asyncio.sleep(LOOK_SECONDS)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with self.home.rotate_log(program.name).open("ab") as log:
            process = spawn(
                program.argv,
                death_signal=signal.SIGKILL,  # its database leaves as well: nothing to finish
                cwd=PROJECT,
                env=programs.clean_environment() | dict(program.env),
                log=log,
            )
        self._processes[program.name] = process
        self.board.child(program.name, state="starting", port=program.port, **_identity(process.pid))
        return process

    def _never_ready(self, program: Program) -> LocalError:
        log = self.home.logs / f"{program.name}.log"
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = lines[-1][:200] if lines else "?"
        return LocalError(
            f"{program.name} 没有就绪（{last}），详见 {log}。",
            f"{program.name} did not become ready ({last}); see {log}.",
        )

    # ---- the end

    async def _stop_all(self) -> None:
        """Services and issuer, then NATS, then PostgreSQL: each still has what it needs to finish."""
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if process.poll() is None:
                process.kill()
                process.wait()
        await asyncio.to_thread(self.nats.stop)
        await asyncio.to_thread(self.postgres.stop)


class _Pause:
    """Growing pauses between restarts; short again after a steady while."""

    def __init__(self) -> None:
        self._pause = FIRST_PAUSE
        self._since = time.monotonic()

    def began(self) -> None:
        self._since = time.monotonic()

    def next(self) -> float:
        if time.monotonic() - self._since > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        return pause


def _identity(pid: int) -> dict[str, int]:
    return {"pid": pid, "born": born(pid)}


def _first_reason(outcome: object) -> LocalError:
    """The sentence in an outcome, however deep a task group wrapped it."""
    while isinstance(outcome, BaseExceptionGroup):
        outcome = outcome.exceptions[0]
    if isinstance(outcome, LocalError):
        return outcome
    if "No space left on device" in str(outcome):
        return LocalError("磁盘已满。", f"The disk is full: {outcome}"[:300])
    said = f"{type(outcome).__name__}: {outcome}"[:300]
    return LocalError(
        f"启动失败（{said}），详见 logs/supervisor.log。",
        f"The start failed ({said}); see logs/supervisor.log.",
    )


def supervise(home: Home, plan: Plan, **options: Any) -> int:
    """Run a stack until it is told to stop; `options` as for :class:`Supervisor`.

    Raises:
        LocalError: another supervisor has this home. Other reasons for not starting are on the board.
    """
    with home.take_lock():
        try:
            return asyncio.run(Supervisor(home, plan, **options).run())
        except LocalError as error:
            Board(home).tell(phase="failed", pid=os.getpid(), zh=error.zh, en=error.en)
            return 1


def main() -> None:
    """Supervise the home named by the first argument as the plan named by the second says."""
    try:
        code = supervise(Home(Path(sys.argv[1])), Plan.read(Path(sys.argv[2])))
    except LocalError as error:
        sys.exit(str(error))
    sys.exit(code)


if __name__ == "__main__":
    main()
