"""A minute at the gates: people come by chance, processes answer one check after the other."""

import heapq
from random import Random

SEED = 20200224
PART = 0.99


def answered(
    *, per_second: float, each_seconds: float, processes: int, seconds: float, seed: int = SEED
) -> list[float]:
    """How long each check waits for others and then keeps a process, in seconds.

    Arrivals are independent of each other (Poisson); a check waits for the process that is free first and then takes
    `each_seconds` of it, which is its part of what many cost together. How long a commit takes to be durable for a
    check that shares it with nobody, and the wire to the device, are left out and come on top.
    """
    chance, now = Random(seed), 0.0  # noqa: S311 -- a simulation
    free = [0.0] * processes
    took = list[float]()
    while (now := now + chance.expovariate(per_second)) < seconds:
        begin = max(now, free[0])
        heapq.heapreplace(free, begin + each_seconds)
        took.append(begin + each_seconds - now)
    return took


def late(took: list[float], part: float = PART) -> float:
    """What `part` of all do not exceed."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def processes_for(
    *, per_second: float, each_seconds: float, limit_seconds: float, busy_at_most: float, seconds: float
) -> tuple[int, float]:
    """The fewest processes that keep within the limit and are not busier than allowed; and the simulated p99.

    Raises:
        ValueError: one check alone takes longer than the limit.
    """
    if each_seconds > limit_seconds:
        raise ValueError("one check alone takes longer than the limit")
    processes = max(1, -int(-per_second * each_seconds // busy_at_most))
    while True:
        seen = late(
            answered(per_second=per_second, each_seconds=each_seconds, processes=processes, seconds=seconds)
        )
        if seen <= limit_seconds:
            return processes, seen
        processes += 1


def caught_up(*, per_second: float, away_seconds: float, drained_per_second: float) -> tuple[float, float]:
    """What waits after a line was cut, in events, and the seconds until nothing waits any more, while more comes in.

    Raises:
        ValueError: more comes in than can be drained.
    """
    if drained_per_second <= per_second:
        raise ValueError("more comes in than can be drained")
    waiting = per_second * away_seconds
    return waiting, waiting / (drained_per_second - per_second)
