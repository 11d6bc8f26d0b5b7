"""Starting child programs so that none outlives the process that started it."""

import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating-system user that a server runs as."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The unprivileged account for servers that refuse to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    return Account(name="nobody", uid=65534, gid=65534)


def spawn(
    argv: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    log: IO[bytes] | int = subprocess.DEVNULL,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that receives `death_signal` when this process dies, in a session of its own.

    A session of its own keeps Ctrl-C in the terminal away from it: the supervisor decides who stops when.

    Raises:
        RuntimeError: when not called from the main thread. The kernel binds the death signal to the thread
        that forked,
            so a child started from a worker thread would die as soon as that thread ends.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "children are started from the main thread: the death signal belongs to the forking thread"
        )
    return subprocess.Popen(
        leashed(argv, death_signal=death_signal, account=account),
        cwd=cwd,
        env=dict(os.environ if env is None else env),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def leashed(
    argv: Sequence[str | Path], *, death_signal: signal.Signals, account: Account | None = None
) -> list[str]:
    """The command line that runs `argv` as `account` and signals it when the starting thread ends."""
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    leash = [str(LEASH), str(int(death_signal)), str(os.getpid()), str(uid), str(gid)]
    return [sys.executable, "-I", "-S", *leash, "--", *(str(part) for part in argv)]


def born(pid: int) -> int:
    """When a process started, in clock ticks since boot: with the pid it names one process. 0: none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if after_name[0] == "Z" else int(after_name[19])


def command_of(pid: int) -> list[str]:
    """The command line of a running process; empty when there is none (or it is a zombie)."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").rstrip("\0").split("\0") if raw else []


def is_running(pid: int, *, mentions: str) -> bool:
    """Whether `pid` is alive and has `mentions` in its command line: a pid alone may be another's by now."""
    return any(mentions in part for part in command_of(pid))


def signal_quietly(pid: int, which: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, which)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows while it is walked
        found += children.get(member, [])
    return found


def memory_of(pid: int, *, descendants: bool = True) -> int:
    """Memory of a process and its descendants in bytes; pages that several share are counted once (PSS)."""
    return sum(_memory(member) for member in (family(pid) if descendants else [pid]))


def _memory(pid: int) -> int:
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
    return 0
