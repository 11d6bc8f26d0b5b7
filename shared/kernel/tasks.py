"""Long-running loops that stop when they are told to."""

import asyncio
from typing import Any


class Breath:
    """Lets others run between many small pieces of work on the event loop: by time, not by count.

    A piece that takes microseconds alone takes milliseconds while a thread computes beside it, because whatever it asks
    of the system (random bytes for an id) lets go of the interpreter and waits for it again.
    """

    LONGEST = 0.01
    """Seconds of work at a stretch."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def take(self) -> None:
        """Call between pieces; others run when the stretch was long enough."""
        if self._loop.time() - self._since >= self.LONGEST:
            await asyncio.sleep(0)
            self._since = self._loop.time()


def stop_if_cancelled() -> None:
    """Call at the top of an endless loop: raises `CancelledError` when a cancellation was swallowed below.

    Before Python 3.12 `asyncio.wait_for`, which the NATS client uses, loses a cancellation that comes in the moment
    its future is done (CPython issue 86296). The task remembers it, so the loop can still obey.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def stop(task: "asyncio.Task[Any]") -> None:
    """Cancel until it obeys: a single cancellation may be lost on the way (see above). Its outcome is not told."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=2)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains that it was not
