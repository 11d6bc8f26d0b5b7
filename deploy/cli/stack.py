"""Starting and stopping a supervisor from the command line, and watching it become ready."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.cli.words import out
from deploy.local import ports
from deploy.local.children import born, signal_quietly, spawn
from deploy.local.errors import LocalError
from deploy.local.programs import clean_environment
from deploy.local.state import PROJECT, Home, Plan

LEFTOVER_SECONDS = 30.0
DOWN_SECONDS = 75.0

STEPS = {
    "postgres": ("启动数据库", "starting PostgreSQL"),
    "nats": ("启动事件总线", "starting NATS"),
    "databases": ("建库与迁移", "databases and migrations"),
    "services": ("启动五个服务", "starting the five services"),
}


def start(
    home: Home, *, lan: bool, detach: bool, given: Mapping[str, int], base: int | None
) -> subprocess.Popen[bytes]:
    """Start a supervisor; returns at once.

    Raises:
        LocalError: a port is taken, the folder is not usable.
    """
    home.make()
    _wait_for_leftovers(home)
    plan = Plan(ports=ports.choose(home.path, home.state().get("ports", {}), given, base), lan=lan).write(
        home
    )
    argv = [sys.executable, "-m", "deploy.local.supervisor", str(home.path), str(plan)]
    with home.rotate_log("supervisor").open("ab") as log:
        if detach:
            return subprocess.Popen(
                argv,
                cwd=PROJECT,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # In the foreground it lives and dies with this command, in order.
        return spawn(argv, death_signal=signal.SIGTERM, cwd=PROJECT, env=clean_environment(), log=log)


def _wait_for_leftovers(home: Home) -> None:
    """Children of a supervisor that was killed are on their way out: wait for their ports."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    for child in home.status().get("children", {}).values():
        pid, when = child.get("pid", 0), child.get("born", 0)
        while pid and when and born(pid) == when:
            if time.monotonic() > deadline:
                signal_quietly(pid, signal.SIGKILL)
                break
            time.sleep(0.05)


def wait_until_ready(home: Home, process: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    """Show what the supervisor does until it is ready; returns its status. `process` None: somebody else's.

    Raises:
        LocalError: the start failed, with the supervisor's reason.
    """
    with out.status("…") as spinner:
        while True:
            status = home.status()
            ours = process is None or status.get("pid") == process.pid
            if ours and status.get("phase") == "ready":
                return status
            gone = home.running() is None if process is None else process.poll() is not None
            if gone:
                if process is not None and home.running() is not None:
                    return wait_until_ready(home, None)  # another `up` was a moment faster
                raise failure(home)
            if ours:
                zh, en = STEPS.get(status.get("step", ""), ("准备", "preparing"))
                children = status.get("children", {}).values()
                count = sum(child.get("state") == "ready" for child in children)
                spinner.update(f"{zh} [dim]{en}[/dim] {count}/8")
            time.sleep(0.03)


def failure(home: Home) -> LocalError:
    """Why the supervisor ended, in its own words."""
    status = home.status()
    if status.get("phase") == "failed":
        return LocalError(status["zh"], status["en"])
    log = home.logs / "supervisor.log"
    return LocalError(f"监管进程意外退出，详见 {log}。", f"The supervisor ended unexpectedly; see {log}.")


def stop(home: Home, pid: int) -> None:
    """Stop a stack in order and wait for the end.

    Raises:
        LocalError: it does not end.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while home.running() is not None:
        if time.monotonic() > deadline:
            raise LocalError(
                f"进程 {pid} 未在 {DOWN_SECONDS:.0f} 秒内停下。",
                f"Process {pid} did not stop within {DOWN_SECONDS:.0f} s.",
            )
        time.sleep(0.05)


def seconds_since_start() -> float:
    """Since `./fangkong` was typed: the shell becomes this process, so the installation is included."""
    ticks = os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - born(os.getpid()) / ticks


def ca_of(status: Mapping[str, Any]) -> Path | None:
    """The certificate authority to trust, when the stack serves HTTPS."""
    return Path(status["ca"]) if status.get("ca") else None
