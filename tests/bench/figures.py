"""Figures of measured values, and the lines of the table that all benchmarks share."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


def quantile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison of one run.

    Attributes:
        part: which benchmark.
        what: what is compared with what.
        ours: what was measured of ours, in `unit`.
        other: the rival's figure or the limit, in the same unit.
        ratio: ours beside the other; a median of rounds where both ran in turn.
        wanted: what the ratio should be, or None where it is only told.
        at_most: the ratio should not exceed `wanted`; else not stay below it.
        points: sizes with their costs, where the line is a slope.
    """

    part: str
    what: str
    unit: str
    ours: float
    other: float
    ratio: float
    wanted: float | None = None
    at_most: bool = False
    points: tuple[tuple[int, float], ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the ratio is as wanted; None where nothing is."""
        if self.wanted is None:
            return None
        return self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted


def beside(part: str, what: str, unit: str, ours: float, limit: float) -> Line:
    """A figure that should stay within a limit."""
    return Line(
        part=part, what=what, unit=unit, ours=ours, other=limit, ratio=ours / limit, wanted=1.0, at_most=True
    )


def write(file: Path | None, lines: Sequence[Line]) -> None:
    """Leave the lines for the table, where it asked for them."""
    if file is not None:
        file.write_text(json.dumps([asdict(line) for line in lines], indent=1), encoding="utf-8")


def read(file: Path) -> list[Line]:
    """What a benchmark left."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    return [Line(**line | {"points": tuple(map(tuple, line["points"]))}) for line in kept]


def show(lines: Sequence[Line]) -> None:
    """For people: every line with what was wanted of it."""
    for line in lines:
        wanted = ""
        if line.wanted is not None:
            sign = "<=" if line.at_most else ">="
            wanted = f"   wanted {sign} {line.wanted:.2f}: {'met' if line.met else 'MISSED'}"
        print(
            f"{line.part:<10} {line.what:<44} {line.ours:12,.2f} / {line.other:12,.2f} {line.unit:<9}"
            f" = {line.ratio:7.2f}{wanted}"
        )
