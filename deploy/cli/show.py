"""What people see of a running stack: the panel, the status table, the logs."""

import asyncio
import os
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from deploy.cli.restoring import show_held
from deploy.cli.stack import ca_of
from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.beyond import Held, held_beyond
from deploy.local.children import memory_of
from deploy.local.issuer import ROLES
from deploy.local.names import SERVICES, TITLES
from deploy.local.probe import status_of, trust
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT, Home
from shared.bus.lag import progress

STATES = {
    "ready": "[green]就绪 ready[/green]",
    "starting": "[yellow]启动中 starting[/yellow]",
    "waiting": "[yellow]等待重启 restarting[/yellow]",
    "held": "[yellow]停着，正在恢复 held[/yellow]",
    "failing": "[red]失败 failing[/red]",
}


PURPOSES = {
    "registry": "小区、地址、人员、导入、首返登记、出入证 compounds, people, imports, returnees, passes",
    "gate": "卡口设备、进出核验 devices, checks at the gate",
    "observation": "观察个案、早晚申报 cases, declarations",
    "sanitation": "消杀点位、消杀与通风记录、隔离户垃圾收运 sites, rounds, airing, isolation waste",
    "reporting": "指挥部页面、看板、观察名册 pages of headquarters, the board, the observation roll",
    "issuer": "签发令牌 (OIDC) signs everybody's tokens",
}


def panel(home: Home, status: Mapping[str, Any]) -> None:
    """Addresses and what they are for, accounts, and a first thing to try."""
    table = Table.grid(padding=(0, 2))
    for name in (*SERVICES, "issuer"):
        zh, en = TITLES[name]
        table.add_row(f"{zh}\n[dim]{en}[/dim]", f"{status['urls'][name]}\n[dim]{PURPOSES[name]}[/dim]")
    table.add_row("")
    table.add_row(
        "接口\n[dim]APIs[/dim]",
        "五个服务都有 JSON over HTTP，说明在 /openapi.json\n[dim]the five services tell theirs there[/dim]",
    )
    table.add_row(
        "门岗页面\n[dim]guard's page[/dim]",
        f"{status['urls']['gate']}/guard/\n[dim]登记 enrol a phone: ./fangkong device lj-001-k1[/dim]",
    )
    table.add_row(
        "账号\n[dim]accounts[/dim]",
        f"无需密码 no password: ./fangkong token ROLE\n[dim]{', '.join(ROLES)}[/dim]",
    )
    if status.get("ca"):
        table.add_row("手机证书\n[dim]CA for phones[/dim]", status["ca"])
    table.add_row("日志\n[dim]logs[/dim]", str(home.logs))
    out.print(Panel(table, title="防控 fangkong", border_style="green", expand=False))


def _command(home: Home) -> Callable[[str], str]:
    """How a command is typed from where the person stands, for this home."""
    here = os.environ.get("FANGKONG_CWD", str(PROJECT)) == str(PROJECT)
    program = "./fangkong" if here else shlex.quote(str(PROJECT / "fangkong"))
    usual = home.path == PROJECT / ".fangkong"
    return lambda name: (
        f"{program} {name}" if usual else f"{program} {name} --home {shlex.quote(str(home.path))}"
    )


def first_thing(home: Home, status: Mapping[str, Any], *, loaded: bool) -> None:
    """Commands to copy, outside of any frame: lines to copy are never broken."""
    say("先试试", "try first:")
    run = _command(home)
    lines = [
        ("陪一位返回人员走完全程", "one returnee, from arrival to the gate", run("walk")),
        (
            "指挥部实时板：在浏览器打开，选一个账号",
            "HQ's live board: open it in a browser and choose an account",
            f"{status['urls']['reporting']}/board",
        ),
        (
            "各岗位的首页：社区、网格、消杀、督查、指挥部",
            "where each role begins: desk, grid, sanitation, supervision, headquarters",
            f"{status['urls']['registry']}/",
        ),
        ("居民入口", "where residents begin", f"{status['urls']['registry']}/residents"),
    ]
    for zh, en, line in lines if loaded else lines[1:]:
        out.print(f"  {zh} [dim]{en}[/dim]")
        out.print(f"    [bold]{escape(line)}[/bold]", soft_wrap=True)


Seen = tuple[dict[str, int], dict[str, int] | None, list[Held]]
"""What each service answers, how many events it has still to apply (None: unknown now), and what is held beyond."""


async def _look(home: Home, status: Mapping[str, Any]) -> Seen:
    """Look at everything once."""
    tls = trust(ca_of(status))
    scheme = "https" if tls else "http"
    ports: dict[str, int] = status["ports"]
    urls = {name: f"{scheme}://127.0.0.1:{ports[name]}/readyz" for name in (*SERVICES, "issuer")}
    codes = dict(
        zip(urls, await asyncio.gather(*(status_of(url, tls) for url in urls.values())), strict=True)
    )
    own = databases.app_urls(ports["postgres"], Secrets(folder=home.secrets))
    try:
        return codes, await _backlog(own), await held_beyond(own)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return codes, None, []


async def _backlog(urls: Mapping[str, str]) -> dict[str, int]:
    found = await progress(urls)
    behind = dict.fromkeys(SERVICES, 0)
    for lag in found.lags:
        behind[lag.service] = behind.get(lag.service, 0) + lag.behind
    return behind


def status_table(home: Home, status: Mapping[str, Any]) -> bool:
    """Print every process; returns whether all are ready."""
    codes, behind, held = asyncio.run(_look(home, status))
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
    if held:
        show_held(held)
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
