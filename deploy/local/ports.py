"""Which port everything listens on: named by the user, else the one remembered, else a free one."""

import hashlib
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.names import PORTS

# Below the range from which kernels take ports for outgoing connections, so that a stopped stack finds its
# own again.
_FIRST, _LAST = 20_000, 29_980

_claimed: set[int] = set()
"""Ports that this process was given; they stay its own until it ends, so that a server finds its own again."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port on which nobody listens, for as long as this process lives: nobody else who asks here is given it."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in _claimed and is_free(port) and _claim(port):
            return port


def _claim(port: int) -> bool:
    """Whether `port` is this process's own now. Between choosing and listening somebody else would take it.

    The UDP port of the same number is the lock: nothing here speaks UDP, and the kernel unlocks however we end.
    """
    if port in _claimed:
        return True
    with socket.socket(type=socket.SOCK_DGRAM) as lock:
        try:
            lock.bind(("127.0.0.1", port))
        except OSError:
            return False
        lock.detach()  # held open, by nobody, to the end of the process
    _claimed.add(port)
    return True


def choose(
    home: Path, remembered: Mapping[str, int], given: Mapping[str, int], base: int | None
) -> dict[str, int]:
    """A port for every name.

    Args:
        home: two homes on one machine start looking at different places.
        remembered: what the last start used; kept where still free, so that bookmarks stay true.
        given: ports named one by one (``--gate-port``).
        base: the first of as many consecutive ports (``--port-base``).

    Raises:
        LocalError: a named port is taken or impossible; says which and by which option to change it.
    """
    wanted = dict(given)
    options = {name: f"--{name}-port" for name in given}
    if base is not None:
        for offset, name in enumerate(PORTS):
            wanted.setdefault(name, base + offset)
            options.setdefault(name, "--port-base")
    for name, port in wanted.items():
        if not 1 <= port <= 65535:
            raise LocalError(
                f"{options[name]}：{port} 不是端口号（1–65535）。",
                f"{options[name]}: {port} is no port (1–65535).",
            )
        if not is_free(port):
            raise LocalError(
                f"{name} 的端口 {port} 已被占用或不允许使用，请用 {options[name]} 换一个。",
                f"Port {port} for {name} is taken or not permitted; choose another with {options[name]}.",
            )
    if len(set(wanted.values())) < len(wanted):
        raise LocalError("同一个端口给了两个用途。", "One port was given to two uses.")
    chosen = {
        name: port
        for name, port in remembered.items()
        if name in PORTS
        and name not in wanted
        and port not in wanted.values()
        and is_free(port)
        and _claim(port)
    } | wanted
    missing = [name for name in PORTS if name not in chosen]
    return chosen | dict(zip(missing, _fresh(home, missing, taken=set(chosen.values())), strict=True))


def _fresh(home: Path, names: list[str], *, taken: set[int]) -> list[int]:
    """As many free ports in a row, at a place that depends on the home."""
    rows = (_LAST - _FIRST) // 10
    start = int.from_bytes(hashlib.sha256(str(home).encode()).digest()[:4]) % rows
    for step in range(rows):
        first = _FIRST + (start + step) % rows * 10
        row = [first + PORTS.index(name) for name in names]
        if not taken.intersection(row) and all(is_free(port) and _claim(port) for port in row):
            return row
    return [any_free() for _ in names]
