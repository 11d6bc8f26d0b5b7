"""``./fangkong test``: every check and every test, failing when something was not run."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from deploy.cli.words import err, out
from deploy.local.programs import clean_environment
from deploy.local.state import PROJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step; modules are run by name, because console scripts break in deep or spaced folders."""

    name: str
    argv: tuple[str, ...]
    failed_to: Path | None = None
    """Where a run of tests names those that failed."""


def static_checks() -> list[Check]:
    """What reads our Python without running it, quickest first."""
    python = sys.executable
    return [
        Check(name="ruff check", argv=(python, "-m", "ruff", "check", ".")),
        Check(name="ruff format", argv=(python, "-m", "ruff", "format", "--check", ".")),
        Check(
            name="shellcheck",
            argv=(str(Path(python).with_name("shellcheck")), "fangkong", "deploy/compose/init.sh"),
        ),
        Check(
            name="import-linter",
            argv=(python, "-c", "from importlinter.cli import lint_imports_command as c; c()"),
        ),
        Check(name="mypy", argv=(python, "-m", "mypy")),
    ]


def page_checks() -> list[Check]:
    """The browser and the Prometheus of tests, found, fetched or named in one line, and the guard's page."""
    return [
        Check(name="prometheus", argv=(sys.executable, "-m", "deploy.local.prometheus")),
        Check(name="chromium", argv=(sys.executable, "-m", "deploy.local.browser")),
        Check(name="guard's page", argv=(sys.executable, "-m", "deploy.cli.page")),
    ]


def security_checks() -> list[Check]:
    """What looks for weaknesses in our Python and in what it depends on; secrets: `tests/architecture`."""
    python = sys.executable
    return [
        Check(
            name="bandit",
            argv=(python, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "services", "shared", "deploy"),
        ),
        Check(name="pip-audit", argv=(python, "-m", "deploy.cli.audit")),
    ]


def tests(paths: list[Path], *, release: bool, parallel: int) -> Check:
    """The tests, with the plugin that fails on anything skipped.

    In parallel every test process has servers of its own and takes whole files, which share them in turn. Long tests
    wait for what they killed: three processes keep two processors busy.
    """
    failed_to = PROJECT / ".fangkong" / "failed-tests"
    argv = [*_PYTEST, "--failed-to", str(failed_to)]
    if release:
        argv.append("--release")
    if parallel > 1:
        # In the order of `tests/conftest.py`, long stories first.
        argv += ["-n", str(parallel), "--dist", "loadfile", "--no-loadscope-reorder"]
    return Check(name="pytest", argv=(*argv, *(str(path) for path in paths)), failed_to=failed_to)


def run(*lanes: list[Check]) -> int:
    """Run each list of checks in its order, the lists beside each other, also after a failure; returns how many failed.

    What one list alone prints is seen as it comes; of several, what a check printed is shown when it ends.
    """
    together = len(lanes) > 1
    with ThreadPoolExecutor(len(lanes)) as pool:
        failed = [name for lane in pool.map(partial(_lane, together=together), lanes) for name in lane]
    if failed:
        err.print(f"[red]没有通过[/red] Failed: {', '.join(failed)}")
    return len(failed)


def _lane(checks: list[Check], *, together: bool) -> list[str]:
    failed: list[str] = []
    for check in checks:
        if not together:
            out.rule(f"[bold]{check.name}")
        began = time.monotonic()
        if check.failed_to is not None:
            check.failed_to.unlink(missing_ok=True)
        done = subprocess.run(
            check.argv,
            cwd=PROJECT,
            env=clean_environment(),
            check=False,
            stdout=subprocess.PIPE if together else None,
            stderr=subprocess.STDOUT if together else None,
            text=True,
        )
        passed = done.returncode == 0 or (check.failed_to is not None and _passes_alone(check.failed_to))
        seconds = time.monotonic() - began
        how = "[green]通过 passed[/green]" if passed else "[red]失败 failed[/red]"
        if not passed:
            failed.append(check.name)
        with _PRINTING:
            if together:
                out.rule(f"[bold]{check.name}")
                sys.stdout.write(done.stdout)
                sys.stdout.flush()
            out.print(f"{how} {check.name} ({seconds:.1f} s)")
    return failed


def _passes_alone(failed_to: Path) -> bool:
    """Whether the few tests that failed among thousands pass by themselves; they are named either way.

    A busy machine may keep a browser or a killed service waiting for longer than a test has patience; one run in many
    would be red for that alone. What is really broken fails again; what only wobbled is to be mended all the same.
    """
    names = failed_to.read_text(encoding="utf-8").splitlines() if failed_to.exists() else []
    if not 1 <= len(names) <= _FEW:
        return False
    out.rule("[bold]once more, alone")
    again = subprocess.run([*_PYTEST, *names], cwd=PROJECT, env=clean_environment(), check=False)
    if again.returncode == 0:
        for name in names:
            out.print(
                f"[yellow]不稳定 wobbles[/yellow] {name}: failed beside others, passed alone; to be mended"
            )
    return again.returncode == 0


_FEW = 3
_PYTEST = (sys.executable, "-m", "pytest", "-p", "deploy.cli.no_skips")
_PRINTING = Lock()
