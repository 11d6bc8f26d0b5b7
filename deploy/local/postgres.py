"""A private PostgreSQL as a child process: as root or not, without Docker, without touching the system."""

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import pgbin, ports
from deploy.local.children import Account, family, is_running, leashed, server_account, signal_quietly, spawn
from deploy.local.errors import LocalError

START_SECONDS = 60.0
STOP_SECONDS = 30.0
FALLBACKS = (Path("/var/lib"), Path("/var/tmp"))  # nosec B108  # noqa: S108  # ours is 0700 and named for the project


class Postgres:
    """One cluster in one folder.

    `home` holds the data folder, the superuser's password and the server's log. As root the server runs as
    ``postgres`` or ``nobody``; when that account cannot reach `home` (a project below /root, a pytest
    folder), the files are put into ``/var/lib/fangkong-<hash of home>`` instead and `self.home` says so.
    TCP on 127.0.0.1 only, with SCRAM: a unix socket's path may have 107 bytes at most, and a project may
    live deeper than that.

    `port` 0 picks a free one and keeps it for all starts of this object. `fsync` False
    is for tests, which never lose power. `settings` are the server's, beside and above ours.

    Start from the main thread (see :func:`deploy.local.children.spawn`).
    """

    def __init__(
        self,
        home: Path,
        port: int = 0,
        fsync: bool = True,  # noqa: FBT001, FBT002  # reads well as Postgres(home, fsync=False)
        *,
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.account: Account | None = server_account()
        self.home = reachable_home(Path(home).absolute(), self.account)
        self.port = port or ports.any_free()
        self.fsync = fsync
        self.log = log or self.home / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._bin: Path | None = None
        self._own_settings = dict(settings or {})

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.home / "data"

    @property
    def bin(self) -> Path:
        """The folder with the programs that the server's account can run (`pg_dump`, `psql`, …)."""
        if self._bin is None:
            self._bin = pgbin.reachable(pgbin.find(), self.account, self.home)
        return self._bin

    # ---- making the cluster

    def prepare(self) -> None:
        """Make the cluster if there is none. Blocking (about a second the first time); any thread.

        Raises:
            LocalError: folder not writable, disk full, data of another major version.
        """
        try:
            self._make_home()
            if not (self.data / "PG_VERSION").exists():
                self._initdb()
        except OSError as error:
            raise LocalError(
                f"不能在 {self.home} 建立数据库：{error.strerror}。",
                f"The database cannot be made in {self.home}: {error.strerror}.",
            ) from error
        have, want = int((self.data / "PG_VERSION").read_text()), pgbin.major(self.bin)
        if have != want:
            raise LocalError(
                f"{self.data} 是 PostgreSQL {have} 的数据，而现有程序是 {want}。",
                f"{self.data} was made by PostgreSQL {have}, but the programs are version {want}.",
            )

    def _make_home(self) -> None:
        for parent in reversed([folder for folder in self.home.parents if not folder.exists()]):
            parent.mkdir()
            parent.chmod(0o711)  # enterable whatever the umask: the server's account passes through
        self.home.mkdir(exist_ok=True)
        if self.account:
            os.chown(self.home, self.account.uid, self.account.gid)
        self.home.chmod(0o700)
        password = self.home / "superuser.pw"
        if not password.exists():
            fresh = self.home / "superuser.pw.new"
            fresh.write_text(secrets.token_urlsafe(24) + "\n")
            fresh.chmod(0o600)
            if self.account:
                os.chown(fresh, self.account.uid, self.account.gid)
            fresh.rename(password)

    def _initdb(self) -> None:
        # Beside the final name and renamed: an initdb that was killed leaves a folder that looks like a
        # cluster.
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if pgbin.major(self.bin) >= 17:
            # The builtin provider sorts the same on every machine; LC_CTYPE stays UTF-8 so that Chinese is
            # letters.
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # A death signal here as well: a killed supervisor must not leave an initdb that writes beside the
        # next one.
        made = subprocess.run(
            leashed(
                [
                    self.bin / "initdb",
                    f"--pgdata={fresh}",
                    "--username=postgres",
                    "--encoding=UTF8",
                    *locale,
                    "--auth=scram-sha-256",
                    f"--pwfile={self.home / 'superuser.pw'}",
                    "--data-checksums",
                    "--no-instructions",
                    *([] if self.fsync else ["--no-sync"]),
                ],
                death_signal=signal.SIGKILL,
                account=self.account,
            ),
            env=self._env(),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            self._append(made.stdout + made.stderr)
            raise self._failure(made.stdout + made.stderr)
        fresh.rename(self.data)

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return kept | {"HOME": str(self.home), "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def _append(self, text: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(text)

    # ---- running

    def _settings(self) -> dict[str, str]:
        durable = "on" if self.fsync else "off"
        return {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "fsync": durable,
            "full_page_writes": durable,
            "synchronous_commit": "on",
            "wal_level": "replica",
            "max_wal_size": "2GB",  # the import of a town writes about that much; fewer checkpoints meanwhile
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] %u@%d ",
            # A failing row, a key that is there already, the values of a slow statement: all may be somebody's.
            "log_error_verbosity": "terse",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            **self._own_settings,
        }

    def spawn(self) -> None:
        """Start the server's process; main thread; returns at once. Ask :meth:`ready` afterwards."""
        argv = [str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in self._settings().items():
            argv += ["-c", f"{name}={value}"]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # SIGINT is PostgreSQL's fast shutdown: on our death it ends sessions and writes its checkpoint.
            self.process = spawn(
                argv,
                death_signal=signal.SIGINT,
                cwd=self.home,
                env=self._env(),
                log=log,
                account=self.account,
            )

    def ready(self) -> bool:
        """Whether the process that we started says it accepts connections."""
        if self.process is None or self.process.poll() is not None:
            return False
        with suppress(OSError, IndexError, ValueError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == self.process.pid and lines[7].strip() == "ready"
        return False

    def start(self, timeout: float = START_SECONDS) -> Self:
        """Make the cluster if needed, start the server and wait until it accepts connections.

        Raises:
            LocalError: with the reason that the server gave.
        """
        self.prepare()
        for _ in self._starting(timeout):
            time.sleep(0.01)
        return self

    async def start_async(self, timeout: float = START_SECONDS) -> Self:  # noqa: ASYNC109  # same meaning as start()
        """:meth:`start` for an event loop that runs in the main thread."""
        await asyncio.to_thread(self.prepare)
        for _ in self._starting(timeout):
            await asyncio.sleep(0.01)
        return self

    def _starting(self, timeout: float) -> Iterator[None]:
        """Steps until ready, with a short pause after each; tries again when an obstacle passes by itself."""
        deadline = time.monotonic() + timeout
        yield from self._old_server_gone(deadline)
        size = self.log.stat().st_size if self.log.exists() else 0
        self.spawn()
        while not self.ready():
            if time.monotonic() > deadline:
                self.stop()
                raise LocalError(
                    f"数据库 {timeout:.0f} 秒内没有就绪，详见 {self.log}。",
                    f"PostgreSQL was not ready within {timeout:.0f} s; see {self.log}.",
                )
            if self.process is not None and self.process.poll() is not None:
                said = self._said_since(size)
                if not ("shared memory block" in said or "lock file" in said):
                    raise self._failure(said)
                # Workers of a killed server are still leaving.
                for _ in range(10):
                    yield
                size = self.log.stat().st_size
                self.spawn()
            yield

    def _old_server_gone(self, deadline: float) -> Iterator[None]:
        """Wait for a server that a killed supervisor left behind: it is shutting down already."""
        pidfile = self.data / "postmaster.pid"
        asked = False
        while (pid := _first_number(pidfile)) and is_running(pid, mentions=str(self.data)):
            if not asked:
                signal_quietly(pid, signal.SIGINT)
                asked = True
            if time.monotonic() > deadline:
                raise LocalError(
                    f"上一次的数据库进程 {pid} 还没有退出。",
                    f"The previous PostgreSQL process {pid} does not end.",
                )
            yield
        if pid:
            # The number may belong to another process of the same account by now, and the server would
            # refuse to start.
            pidfile.unlink(missing_ok=True)

    def _said_since(self, size: int) -> str:
        with self.log.open("rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace")

    def _failure(self, said: str) -> LocalError:
        if "could not bind" in said:
            return LocalError(
                f"数据库端口 {self.port} 已被占用，请用 --postgres-port 换一个。",
                f"Port {self.port} for PostgreSQL is taken; choose another with --postgres-port.",
            )
        if "No space left" in said:
            return LocalError(f"磁盘已满：{self.home}。", f"The disk is full: {self.home}.")
        fatal = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
        reason = fatal[-1].split(":", 1)[-1].strip() if fatal else said.strip()[-200:]
        return LocalError(
            f"数据库启动失败（{reason}），详见 {self.log}。",
            f"PostgreSQL did not start ({reason}); see {self.log}.",
        )

    def stop(self, timeout: float = STOP_SECONDS) -> int | None:
        """Fast shutdown: sessions end, everything is written. Returns the exit code, None when not started.

        SIGTERM would wait for the clients to leave by themselves.
        """
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        return self.process.returncode

    def kill(self) -> None:
        """End the server as a crash would, for tests; :meth:`start` brings it back on the same port."""
        if self.process is not None:
            # Its workers too, as when the machine fails: alone they would answer for a moment longer.
            for pid in family(self.process.pid):
                signal_quietly(pid, signal.SIGKILL)
            self.process.wait()

    def remove(self) -> None:
        """Stop the server and delete the cluster with everything in it."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def beside(self, folder: Path, settings: Mapping[str, str]) -> "Postgres":
        """A second server on a cluster in a folder that the account may enter, with the same programs and password."""
        other = Postgres(folder, fsync=False, settings=settings)
        other._bin = self.bin
        return other

    def program(self, name: str, *arguments: str | Path) -> None:
        """Run one of the programs as the server's account and as the superuser, until it ends.

        Raises:
            LocalError: it failed, with what it said last.
        """
        argv: Sequence[str | Path] = [self.bin / name, *arguments]
        password = (self.home / "superuser.pw").read_text().strip()
        env = self._env() | {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGPASSWORD": password,
        }
        done = subprocess.run(
            leashed(argv, death_signal=signal.SIGTERM, account=self.account),
            env=env,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            last = said[-1] if said else str(done.returncode)
            raise LocalError(f"{name} 失败：{last}", f"{name} failed: {last}")

    def superuser_url(self, database: str = "postgres") -> str:
        """Connection address of the superuser. It holds the password: never log it, never pass it on."""
        password = (self.home / "superuser.pw").read_text().strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def existing(path: Path) -> Path:
    """`path` or the nearest folder above it that exists."""
    while not path.exists():
        path = path.parent
    return path


def reachable_home(home: Path, account: Account | None) -> Path:
    """`home`, or the folder used instead of it when the server's account cannot enter `home`."""
    if account is None:
        return home
    standing = existing(home)
    # What we make below an enterable folder is given to the account; only what stands already can be in the
    # way.
    if pgbin.can(account, standing if standing != home else standing.parent, "-x"):
        return home
    name = f"fangkong-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    for base in FALLBACKS:
        if os.access(base, os.W_OK) and pgbin.can(account, base, "-x"):
            return base / name
    raise LocalError(
        f"数据库用户 {account.name} 进不了 {home}，请用 --home 指定别处。",
        f"The database's user {account.name} cannot reach {home}; choose another folder with --home.",
    )


def _first_number(path: Path) -> int:
    try:
        return int(path.read_text().splitlines()[0])
    except (OSError, IndexError, ValueError):
        return 0
