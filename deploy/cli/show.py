"""What people see of a running stack: the panel, the status table, the logs."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.panel import Panel
from rich.table import Table

from deploy.cli.stack import ca_of
from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.children import memory_of
from deploy.local.issuer import ROLES
from deploy.local.names import SERVICES, TITLES
from deploy.local.probe import status_of, trust
from deploy.local.secrets import Secrets
from deploy.local.state import Home

STATES = {
    "ready": "[green]就绪 ready[/green]",
    "starting": "[yellow]启动中 starting[/yellow]",
    "waiting": "[yellow]等待重启 restarting[/yellow]",
    "failing": "[red]失败 failing[/red]",
}


def panel(home: Home, status: Mapping[str, Any]) -> None:
    """Addresses, accounts and a first thing to try."""
    table = Table.grid(padding=(0, 2))
    for service in SERVICES:
        zh, en = TITLES[service]
        table.add_row(zh, f"[dim]{en}[/dim]", status["urls"][service])
    zh, en = TITLES["issuer"]
    table.add_row(zh, f"[dim]{en}[/dim]", status["urls"]["issuer"])
    table.add_row("")
    roles = ", ".join(ROLES)
    table.add_row(
        "账号", "[dim]accounts[/dim]", f"每种角色一个，无需密码 one per role, no password:\n{roles}"
    )
    if status.get("ca"):
        table.add_row("手机证书", "[dim]CA for phones[/dim]", status["ca"])
    table.add_row("日志", "[dim]logs[/dim]", str(home.logs))
    out.print(Panel(table, title="防控 fangkong", border_style="green", expand=False))
    say("先试试", "try first:")
    for line in first_thing(status):
        out.print(f"  {line}", soft_wrap=True)  # outside the frame: lines to copy are never broken


def first_thing(status: Mapping[str, Any]) -> list[str]:
    """Commands to copy: HQ's board as the officer on duty sees it."""
    insecure = f" --cacert '{status['ca']}'" if status.get("ca") else ""
    signed = '-H "Authorization: Bearer $(./fangkong token hq_officer)"'
    return [
        "./fangkong status",
        f"curl -s{insecure} {signed} {status['urls']['reporting']}/v1/board",
    ]


async def _look(home: Home, status: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int] | None]:
    """What each service answers, and how many events each has still to apply (None: unknown now)."""
    tls = trust(ca_of(status))
    scheme = "https" if tls else "http"
    ports: dict[str, int] = status["ports"]
    urls = {name: f"{scheme}://127.0.0.1:{ports[name]}/readyz" for name in (*SERVICES, "issuer")}
    codes = dict(
        zip(urls, await asyncio.gather(*(status_of(url, tls) for url in urls.values())), strict=True)
    )
    return codes, await _backlog(home, ports["postgres"])


async def _backlog(home: Home, port: int) -> dict[str, int] | None:
    import asyncpg  # noqa: PLC0415  # only this command needs the driver

    from shared.bus.lag import progress  # noqa: PLC0415

    try:
        found = await progress(databases.app_urls(port, Secrets(folder=home.secrets)))
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    behind = dict.fromkeys(SERVICES, 0)
    for lag in found.lags:
        behind[lag.service] = behind.get(lag.service, 0) + lag.behind
    return behind


def status_table(home: Home, status: Mapping[str, Any]) -> bool:
    """Print every process; returns whether all are ready."""
    codes, behind = asyncio.run(_look(home, status))
    table = Table(title=f"防控 fangkong · {home.path}")
    for zh, en in (
        ("进程", "process"),
        ("PID", ""),
        ("端口", "port"),
        ("状态", "state"),
        ("重启", "restarts"),
        ("内存", "memory"),
        ("待处理", "backlog"),
    ):
        numeric = zh in {"PID", "端口", "重启", "内存", "待处理"}
        table.add_column(f"{zh}\n{en}", justify="right" if numeric else "left")
    total, well = 0, True
    supervisor = {"supervisor": {"pid": status["pid"], "state": "ready", "restarts": 0}}
    for name, child in (supervisor | status["children"]).items():
        memory = _own_memory(name, child)
        total += memory
        state = child["state"]
        if state == "ready" and codes.get(name, 200) != 200:
            state = "failing"
        well = well and state == "ready"
        table.add_row(
            name,
            str(child.get("pid") or "–"),
            str(child.get("port", "")),
            STATES.get(state, state),
            str(child["restarts"]),
            f"{memory / 1e6:.0f} MB",
            _count(behind, name),
        )
    table.add_section()
    table.add_row("合计 total", "", "", "", "", f"{total / 1e6:.0f} MB", _count(behind, None))
    out.print(table)
    return well


def _own_memory(name: str, child: Mapping[str, Any]) -> int:
    """The supervisor's descendants have rows of their own."""
    pid = child.get("pid", 0)
    return memory_of(pid, descendants=name != "supervisor") if pid else 0


def _count(behind: Mapping[str, int] | None, name: str | None) -> str:
    if behind is None:
        return "?" if name in {None, *SERVICES} else ""
    if name is None:
        return f"{sum(behind.values()):,}"
    return f"{behind[name]:,}" if name in behind else ""


def print_logs(home: Home, name: str | None, *, follow: bool, lines: int) -> None:
    """Print the last lines of one log or of all, and what is added when following."""
    files = sorted(home.logs.glob("*.log")) if name is None else [home.logs / f"{name}.log"]
    width = max((len(file.stem) for file in files), default=0)

    def label(file: Path) -> str:
        return f"{file.stem:<{width}} | " if name is None else ""

    places: dict[Path, int] = {}
    for file in files:
        if file.exists():
            with file.open(errors="replace") as log:
                for line in deque(log, maxlen=lines):
                    print(label(file) + line, end="" if line.endswith("\n") else "\n")
                places[file] = log.tell()
    while follow:
        for file in files:
            for line in _added(file, places):
                print(label(file) + line, end="", flush=True)
        time.sleep(0.3)


def _added(file: Path, places: dict[Path, int]) -> Iterator[str]:
    if not file.exists():
        return
    size = file.stat().st_size
    if size < places.get(file, 0):
        places[file] = 0  # put aside and begun anew
    with file.open(errors="replace") as log:
        log.seek(places.get(file, 0), os.SEEK_SET)
        while (line := log.readline()).endswith("\n"):
            places[file] = log.tell()
            yield line
