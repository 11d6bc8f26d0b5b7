"""A second process beside the one that answers, for a service whose answers must not wait for its leader.

It is forked before either does anything and holds the same program. The two share a pair of sockets: the door says when
something was committed, asks for the leader's figures, and tells it to stop. When the door is gone, however it went,
the leader sees the end of the line and ends at once; nothing is lost by that, because every effect is a transaction.
When the leader is gone the door drains and ends too, and whoever watches the service starts both.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from shared.kernel.tasks import stop_if_cancelled
from shared.obs import metrics

WAKE, FIGURES, STOP = b"w", b"f", b"s"
WAKE_SECONDS = 0.1
"""A busy door does not wake its leader after every commit."""
ANSWER_SECONDS = 5.0
STOP_SECONDS = 15.0
_LENGTH = 4


class LeaderEndedError(RuntimeError):
    """The process that leads for this one is gone."""


class Beside:
    """The leader's process as the door sees it."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self._pid, self._line = pid, line
        self._asking = asyncio.Lock()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._ended = asyncio.Event()

    async def run(self, committed: asyncio.Event) -> None:
        """Tell the leader of commits, until cancelled.

        Raises:
            LeaderEndedError: it is gone.
        """
        reader, self._writer = await asyncio.open_unix_connection(sock=self._line.dup())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._wake(self._writer, committed), name="wake-leader")
            group.create_task(self._hear(reader), name="hear-leader")

    async def figures(self) -> bytes:
        """The leader's figures; nothing while it cannot be asked."""
        if self._writer is None or self._ended.is_set():
            return b""
        async with self._asking:
            while not self._answers.empty():  # came too late for who had asked
                self._answers.get_nowait()
            with suppress(OSError, TimeoutError):
                self._writer.write(FIGURES)
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._answers.get()
        return b""

    def close(self) -> None:
        """Once nothing more is committed here: let the leader finish. One that takes too long is killed."""
        with suppress(OSError):
            self._line.setblocking(True)
            self._line.sendall(STOP)
        end = time.monotonic() + STOP_SECONDS
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.02)
        self._line.close()

    @staticmethod
    async def _wake(writer: asyncio.StreamWriter, committed: asyncio.Event) -> None:
        while True:
            stop_if_cancelled()
            await committed.wait()
            committed.clear()
            writer.write(WAKE)
            await asyncio.sleep(WAKE_SECONDS)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(_LENGTH))
                self._answers.put_nowait(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError) as error:
            self._ended.set()
            raise LeaderEndedError from error


def fork(lead: Callable[[socket.socket], None]) -> Beside:
    """Start the leader's process. Call it before any thread or event loop.

    Args:
        lead: what the new process does with its end of the line; it ends with it.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return Beside(pid, ours)
    ours.close()
    try:
        lead(theirs)
    except BaseException:  # noqa: BLE001 -- this process must never go on as the other
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


async def obey(line: socket.socket, *, wake: asyncio.Event, stopping: asyncio.Event) -> None:
    """The leader's side: do what the door says, for as long as there is a door."""
    reader, writer = await asyncio.open_unix_connection(sock=line)
    while said := await _said(reader):
        if said == WAKE:
            wake.set()
        elif said == FIGURES:
            told = metrics.exposition(metrics.BESIDE, metrics.LED)
            writer.write(len(told).to_bytes(_LENGTH) + told)
        else:
            stopping.set()
    if not stopping.is_set():
        os._exit(1)


async def _said(reader: asyncio.StreamReader) -> bytes:
    with suppress(OSError):
        return await reader.read(1)
    return b""
