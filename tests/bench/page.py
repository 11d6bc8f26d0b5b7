"""The page of a run: the machine, the table, and the curves of growth."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from tests.bench.figures import Line

WIDTH, HEIGHT, EDGE = 260, 220, 40
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def plot(lines: Sequence[Line]) -> str:
    """The curves side by side, both axes logarithmic, as SVG."""
    curves = [_curve(line, nth) for nth, line in enumerate(line for line in lines if line.points)]
    return _TEMPLATES.get_template("growth.svg").render(
        curves=curves, width=max(1, len(curves)) * WIDTH, height=HEIGHT
    )


def _curve(line: Line, nth: int) -> dict[str, object]:
    first, last = line.points[0], line.points[-1]
    across = math.log(last[0] / first[0])
    costs = [math.log(cost / first[1]) for _, cost in line.points]
    top = max(across, *costs)

    def at(size: float, cost: float) -> tuple[float, float]:
        x = EDGE + 210 * math.log(size / first[0]) / across
        return round(x, 1), round(180 - 150 * max(0.0, math.log(cost / first[1])) / top, 1)

    in_step = (first, (last[0], first[1] * last[0] / first[0]))
    return {
        "left": nth * WIDTH,
        "title": line.what.split(",")[-1].split("(")[0].strip(),
        "line": " ".join("{},{}".format(*at(*point)) for point in line.points),
        "step": " ".join("{},{}".format(*at(*point)) for point in in_step),
        "dots": [
            dict(zip(("x", "y"), at(size, cost), strict=True), said=f"{size:,}: {cost:.3f} s")
            for size, cost in line.points
        ],
        "first": f"{first[0]:,}: {first[1]:.3g} s",
        "last": f"{last[0]:,}: {last[1]:.3g} s",
        "exponent": f"{line.ours:.2f}",
    }


def page(lines: Sequence[Line], machine: Mapping[str, str]) -> str:
    """As Markdown."""
    return _TEMPLATES.get_template("page.md").render(
        machine=machine, lines=lines, wanted=_wanted, growth=any(line.points for line in lines)
    )


def _wanted(line: Line) -> str:
    return "" if line.wanted is None else f"{'≤' if line.at_most else '≥'} {line.wanted:.2f}"
