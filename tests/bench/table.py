"""`./fangkong bench`: every benchmark one after the other on this machine, and one table of ratios.

Each part runs in a process of its own beside its rivals or limits. `--out FOLDER` leaves `benchmarks.json`, a page with
the machine's description and the curves; without it `deploy/docs/benchmarks/` stays as it is and only the table is
printed. Ends with 1 when a wanted ratio was missed. About 40 minutes; `--quick` about 8, with smaller sizes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from deploy.cli.words import out
from deploy.local.state import PROJECT
from tests.bench.figures import Line, read
from tests.bench.page import page, plot

PARTS: dict[str, tuple[list[str], list[str]]] = {  # part -> arguments, and quick ones
    "stack": ([], []),
    "relay": ([], []),
    "gate": (["--design-load"], ["--rounds", "3", "--seconds", "10"]),
    "projections": ([], ["--events", "100000"]),
    "board": ([], ["--times", "60"]),
    "growth": ([], ["--largest", "0.1"]),
}


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    return {
        "processor": _processor(),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or "unknown"


def run(parts: Sequence[str], *, quick: bool) -> tuple[list[Line], list[str]]:
    """All lines of these parts, in order; and which parts could not be measured: the others still are."""
    lines: list[Line] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            file = Path(folder) / f"{part}.json"
            out.rule(f"[bold]{part}")
            arguments = PARTS[part][quick]
            done = subprocess.run(  # noqa: S603 -- our own modules
                [sys.executable, "-m", f"tests.bench.{part}", *arguments, "--lines", str(file)],
                cwd=PROJECT,
                check=False,
            )
            if done.returncode == 0:
                lines += read(file)
            else:
                broken.append(part)
    return lines, broken


def table(lines: Sequence[Line]) -> Table:
    """For people."""
    shown = Table("part", "what", "unit", title="fangkong bench")
    for column in ("ours", "rival or limit", "ratio", "wanted"):
        shown.add_column(column, justify="right")
    shown.add_column("")
    for line in lines:
        sign = "≤" if line.at_most else "≥"
        shown.add_row(
            *(
                line.part,
                line.what,
                line.unit,
                f"{line.ours:,.2f}",
                f"{line.other:,.2f}",
                f"{line.ratio:.2f}",
            ),
            "" if line.wanted is None else f"{sign} {line.wanted:.2f}",
            {None: "", True: "[green]met[/green]", False: "[red]missed[/red]"}[line.met],
        )
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, keep. Returns how many wanted ratios were missed and how many parts broke."""
    parser = argparse.ArgumentParser(prog="./fangkong bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    where = machine()
    lines, broken = run(given.parts or list(PARTS), quick=given.quick)
    out.print(table(lines))
    for part in broken:
        out.print(f"[red]没有测成 not measured[/red]: {part}")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        kept = {"machine": where, "quick": given.quick, "lines": [asdict(line) for line in lines]}
        (given.out / "benchmarks.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        (given.out / "growth.svg").write_text(plot(lines), encoding="utf-8")
        (given.out / "README.md").write_text(page(lines, where), encoding="utf-8")
    return len(broken) + sum(line.met is False for line in lines)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
