"""Generating the town's register and loading it like anybody's files, through the services' import API."""

import asyncio
import fcntl
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.cli.stack import ca_of
from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.children import leashed, server_account
from deploy.local.errors import LocalError
from deploy.local.issuer import Issuer
from deploy.local.postgres import existing, reachable_home
from deploy.local.probe import trust
from deploy.local.programs import clean_environment
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT, Home
from deploy.town import DEFAULT_SEED, Manifest, ManifestFile
from shared.bus.lag import progress as positions

IMPORT_ROLE = "admin"
POLL_SECONDS = 0.3
AWAY_SECONDS = 60.0
CATCH_UP_SECONDS = 1800.0
FULL_TOWN_MB = 3000  # measured: 2.3 GB of database with its log, 0.3 GB of bus


def load_town(home: Home, status: Mapping[str, Any], *, scale: float, seed: int = DEFAULT_SEED) -> None:
    """Load the town unless it is loaded; an interrupted load begins again and changes nothing that is there.

    Raises:
        LocalError: generating or importing failed, in one sentence.
    """
    done = home.state().get("town", {})
    if done.get("state") == "complete":
        return
    with _only_one(home) as mine:
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
        with _bars() as bars:
            manifest = _generate(home, bars, seed=seed, scale=scale)
            _import_all(home, status, manifest, bars)
            committed = time.monotonic() - began
            asyncio.run(_catch_up(home, status, bars))
        total = time.monotonic() - began
        home.remember(town={"state": "complete", "scale": scale, "seed": seed})
    say(
        f"示例城镇已载入：{manifest.dwellings:,} 户，{manifest.people:,} 人，"
        f"入库 {committed:.0f} 秒，全部一致 {total:.0f} 秒。",
        f"Town loaded: {manifest.dwellings:,} dwellings, {manifest.people:,} people; "
        f"committed after {committed:.0f} s, all consumers equal after {total:.0f} s.",
    )


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


@contextmanager
def _only_one(home: Home) -> Iterator[bool]:
    with (home.run / "town.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=out)


# ---- generating


def _generate(home: Home, bars: Progress, *, seed: int, scale: float) -> Manifest:
    if (home.town / "manifest.json").exists():
        manifest = Manifest.load(home.town)
        if (manifest.seed, manifest.scale) == (seed, scale):
            return manifest
    task = bars.add_task("生成示例城镇 generating the town", total=None)
    fresh = home.path / "town.new"
    shutil.rmtree(fresh, ignore_errors=True)
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
            try:
                for line in child.stdout:
                    step = json.loads(line)
                    bars.update(task, completed=step["done"], total=step["total"])
            except BaseException:
                child.kill()
                raise
    if child.returncode != 0:
        raise LocalError(f"生成示例城镇失败，详见 {log}。", f"Generating the town failed; see {log}.")
    shutil.rmtree(home.town, ignore_errors=True)
    fresh.rename(home.town)
    return Manifest.load(home.town)


# ---- handing the files over


@dataclass(frozen=True, slots=True, kw_only=True)
class _Importer:
    """Talks to the import API of a service."""

    http: httpx.Client
    urls: Mapping[str, str]
    issuer: Issuer

    def headers(self) -> dict[str, str]:
        account = next(account for account in self.issuer.accounts() if account.role == IMPORT_ROLE)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    def begin(self, file: ManifestFile, folder: Path) -> str:
        """Hand a file over; returns the number of the import."""
        url = f"{self.urls[file.service]}/v1/imports"
        with (folder / file.file).open("rb") as content:
            answer = _patiently(
                lambda: self.http.post(
                    url,
                    params={"kind": file.kind},
                    files={"file": (file.file, content, "application/octet-stream")},
                    headers=self.headers(),
                ),
                before=lambda: content.seek(0),
            )
        if answer.status_code not in {200, 202}:
            raise _refused(file, answer)
        return str(answer.json()["import_id"])

    def follow(self, file: ManifestFile, number: str) -> Iterator[dict[str, Any]]:
        """What the service tells about an import until it is over."""
        url = f"{self.urls[file.service]}/v1/imports/{number}"
        while True:
            answer = _patiently(lambda: self.http.get(url, headers=self.headers()))
            if answer.status_code != 200:
                raise _refused(file, answer)
            told: dict[str, Any] = answer.json()
            yield told
            if told["state"] != "running":
                return
            time.sleep(POLL_SECONDS)


def _patiently(ask: Any, *, before: Any = lambda: None) -> httpx.Response:
    """Ask again while the service is away: the supervisor is bringing it back."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        before()
        try:
            answer: httpx.Response = ask()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise LocalError(
                    "服务没有应答，载入中断。", "The service does not answer; the load stopped."
                ) from None
        else:
            if answer.status_code not in {429, 502, 503} or time.monotonic() > deadline:
                return answer
        time.sleep(1)


def _refused(file: ManifestFile, answer: httpx.Response) -> LocalError:
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    reason = f"{answer.status_code} {problem.get('code', '')} {problem.get('detail', '')}".strip()
    return LocalError(
        f"导入 {file.file} 被拒绝（{reason}）。", f"Importing {file.file} was refused ({reason})."
    )


def _import_all(home: Home, status: Mapping[str, Any], manifest: Manifest, bars: Progress) -> None:
    issuer = Issuer(home.issuer, home.secrets / "issuer-key.json", status["urls"]["issuer"])
    with httpx.Client(timeout=120, verify=trust(ca_of(status)) or True) as http:
        importer = _Importer(http=http, urls=status["urls"], issuer=issuer)
        before = None
        for file in manifest.files:
            if before is not None and file.service != before:
                # It knows compounds only from the events of the files before, and refuses rows of unknown ones.
                asyncio.run(_catch_up(home, status, bars, service=file.service))
            before = file.service
            task = bars.add_task(f"导入 importing {file.file}", total=file.rows)
            _import(importer, file, home.town, bars, task)


def _import(importer: _Importer, file: ManifestFile, folder: Path, bars: Progress, task: TaskID) -> None:
    for told in importer.follow(file, importer.begin(file, folder)):
        bars.update(task, completed=told["rows_done"], total=told.get("rows_total") or file.rows)
        if told["state"] == "failed":
            reason = told.get("detail") or told.get("error") or ""
            raise LocalError(f"导入 {file.file} 失败：{reason}", f"Importing {file.file} failed: {reason}")
    bars.update(task, completed=bars.tasks[task].total)


# ---- waiting for the consumers


async def _catch_up(
    home: Home, status: Mapping[str, Any], bars: Progress, *, service: str | None = None
) -> None:
    """Until every consumer's position equals every producer's; of one service only when it is named."""
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    who = service or "consumers"
    task = bars.add_task(f"同步 {who} catching up", total=None)
    most, deadline = 0, time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < deadline:
        try:
            found = await positions(urls)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            await asyncio.sleep(1)
            continue
        behind = sum(lag.behind for lag in found.lags if service in {None, lag.service})
        most = max(most, behind, 1)
        bars.update(task, completed=most - behind, total=most)
        if behind == 0:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise LocalError(
        "各服务长时间未同步，请看 ./fangkong status。",
        "The consumers do not catch up; see ./fangkong status.",
    )
