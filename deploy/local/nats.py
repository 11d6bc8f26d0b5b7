"""A private nats-server with JetStream as a child process."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.children import is_running, signal_quietly, spawn
from deploy.local.errors import LocalError
from deploy.local.files import write_private
from deploy.local.ports import any_free
from deploy.nats import configuration
from deploy.nats.generate import Files
from deploy.nats.users import ADMIN, ANYBODY
from shared.bus.credentials import Credentials

START_SECONDS = 30.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server's place in a cluster: its name there, the port on which others reach it, and theirs on this machine."""

    name: str
    port: int
    routes: tuple[int, ...]

    def settings(self) -> dict[str, Any]:
        """Its part of the configuration. Neither clients nor servers are told of further addresses."""
        return {
            "server_name": self.name,
            "cluster": {
                "name": "fangkong",
                "host": "127.0.0.1",
                "port": self.port,
                "no_advertise": True,
                "routes": [f"nats://127.0.0.1:{port}" for port in self.routes],
            },
        }


class NatsServer:
    """One server with one JetStream store in one folder.

    `home` holds the store, the configuration, the users' seeds (mode 0600) and the log. `port` 0 is any
    free one; the port, the monitoring port and the store stay the same for later starts of this object,
    so a restart looks to clients like an outage. Who may connect, and what each may do, is said in
    :mod:`deploy.nats.users`, as for a cluster; in a `trial` there is somebody who may do anything.

    Start from the main thread (see :func:`deploy.local.children.spawn`).
    """

    def __init__(
        self,
        home: Path,
        port: int = 0,
        *,
        monitor_port: int = 0,
        log: Path | None = None,
        trial: bool = False,
    ) -> None:
        self.home = Path(home).absolute()
        self.port = port or any_free()
        self.monitor_port = monitor_port or any_free()
        self.log = log or self.home / "nats.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.cluster: Cluster | None = None
        self.trial = trial
        self.files = Files(folder=self.home / "users")

    # ---- what clients need

    @property
    def url(self) -> str:
        """Address without credentials, as services get it."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Address of the monitoring endpoint (/varz, /jsz, /healthz)."""
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def admin(self) -> Credentials:
        """The streams' administrator."""
        return self.credentials(ADMIN)

    @property
    def anybody(self) -> Credentials:
        """Somebody who meddles; a server that was not made for a trial knows nobody like that."""
        return self.credentials(ANYBODY)

    def credentials(self, user: str) -> Credentials:
        """A user and its seed; generated once per folder."""
        return self.files.credentials(user)

    # ---- files

    def config(self) -> str:
        """The server's configuration file; JSON is a subset of its format, so paths need no own escaping."""
        public = self.files.public() | ({ANYBODY: self.anybody.public} if self.trial else {})
        settings = configuration.local(self.home, public, port=self.port, monitor_port=self.monitor_port)
        if self.cluster is not None:
            settings |= self.cluster.settings()
        return json.dumps(settings, indent=1)

    def prepare(self) -> None:
        """Write the configuration. Any thread.

        Raises:
            LocalError: folder not writable or disk full.
        """
        try:
            write_private(self.home / "nats.conf", self.config())
            self.log.parent.mkdir(parents=True, exist_ok=True)
            for old in self.home.glob("nats-server_*.ports"):
                old.unlink()
        except OSError as error:
            raise LocalError(
                f"不能写入 {self.home}：{error.strerror}。",
                f"{self.home} cannot be written: {error.strerror}.",
            ) from error

    # ---- running

    def spawn(self) -> None:
        """Start the server's process; main thread; returns at once. Ask :meth:`ready` afterwards."""
        with self.log.open("ab") as log:
            self.process = spawn(
                [find_server(), "-c", self.home / "nats.conf"],
                death_signal=signal.SIGTERM,
                cwd=self.home,
                log=log,
            )

    def ready(self) -> bool:
        """Whether the process that we started listens and has JetStream on. Blocks <= 1 s."""
        if self.process is None or self.process.poll() is not None:
            return False
        return (self.home / f"nats-server_{self.process.pid}.ports").exists() and self.healthy()

    def healthy(self) -> bool:
        """Whether the server says that JetStream is usable. Blocks <= 1 s."""
        try:
            with urllib.request.urlopen(  # nosec B310  # noqa: S310  # our own http address
                f"{self.monitor_url}/healthz?js-enabled-only=true", timeout=1
            ) as answer:
                said: dict[str, Any] = json.load(answer)
                return said.get("status") == "ok"
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def start(self, timeout: float = START_SECONDS) -> Self:
        """Start the server and wait until JetStream is usable.

        Raises:
            LocalError: with the reason that the server gave.
        """
        self.prepare()
        for _ in self._starting(timeout):
            time.sleep(0.01)
        return self

    async def start_async(self, timeout: float = START_SECONDS) -> Self:  # noqa: ASYNC109  # same meaning as start()
        """:meth:`start` for an event loop that runs in the main thread."""
        self.prepare()
        for _ in self._starting(timeout):
            await asyncio.sleep(0.01)
        return self

    def _starting(self, timeout: float) -> Iterator[None]:
        deadline = time.monotonic() + timeout
        yield from self._old_server_gone(deadline)
        size = self.log.stat().st_size if self.log.exists() else 0
        self.spawn()
        while not self.ready():
            if self.process is not None and self.process.poll() is not None:
                with self.log.open("rb") as log:
                    log.seek(size)
                    raise self._failure(log.read().decode(errors="replace"))
            if time.monotonic() > deadline:
                self.stop()
                raise LocalError(
                    f"nats-server {timeout:.0f} 秒内没有就绪，详见 {self.log}。",
                    f"nats-server was not ready within {timeout:.0f} s; see {self.log}.",
                )
            yield

    def _old_server_gone(self, deadline: float) -> Iterator[None]:
        """Wait for a server left by a killed supervisor: two on one store destroy it, no lock stops them."""
        asked = False
        while (pid := _number(self.home / "nats.pid")) and is_running(
            pid, mentions=str(self.home / "nats.conf")
        ):
            if not asked:
                signal_quietly(pid, signal.SIGTERM)
                asked = True
            if time.monotonic() > deadline:
                raise LocalError(
                    f"上一次的 nats-server 进程 {pid} 还没有退出。",
                    f"The previous nats-server {pid} does not end.",
                )
            yield

    def _failure(self, said: str) -> LocalError:
        if "address already in use" in said:
            return LocalError(
                f"总线端口 {self.port} 已被占用，请用 --nats-port 换一个。",
                f"Port {self.port} for NATS is taken; choose another with --nats-port.",
            )
        if "no space left" in said.lower():
            return LocalError(f"磁盘已满：{self.home}。", f"The disk is full: {self.home}.")
        fatal = [line for line in said.splitlines() if "[FTL]" in line or "nats-server:" in line]
        reason = (fatal or said.splitlines() or ["?"])[-1].split("[FTL]")[-1].strip()
        return LocalError(
            f"nats-server 启动失败（{reason}），详见 {self.log}。",
            f"nats-server did not start ({reason}); see {self.log}.",
        )

    def stop(self, timeout: float = STOP_SECONDS) -> int | None:
        """Orderly end. Returns the exit code, None when not started."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        return self.process.returncode

    def kill(self) -> None:
        """End the server as a crash would, for tests; :meth:`start` brings it back on the same ports."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_server() -> Path:
    """The nats-server program: ``FANGKONG_NATS_SERVER``, beside this Python (its wheel), or on PATH."""
    if given := os.environ.get("FANGKONG_NATS_SERVER"):
        return Path(given)
    beside = Path(sys.executable).with_name("nats-server")
    if beside.exists():
        return beside
    if on_path := shutil.which("nats-server"):
        return Path(on_path)
    raise LocalError(
        "找不到 nats-server，请重新安装 requirements.lock。",
        "nats-server was not found; install requirements.lock again.",
    )


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0
