"""How total cost grows: five sizes each, a straight line through their logarithms, and the interval of its slope.

`python -m tests.bench.growth [events|passes|compounds|all] [--points 5] [--largest 1.0]` measures seconds of

* events: building all read models again from 10,000 to 1,000,000 events;
* passes: the processor's, of all processes, when each of 10,000 to 1,000,000 people with a pass enters once (what one
  check costs beside so many passes, times how many there are);
* compounds: headquarters' board of 53 to 5,300 compounds with their people, cases, sites and passes.

A slope of 1 is cost in step with size. Limit: 1.10.
"""

import argparse
import asyncio
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import board, gate, projections
from tests.bench.figures import Line, show, write
from tests.bench.inside import inside

LIMIT = 1.10
T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}
"""Student's t, two-sided 95 %, by degrees of freedom."""
TIMES = 5
CHECKS, ROUNDS = 2_000, 3
PASSES = 260
"""Of a compound: a tenth of the town's, so that the largest is made within minutes."""


def events(size: int) -> float:
    """Seconds of building all read models again."""
    _, seconds, _ = asyncio.run(projections.rebuilt(size))
    return seconds


def passes(size: int) -> float:
    """Processor seconds of as many checks as there are passes."""
    options = gate.options_of(["--passes", str(size), "--requests", str(CHECKS), "--rounds", str(ROUNDS)])
    told = gate.measured(options)["towns"][size]
    each: float = sum(told[whose]["warm"] for whose in gate.SPENT)
    return each * size / 1e6


def compounds(size: int) -> float:
    """Seconds of one board; the middle of some."""
    return asyncio.run(_boards(size))


async def _boards(size: int) -> float:
    async with inside("reporting", board.NOW) as bench:
        names = tuple(f"lj-{number:04}" for number in range(1, size + 1))
        await board.fill(
            bench.context.database, compounds=names, pass_count=size * PASSES, checks=size * 20_000
        )
        await board.ask(bench, "/v1/board", 1)
        found, _ = await board.ask(bench, "/v1/board", TIMES)
    return statistics.median(found)


RANGES: dict[str, tuple[Callable[[int], float], int, int]] = {
    "events": (events, 10_000, 1_000_000),
    "passes": (passes, 10_000, 1_000_000),
    "compounds": (compounds, 53, 5_300),
}


def sizes(first: int, last: int, points: int) -> list[int]:
    """Evenly spaced on a logarithmic scale."""
    return [round(first * (last / first) ** (nth / (points - 1))) for nth in range(points)]


def slope(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """The exponent of growth, and half of its 95 % interval."""
    xs, ys = ([math.log(value) for value in column] for column in zip(*points, strict=True))
    fitted = statistics.linear_regression(xs, ys)
    rest = sum((y - fitted.intercept - fitted.slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    freedom = len(points) - 2
    mean = statistics.fmean(xs)
    error = math.sqrt(rest / freedom / sum((x - mean) ** 2 for x in xs))
    return fitted.slope, T_95[freedom] * error


def measure(what: str, points: int, largest: float) -> Line:
    """All points of a curve, and the line through them."""
    act, first, last = RANGES[what]
    seen = []
    for size in sizes(first, max(first * 2, int(last * largest)), points):
        seconds = act(size)
        seen.append((size, seconds))
        print(f"growth     {what:<10} {size:>10,}  {seconds:9.3f} s", flush=True)
    exponent, half = slope(seen)
    return Line(
        part="growth",
        what=f"exponent of total cost, {what} (± {half:.2f})",
        unit="slope",
        ours=exponent,
        other=1.0,
        ratio=exponent,
        wanted=LIMIT,
        at_most=True,
        points=tuple(seen),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the curves that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("all", *RANGES), nargs="?", default="all")
    parser.add_argument("--points", type=int, default=5)
    parser.add_argument("--largest", type=float, default=1.0, help="share of the largest size")
    parser.add_argument("--lines", type=Path, help="a file for the table")
    given = parser.parse_args(arguments)
    lines = [measure(what, given.points, given.largest) for what in RANGES if given.what in ("all", what)]
    show(lines)
    write(given.lines, lines)


if __name__ == "__main__":
    main()
