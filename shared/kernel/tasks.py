"""Long-running loops that stop when they are told to."""

import asyncio
from typing import Any


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
