"""What a home remembers and who runs in it."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploy.local.children import born
from deploy.local.errors import LocalError
from deploy.local.files import read_json, write_json

PROJECT = Path(__file__).resolve().parents[2]
KEEP_LOG_BYTES = 10_000_000
NEEDED_MB = 200  # empty databases, their write-ahead log, logs; a disk this full fails soon in worse ways


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds everything of one local stack: environment, secrets, data, logs."""

    path: Path

    @classmethod
    def default(cls) -> "Home":
        """The home that ``./fangkong`` passes on, else ``.fangkong`` in the project."""
        return cls(Path(os.environ.get("FANGKONG_HOME") or PROJECT / ".fangkong").absolute())

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What matters only while a supervisor runs."""
        return self.path / "run"

    @property
    def secrets(self) -> Path:
        """Generated passwords and keys; readable by the owner only."""
        return self.path / "secrets"

    @property
    def postgres(self) -> Path:
        """Wanted place of the database; see `Postgres.home` for the real one."""
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        """Store and configuration of the bus."""
        return self.path / "nats"

    @property
    def issuer(self) -> Path:
        """Accounts and public keys of the development issuer."""
        return self.path / "issuer"

    @property
    def tls(self) -> Path:
        """The private CA of ``up --lan``."""
        return self.path / "tls"

    @property
    def town(self) -> Path:
        """The generated register files of the town."""
        return self.path / "town"

    @property
    def clock(self) -> Path:
        """The control file of business time."""
        return self.path / "clock.json"

    def make(self) -> None:
        """Create the folders.

        Raises:
            LocalError: not writable or disk full, in one sentence.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in (self.logs, self.run, self.issuer):
                folder.mkdir(exist_ok=True)
            self.secrets.mkdir(mode=0o700, exist_ok=True)
            probe = self.run / f"probe.{os.getpid()}"
            probe.write_bytes(b"\0" * 65536)
            probe.unlink()
            free = shutil.disk_usage(self.path).free // 1_000_000
            if free < NEEDED_MB:
                raise LocalError(
                    f"磁盘空间不足：{self.path} 只剩 {free} MB，至少需要 {NEEDED_MB} MB。",
                    f"The disk is full: {self.path} has {free} MB left, at least {NEEDED_MB} MB are needed.",
                )
        except OSError as error:
            raise unusable(self.path, error) from error

    # ---- remembered

    def state(self) -> dict[str, Any]:
        """What is remembered between starts: ports, and how far the town is loaded."""
        return read_json(self.path / "state.json")

    def remember(self, **changes: Any) -> None:
        """Change what is remembered."""
        write_json(self.path / "state.json", self.state() | changes)

    # ---- running

    def take_lock(self, *, wait: float = 3.0) -> IO[str]:
        """Become the one supervisor of this home, for as long as the returned file stays open.

        The kernel frees the lock when the process dies, however it dies; a stored pid would lie after a
        crash.

        Raises:
            LocalError: another supervisor runs.
        """
        self.run.mkdir(parents=True, exist_ok=True)
        file = (self.run / "supervisor.lock").open("a+", encoding="utf-8")
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:  # longer than any look of `running`
                    file.close()
                    raise LocalError(
                        f"{self.path} 里已有一个系统在运行。", f"A stack is running in {self.path} already."
                    ) from None
                time.sleep(0.05)
            else:
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
                return file

    def running(self) -> int | None:
        """Pid of this home's supervisor, None when none runs."""
        try:
            with (self.run / "supervisor.lock").open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except BlockingIOError:
            with suppress(OSError, ValueError):
                return int((self.run / "supervisor.lock").read_text())
            return 0
        return None

    def hold(self, name: str) -> None:
        """Ask the supervisor to stop a service and to keep it down."""
        write_json(self.run / f"hold.{name}", {"pid": os.getpid(), "born": born(os.getpid())})

    def held(self, name: str) -> bool:
        """Whether somebody wants it down. Who dies without letting go does not hold."""
        holder = read_json(self.run / f"hold.{name}")
        return bool(holder) and born(holder["pid"]) == holder["born"]

    def let_go(self, name: str) -> None:
        """It may run again."""
        (self.run / f"hold.{name}").unlink(missing_ok=True)

    def status(self) -> dict[str, Any]:
        """What the supervisor last told about itself; only true while :meth:`running`."""
        return read_json(self.run / "status.json")

    def rotate_log(self, name: str) -> Path:
        """The log of a process; a long one is put aside first (one old one is kept)."""
        log = self.logs / f"{name}.log"
        with suppress(FileNotFoundError):
            if log.stat().st_size > KEEP_LOG_BYTES:
                log.replace(self.logs / f"{name}.log.1")
        return log

    def erase(self) -> list[Path]:
        """Delete everything but the environment; returns what was deleted."""
        removed = []
        for entry in sorted(self.path.iterdir()):
            if entry.name in {"venv", "install.lock"}:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
            removed.append(entry)
        return removed


def unusable(path: Path, error: OSError) -> LocalError:
    """One sentence for a folder that cannot be used."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return LocalError(f"磁盘已满，无法写入 {path}。", f"The disk is full: {path} cannot be written.")
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return LocalError(
                f"不能写入 {path}，请用 --home 指定可写的文件夹。",
                f"{path} cannot be written; choose a writable folder with --home.",
            )
        case _:
            return LocalError(
                f"无法使用 {path}：{error.strerror}。", f"{path} cannot be used: {error.strerror}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one start was asked to run: written by the command line, read by the supervisor."""

    ports: Mapping[str, int]
    lan: bool = False

    def write(self, home: Home) -> Path:
        """Leave it for the supervisor; two command lines at once do not read each other's."""
        path = home.run / f"plan.{os.getpid()}.json"
        write_json(path, {"ports": dict(self.ports), "lan": self.lan})
        return path

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Take it up, once."""
        raw = read_json(path)
        path.unlink()
        return cls(ports=raw["ports"], lan=raw["lan"])
