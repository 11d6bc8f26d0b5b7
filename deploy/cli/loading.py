"""Generating the town's register and loading it like anybody's files, through the services' import API."""

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
from rich.progress import Progress, TaskID

from deploy.cli.calls import Calls, calling, only_one, positions, why
from deploy.cli.scoring import score_line
from deploy.cli.words import progress, say
from deploy.local.children import leashed, server_account
from deploy.local.errors import LocalError
from deploy.local.postgres import existing, reachable_home
from deploy.local.programs import clean_environment
from deploy.local.state import PROJECT, Home
from deploy.town import DEFAULT_SEED, Manifest

IMPORT_ROLE = "admin"
POLL_SECONDS = 0.3
CATCH_UP_SECONDS = 1800.0
KINDS = {
    "01": ("registry", "compounds"),
    "02": ("registry", "checkpoints"),
    "03": ("registry", "grids"),
    "04": ("registry", "addresses"),
    "05": ("registry", "residents"),
    "06": ("registry", "workers"),
    "07": ("sanitation", "sites"),
}
"""What a list holds, and whose it is, by the number that its file's name begins with (deploy/town/README.md)."""
FULL_TOWN_MB = 3000  # measured: 2.3 GB of database with its log, 0.3 GB of bus


def load_town(home: Home, status: Mapping[str, Any], *, scale: float, seed: int = DEFAULT_SEED) -> None:
    """Load the town unless it is loaded; an interrupted load begins again and changes nothing that is there.

    Raises:
        LocalError: generating or importing failed, in one sentence.
    """
    done = home.state().get("town", {})
    if done.get("state") == "complete":
        return
    with only_one(home.run / "town.lock") as mine:
        if not mine:
            say("另一个窗口正在载入示例城镇。", "Another window is loading the town.")
            return
        if done and (done["scale"], done["seed"]) != (scale, seed):
            scale, seed = done["scale"], done["seed"]
            say(
                f"继续上次的载入（规模 {scale}）。", f"Going on with the load that was begun (scale {scale})."
            )
        _require_space(home, scale)
        home.remember(town={"state": "loading", "scale": scale, "seed": seed})
        began = time.monotonic()
        with progress() as bars:
            _import_all(home, status, _lists(home, bars, seed=seed, scale=scale), bars)
            committed = time.monotonic() - began
            _catch_up(home, status, bars)
        total = time.monotonic() - began
        home.remember(town=home.state()["town"] | {"state": "complete"})
    manifest = Manifest.load(home.town)
    say(
        f"示例城镇已载入：{manifest.dwellings:,} 户，{manifest.people:,} 人，"
        f"入库 {committed:.0f} 秒，全部一致 {total:.0f} 秒。",
        f"Town loaded: {manifest.dwellings:,} dwellings, {manifest.people:,} people; "
        f"committed after {committed:.0f} s, all consumers equal after {total:.0f} s.",
    )
    score_line(home, status)


def _require_space(home: Home, scale: float) -> None:
    """End before half a town is loaded when the disk is too small for a whole one."""
    needed = round(FULL_TOWN_MB * scale)
    for place in (home.path, existing(reachable_home(home.postgres, server_account()))):
        free = shutil.disk_usage(place).free // 1_000_000
        if free < needed:
            raise LocalError(
                f"磁盘空间不足：{place} 只剩 {free} MB，载入需要约 {needed} MB（可用 --scale 缩小）。",
                f"The disk is full: {place} has {free} MB left, the town needs about {needed} MB (see --scale).",
            )


# ---- generating


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """A file of the register that lies ready; `rows` is None while only its importer has counted them."""

    service: str
    kind: str
    path: Path
    rows: int | None = None


def _lists(home: Home, bars: Progress, *, seed: int, scale: float) -> Iterator[_List]:
    """The register's files in load order, each as soon as it is written: importing need not wait for the last."""
    if (home.town / "manifest.json").exists():
        manifest = Manifest.load(home.town)
        if (manifest.seed, manifest.scale) == (seed, scale):
            for file in manifest.files:
                yield _List(service=file.service, kind=file.kind, path=home.town / file.file, rows=file.rows)
            return
    fresh = home.path / "town.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for name in _generated(home, bars, fresh, seed=seed, scale=scale):
        service, kind = KINDS[name.partition("-")[0]]
        yield _List(service=service, kind=kind, path=fresh / name)
    shutil.rmtree(home.town, ignore_errors=True)
    fresh.rename(home.town)


