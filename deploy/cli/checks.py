"""``./fangkong test``: every check and every test, failing when something was not run."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.cli.words import err, out
from deploy.local.programs import clean_environment
from deploy.local.state import PROJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step; modules are run by name, because console scripts break in deep or spaced folders."""

    name: str
    argv: tuple[str, ...]


def static_checks() -> list[Check]:
    """What reads the code without running it, quickest first."""
    python = sys.executable
    return [
        Check(name="ruff check", argv=(python, "-m", "ruff", "check", ".")),
        Check(name="ruff format", argv=(python, "-m", "ruff", "format", "--check", ".")),
        Check(name="shellcheck", argv=(str(Path(python).with_name("shellcheck")), "fangkong")),
        Check(
            name="import-linter",
            argv=(python, "-c", "from importlinter.cli import lint_imports_command as c; c()"),
        ),
        Check(name="mypy", argv=(python, "-m", "mypy")),
    ]


def tests(paths: list[Path], *, release: bool, parallel: int) -> Check:
    """The tests, with the plugin that fails on anything skipped.

    In parallel every test process has servers of its own and takes whole files, which share them in turn. Long tests
    wait for what they killed: three processes keep two processors busy.
    """
    argv = [sys.executable, "-m", "pytest", "-p", "deploy.cli.no_skips"]
    if release:
        argv.append("--release")
    if parallel > 1:
        # In the order of the folders: long stories and faults first, so that nobody waits for one at the end.
        argv += ["-n", str(parallel), "--dist", "loadfile", "--no-loadscope-reorder"]
    return Check(name="pytest", argv=(*argv, *(str(path) for path in paths)))


def run(checks: list[Check]) -> int:
    """Run all, also after a failure; returns how many failed."""
    failed: list[str] = []
    for check in checks:
        out.rule(f"[bold]{check.name}")
        began = time.monotonic()
        done = subprocess.run(check.argv, cwd=PROJECT, env=clean_environment(), check=False)
        seconds = time.monotonic() - began
        if done.returncode != 0:
            failed.append(check.name)
            out.print(f"[red]失败 failed[/red] {check.name} ({seconds:.1f} s)")
        else:
            out.print(f"[green]通过 passed[/green] {check.name} ({seconds:.1f} s)")
    if failed:
        err.print(f"[red]没有通过[/red] Failed: {', '.join(failed)}")
    return len(failed)
