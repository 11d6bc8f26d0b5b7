"""A Prometheus and its promtool for the tests of rules, alerts and dashboards: those of the system, or its own package.

The package is unpacked below `.fangkong` instead of being installed: to install it would start a server.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.children import spawn
from deploy.local.errors import LocalError
from deploy.local.ports import any_free
from deploy.local.state import PROJECT

UNPACKED = PROJECT / ".fangkong" / "prometheus"
_PACKAGE = "prometheus"
_MISSING = LocalError(
    "告警规则的测试需要 Prometheus，请安装：apt-get install prometheus。",
    "The tests of alerting rules need Prometheus; install it: apt-get install prometheus",
)


def find(program: str) -> Path | None:
    """`prometheus` or `promtool`, None where there is none."""
    if found := shutil.which(program):
        return Path(found)
    unpacked = UNPACKED / "usr" / "bin" / program
    return unpacked if unpacked.exists() else None


def ensure(program: str = "prometheus") -> Path:
    """The program, unpacked from the system's package where that is possible.

    Raises:
        LocalError: it is not there and cannot be had; says what to install.
    """
    if (found := find(program)) is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _unpack()
        found = find(program)
    if found is None:
        raise _MISSING
    return found


def _unpack() -> None:
    downloads = UNPACKED.with_name("downloads")
    downloads.mkdir(parents=True, exist_ok=True)
    commands = [["apt-get", "download", _PACKAGE]]
    if os.geteuid() == 0:
        commands.insert(0, ["apt-get", "update"])
    for command in commands:
        subprocess.run(command, cwd=downloads, capture_output=True, check=False)
    for package in sorted(downloads.glob(f"{_PACKAGE}_*.deb"))[-1:]:
        # Beside its place and then moved there: a second run that comes at the same time finds all of it or nothing.
        beside = UNPACKED.with_name(f"prometheus-{os.getpid()}")
        subprocess.run(["dpkg-deb", "-x", package, beside], check=True)  # nosec B607 -- beside apt-get
        if UNPACKED.exists():
            shutil.rmtree(beside)
        else:
            beside.rename(UNPACKED)
        package.unlink()


class PrometheusServer:
    """A Prometheus of our own with its rules, as a child process. Start it from the main thread."""

    def __init__(self, home: Path, configuration: str, rules: Mapping[str, str]) -> None:
        self.home, self.port = home, any_free()
        (home / "rules").mkdir(parents=True)
        (home / "prometheus.yml").write_text(configuration, encoding="utf-8")
        for name, text in rules.items():
            (home / "rules" / name).write_text(text, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self.home / "log").open("ab") as log:
            self.process = spawn(
                [
                    ensure(),
                    f"--config.file={self.home / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self.home / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--log.level=warn",
                ],
                death_signal=signal.SIGKILL,
                cwd=self.home,
                log=log,
            )
        deadline = time.monotonic() + 60
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise RuntimeError((self.home / "log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(  # nosec B310  # our own http address
                f"http://127.0.0.1:{self.port}/-/ready", timeout=2
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def ask(self, path: str, **query: str) -> Any:
        """What the HTTP API answers.

        Raises:
            RuntimeError: it refuses; says why.
        """
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:  # nosec B310  # our own address
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{path} {query}: {refused.read().decode()}") from refused

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def firing(self) -> set[tuple[str, str]]:
        """Alerts that fire now: name and severity."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["severity"])
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
        }


def main() -> None:
    """Say which Prometheus there is, or what to install."""
    try:
        print(ensure())
    except LocalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