def _generated(home: Home, bars: Progress, fresh: Path, *, seed: int, scale: float) -> Iterator[str]:
    """Generate in a process of its own; names of files, each when the next one is begun, the last at the end."""
    task = bars.add_task("生成示例城镇 generating the town", total=None)
    argv = [sys.executable, "-m", "deploy.cli.generate", str(fresh), str(seed), str(scale)]
    log = home.rotate_log("town")
    with log.open("ab") as errors:
        child = subprocess.Popen(
            leashed(argv, death_signal=signal.SIGKILL),
            cwd=PROJECT,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with child:
            assert child.stdout is not None  # noqa: S101  # asked for above
            steps = _shown(child.stdout, bars, task)
            try:
                begun = None
                while (name := steps.get()) is not None:
                    if begun not in {None, name}:
                        yield begun
                    begun = name
            except BaseException:
                child.kill()
                raise
    if child.returncode != 0 or begun is None:
        raise LocalError(f"生成示例城镇失败，详见 {log}。", f"Generating the town failed; see {log}.")
    yield begun


def _shown(lines: IO[str], bars: Progress, task: TaskID) -> "queue.SimpleQueue[str | None]":
    """Move the bar as the generator tells, while files are being imported; the names of files, None at the end."""
    names: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            step = json.loads(line)
            bars.update(task, completed=step["done"], total=step["total"])
            names.put(step["name"])
        names.put(None)

    threading.Thread(target=read, daemon=True).start()
    return names


# ---- handing the files over


def _import_all(home: Home, status: Mapping[str, Any], lists: Iterable[_List], bars: Progress) -> None:
    with calling(home, status) as calls:
        numbers: dict[str, str] = {}
        before = None
        for one in lists:
            if before is not None and one.service != before:
                # It knows compounds only from the events of the files before, and refuses rows of unknown ones.
                _catch_up(home, status, bars, service=one.service)
            before = one.service
            task = bars.add_task(f"导入 importing {one.path.name}", total=one.rows)
            numbers[one.path.name] = _begin(calls, one)
            home.remember(town=home.state()["town"] | {"imports": numbers})
            _follow(calls, one, numbers[one.path.name], bars, task)


def _begin(calls: Calls, one: _List) -> str:
    """Hand a file over; returns the number of the import."""
    with one.path.open("rb") as content:
        answer = calls.ask(
            "POST",
            one.service,
            "/v1/imports",
            headers=calls.as_role(IMPORT_ROLE),
            before=lambda: content.seek(0),
            params={"kind": one.kind},
            files={"file": (one.path.name, content, "application/octet-stream")},
        )
    if answer.status_code not in {200, 202}:
        raise _refused(one, answer)
    return str(answer.json()["import_id"])


def _follow(calls: Calls, one: _List, number: str, bars: Progress, task: TaskID) -> None:
    """Show what the service tells about an import until it is over."""
    while True:
        answer = calls.ask("GET", one.service, f"/v1/imports/{number}", headers=calls.as_role(IMPORT_ROLE))
        if answer.status_code != 200:
            raise _refused(one, answer)
        told: dict[str, Any] = answer.json()
        bars.update(task, completed=told["rows_done"], total=told["rows_total"] or one.rows)
        if told["state"] == "failed":
            reason = told.get("detail") or told.get("error") or ""
            raise LocalError(
                f"导入 {one.path.name} 失败：{reason}", f"Importing {one.path.name} failed: {reason}"
            )
        if told["state"] != "running":
            break
        time.sleep(POLL_SECONDS)
    bars.update(task, completed=bars.tasks[task].total)


def _refused(one: _List, answer: httpx.Response) -> LocalError:
    reason = why(answer)
    return LocalError(
        f"导入 {one.path.name} 被拒绝（{reason}）。", f"Importing {one.path.name} was refused ({reason})."
    )


# ---- waiting for the consumers


def _catch_up(home: Home, status: Mapping[str, Any], bars: Progress, *, service: str | None = None) -> None:
    """Until every consumer's position equals every producer's; of one service only when it is named."""
    task = bars.add_task(f"同步 {service or 'consumers'} catching up", total=None)
    most, deadline = 0, time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < deadline:
        found = positions(home, status)
        if found is None:
            time.sleep(1)
            continue
        behind = sum(lag.behind for lag in found.lags if service in {None, lag.service})
        most = max(most, behind, 1)
        bars.update(task, completed=most - behind, total=most)
        if behind == 0:
            return
        time.sleep(POLL_SECONDS)
    raise LocalError(
        "各服务长时间未同步，请看 ./fangkong status。",
        "The consumers do not catch up; see ./fangkong status.",
    )
