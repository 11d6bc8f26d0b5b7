"""How long the local stack takes to be ready, and the memory of everything it runs.

`python -m tests.bench.stack` starts it twice without a town, in a folder of its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.state import PROJECT, Home
from tests.bench.figures import Line, beside, show, write
from tests.bench.gate_town import children_of

FIRST_SECONDS, AGAIN_SECONDS, MEMORY_MB = 60.0, 8.0, 1_536.0


def fangkong(home: Home, *arguments: str) -> float:
    """Seconds that a command takes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANGKONG_")}
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-m", "deploy.cli", *arguments, "--home", str(home.path)],
        cwd=PROJECT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def family(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(one for child in children_of(pid) for one in family(child))]


def share_mb(pid: int) -> float:
    """A process's memory in MB; what it shares with others counts in part for each, as PostgreSQL's buffers do."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Start, look, stop, start again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=Path, help="a file for the table")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder) / "home")
        try:
            first = fangkong(home, "up", "-d", "--no-town")
            fangkong(home, "down")
            again = fangkong(home, "up", "-d", "--no-town")
            memory = sum(share_mb(pid) for pid in family(home.status()["pid"]))
        finally:
            fangkong(home, "down")
    lines: list[Line] = [
        beside("stack", "first start to ready, installed", "s", first, FIRST_SECONDS),
        beside("stack", "second start to ready", "s", again, AGAIN_SECONDS),
        beside("stack", "memory of all processes, no town", "MB", memory, MEMORY_MB),
    ]
    show(lines)
    write(given.lines, lines)


if __name__ == "__main__":
    main()
