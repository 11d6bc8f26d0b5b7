"""Processes of services that begin with what all services import, instead of importing it again.

Starting an interpreter and importing what the five share is most of the processor time of a start, and tests start a
service more than a hundred times. The standard library's fork server imports that once for a process of tests, and
nothing of any service: each runs its own `__main__` in a process of its own, with an environment of its own.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SHARED = (
    "shared.runtime",
    "shared.audit.api",
    "shared.closing",
    "shared.http.uploads",
    "shared.events.catalogue",
)
"""What every service imports before it is itself; nothing that only some have, because figures would be told by all."""
LIBRARIES = ("babel.dates", "babel.support", "cwt", "jinja2", "jinja2.ext")
"""What most of them import beside that."""
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([*SHARED, *LIBRARIES])


class Forked:
    """A process of a service, with what tests use of `subprocess.Popen`."""

    def __init__(self, service: str, *, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._service = service
        self._process = _SERVER.Process(
            target=_serve, args=(service, folder, dict(environment), log), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended. Raises `subprocess.TimeoutExpired` when it does not in time."""
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(self._service, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()


def _serve(service: str, folder: Path, environment: dict[str, str], log: Path) -> None:
    """What `python -m services.<service>` does in a folder, writing to a file."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a file, as for every process
    sys.argv = [f"services.{service}"]
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)
