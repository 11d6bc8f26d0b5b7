"""``./fangkong verify``: headquarters' read models beside the services' own rows, number by number.

Each service's database is read through connections that cannot write. While events are under way the two sides differ
by right, so what differs is looked at again once everything is applied, and only what still differs is a difference.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

import asyncpg
from rich.table import Table

from deploy.cli.restoring import show_held
from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.beyond import held_beyond
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from services.gate.store import facts as gate
from services.observation.store import facts as observation
from services.registry.store import facts as registry
from services.reporting.store import told
from services.sanitation.store import facts as sanitation
from shared.bus.lag import progress_seen
from shared.kernel.clock import SteppedClock

Connection = "asyncpg.Connection[asyncpg.Record]"
OWN: Mapping[str, ModuleType] = {
    "registry": registry,
    "observation": observation,
    "gate": gate,
    "sanitation": sanitation,
}
TITLES: Mapping[str, str] = {
    "PEOPLE": "人员 people",
    "RESIDENTS": "常住 residents",
    "PASSES_ACTIVE": "有效出入证 passes good now",
    "LEADS": "线索 leads",
    "LEADS_CLOSED": "已办结线索 leads closed",
    "SURVEY_FINAL": "排摸完成户 dwellings surveyed",
    "CASES_IN_FORCE": "在观察 cases in force by measure",
    "CASES": "观察个案 cases",
    "CHECKS": "人员查验 checks by day",
    "VEHICLES": "车辆查验 vehicles by day",
    "CASE_CONTACTS": "自述接触病例 contacts with a case told at gates",
    "DUTY_GAPS": "缺岗 duty gaps",
    "DUTY_GAP_MINUTES": "缺岗分钟 minutes of duty gaps",
    "DUTY_TURNS": "班次 turns of duty",
    "ON_DUTY": "在岗 on duty",
    "DEVICES": "在用设备 devices in service",
    "ROUNDS": "消杀 rounds by day",
    "PICKUPS": "隔离垃圾 isolation waste",
    "PICKUPS_DONE": "已交接 handed over",
}
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A number that is not the same on both sides."""

    count: str
    key: str
    facts: int
    told: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was compared, and what differs."""

    compared: Mapping[str, int]
    differences: tuple[Difference, ...]
    behind: int


def counts(module: ModuleType) -> list[str]:
    """The names of a service's numbers."""
    return [name for name in vars(module) if name.isupper()]


async def numbers(connection: Any, statement: str, now: datetime) -> dict[str, int]:
    """What a statement counts, by key; zeros left out."""
    rows = await connection.fetch(statement, *((now,) if "$1" in statement else ()))
    return {row["key"]: int(row["number"]) for row in rows if row["number"]}


async def compare(connections: Mapping[str, Any], now: datetime) -> Verified:
    """Every number once, as the databases stand."""
    compared: dict[str, int] = {}
    found: list[Difference] = []
    for service, module in OWN.items():
        for name in counts(module):
            facts = await numbers(connections[service], getattr(module, name), now)
            said = await numbers(connections["reporting"], getattr(told, name), now)
            compared[name] = len(facts.keys() | said.keys())
            found.extend(
                Difference(count=name, key=key, facts=facts.get(key, 0), told=said.get(key, 0))
                for key in sorted(facts.keys() | said.keys())
                if facts.get(key, 0) != said.get(key, 0)
            )
    behind = (await progress_seen(connections)).behind
    return Verified(compared=compared, differences=tuple(found), behind=behind)


async def verify(urls: Mapping[str, str], now: datetime, *, patience: float = PATIENCE_SECONDS) -> Verified:
    """Compare until nothing differs, or until what differs stays while everything is applied.

    Args:
        urls: service -> database.
        now: business time, by which passes are good.
        patience: for how many seconds events may be under way.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    async with AsyncExitStack() as open_ones:
        connections = {}
        for service, url in urls.items():
            connection = await asyncpg.connect(
                url, timeout=10, server_settings={"default_transaction_read_only": "on"}
            )
            open_ones.push_async_callback(connection.close)
            connections[service] = connection
        before = await compare(connections, now)
        while before.differences:
            again = await compare(connections, now)
            settled = before.behind == 0 and again.differences == before.differences
            if settled or loop.time() > end:
                return again
            before = again
            await asyncio.sleep(0.5)
        return before


def verify_table(home: Home, status: Mapping[str, Any]) -> bool:
    """Print what was compared and every difference; returns whether there was none."""
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    with out.status("核对… [dim]verifying[/dim]"):
        found = asyncio.run(verify(urls, SteppedClock(home.clock).now()))
    table = Table(title="看板与各服务事实 the board beside the services' own rows", box=None)
    for column, justify in (("数 count", "left"), ("项 compared", "right"), ("不符 differ", "right")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    for name, compared in found.compared.items():
        differ = sum(one.count == name for one in found.differences)
        table.add_row(TITLES[name], f"{compared:,}", f"[red]{differ:,}[/red]" if differ else "0")
    out.print(table)
    for one in found.differences:
        out.print(
            f"{TITLES[one.count]} · {one.key}: 事实 facts {one.facts:,}, 看板 board {one.told:,}",
            soft_wrap=True,
        )
    if found.behind:
        say(
            f"还有 {found.behind:,} 条事件未处理，不符可能只是延迟。",
            f"{found.behind:,} events are still under way: a difference may be just that.",
        )
    if held := asyncio.run(held_beyond(urls)):
        show_held(held)  # a difference may be just that
    if found.differences:
        say(f"不符 {len(found.differences):,} 项。", f"{len(found.differences):,} numbers differ.")
    else:
        say("全部一致。", "Everything agrees.")
    return not found.differences
