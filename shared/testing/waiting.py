"""Waiting for something to become true, instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    look: Callable[[], Awaitable[T]], *, within: float = 30.0, every: float = 0.05, what: str = "it"
) -> T:
    """Look again and again until the answer is truthy; returns it.

    Raises:
        AssertionError: it did not become true in time; says what was waited for and what was seen last.
    """
    end = time.monotonic() + within
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {within} s; seen last: {seen!r}")
        await asyncio.sleep(every)
