"""A pytest plugin: what was not run did not pass. Loaded by ``./fangkong test``; adds ``--release``, ``--failed-to``.

A skipped, expected-to-fail or deselected test fails the run with a sentence. Tests with large counts (mark
``release``) are taken out before that without ``--release``: they are another run's business, not a gap in
this one.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_UNRUN = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that the command line passes on."""
    parser.addoption("--release", action="store_true", help="also run the tests with large counts")
    parser.addoption(
        "--failed-to", type=Path, help="a file for the names of failed tests, if all else was run"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin counting."""
    config.stash[_UNRUN] = Counter()
    config.pluginmanager.register(_Counting(config), "fangkong-no-skips")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the large counts to ``--release``."""
    if not config.getoption("--release"):
        items[:] = [item for item in items if item.get_closest_marker("release") is None]


class _Counting:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.unrun = config.stash[_UNRUN]
        self.failed: dict[str, None] = {}
        self.broken = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid] = None
        if hasattr(report, "wasxfail"):
            self.unrun["expected to fail"] += 1
        elif report.skipped:
            self.unrun["skipped"] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.broken |= report.failed
        if report.skipped:
            self.unrun["skipped"] += 1

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.unrun["deselected"] += len(items)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        worker = getattr(self.config, "workeroutput", None)
        if worker is not None:
            worker["deselected"] = self.unrun["deselected"]  # reports of tests travel by themselves
        elif self.unrun.total() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        told: Path | None = self.config.getoption("failed_to")
        if told is not None and worker is None:
            complete = not self.broken and not self.unrun.total()
            names = [f"{self.config.rootpath / name}\n" for name in self.failed if complete]
            told.write_text("".join(names), encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.unrun["deselected"] += getattr(node, "workeroutput", {}).get("deselected", 0)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.unrun.total():
            said = ", ".join(f"{count} {what}" for what, count in sorted(self.unrun.items()) if count)
            terminalreporter.section("not run")
            terminalreporter.line(
                f"有测试没有真正运行，因此不算通过。 Not everything ran, so this is a failure: {said}.",
                red=True,
            )
