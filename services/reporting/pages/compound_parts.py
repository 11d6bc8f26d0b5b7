"""The parts of a compound's page: today against what is due, the week, and the list behind it (screens.md 4.13).

Nobody is named: people are pseudonyms here, and whoever has to know more opens the person in the registry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.reporting.access import ACCESS
from services.reporting.domain.board import Line
from services.reporting.pages.board import Days, days_of
from services.reporting.pages.columns import Level
from services.reporting.store import duty as duty_store
from services.reporting.store import entry_flow
from services.reporting.store import gates as gate_store
from services.reporting.store import inspections as inspection_store
from services.reporting.store import leads as lead_store
from services.reporting.store import observation_roll as roll_store
from services.reporting.store import policy as policy_store
from services.reporting.store import postings as posting_store
from services.reporting.store import sanitation_compliance as compliance_store
from services.reporting.store import waste_chain as waste_store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Principal
from shared.kernel.days import end_of, start_of
from shared.pages.figures import number, share
from shared.pages.languages import N_

TABS: Mapping[str, str] = {
    "gate": N_("门岗"),
    "observation": N_("观察"),
    "survey": N_("排摸"),
    "sanitation": N_("消毒垃圾"),
    "duty": N_("值班"),
    "leads": N_("线索"),
    "supervision": N_("督查"),
}
SHOWN_CASES = 100
WEEK = 7
_WEEK_OF: Mapping[str, Mapping[str, str]] = {
    "gate": {
        "entries": N_("进"),
        "exits": N_("出"),
        "refused": N_("拒"),
        "fever": N_("发热"),
        "case_contacts": N_("自述接触病例"),
        "quarantine_exits": N_("居家隔离外出"),
    },
    "observation": {
        "observations_started": N_("新增观察"),
        "observations_released": N_("解除观察"),
        "declared": N_("申报"),
        "declarations_missed": N_("未报窗口"),
    },
    "sanitation": {
        "rounds_counted": N_("消毒轮次"),
        "rounds_missed": N_("缺轮次"),
        "pickups_done": N_("已收"),
        "pickups_missed": N_("漏收"),
    },
    "duty": {"duty_gap_minutes": N_("缺岗分钟")},
    "leads": {"leads_received": N_("收到"), "leads_closed": N_("办结")},
}
"""What is shown of the last days in each part: figure of the series -> its name."""
_BEFORE_ALL = date(1900, 1, 1), UUID(int=0)
_NO_INSPECTIONS = {"inspections": 0, "passed": 0, "flagged": 0, "failed": 0, "spot_checks": 0}
_NO_LEADS = {"received": 0, "open": 0, "overdue": 0, "valid": 0, "duplicates": 0}
_NO_WASTE = {"pickups": 0, "done": 0, "missed": 0, "overdue": 0, "bags": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure with its name, source text."""

    label: str
    text: str
    level: Level = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: its figures, and rows that its own template lays out.

    Attributes:
        closed: the caller's role may see counts only.
    """

    facts: Sequence[Fact]
    rows: Sequence[Any] = ()
    hours: Mapping[str, Sequence[int]] | None = None
    more: int = 0
    week: Sequence[tuple[str, Days]] = ()
    closed: bool = False


async def read(conn: Conn, context: Context, who: Principal, tab: str, line: Line) -> Part:
    """One part of a compound's page."""
    part = await _READERS[tab](conn, context, who, line)
    if part.closed and not part.facts:
        return part
    clock = context.clock
    week = await days_of(conn, _WEEK_OF.get(tab, {}), clock.today(), WEEK, [line.compound], now=clock.now())
    return replace(part, week=week)


async def _gate(conn: Conn, context: Context, _who: Principal, line: Line) -> Part:
    one, day = line.figures, context.clock.today()
    rows = {row["hour"]: row for row in await conn.fetch(entry_flow.FLOW_OF_COMPOUND, day, line.compound)}
    return Part(
        facts=(
            Fact(label=N_("进"), text=number(one.entries)),
            Fact(label=N_("出"), text=number(one.exits)),
            Fact(label=N_("拒"), text=number(one.refused)),
            Fact(label=N_("查不了"), text=number(one.cannot_verify)),
            Fact(label=N_("发热"), text=number(one.fever), level="bad" if one.fever else ""),
            Fact(
                label=N_("自述接触病例"),
                text=number(one.case_contacts),
                level="bad" if one.case_contacts else "",
            ),
            Fact(
                label=N_("居家隔离外出"),
                text=number(one.quarantine_exits),
                level="warn" if one.quarantine_exits else "",
            ),
            Fact(
                label=N_("其中放行"),
                text=number(one.quarantine_left),
                level="bad" if one.quarantine_left else "",
            ),
            Fact(label=N_("车辆进"), text=number(one.vehicles_in)),
            Fact(label=N_("车辆出"), text=number(one.vehicles_out)),
            Fact(label=N_("有效出入证"), text=number(one.passes_active)),
        ),
        rows=await conn.fetch(
            gate_store.DEVICES_OF_COMPOUND, line.compound, await _heard_since(conn, context, day)
        ),
        hours={
            name: [rows[hour][name] if hour in rows else 0 for hour in range(24)]
            for name in ("entries", "exits", "refused")
        },
    )


async def _heard_since(conn: Conn, context: Context, day: date) -> datetime | None:
    policy = await policy_store.of_day(conn, day)
    devices = policy[1].gate.devices if policy else None
    return context.clock.real_now() - timedelta(seconds=devices.quiet_after_seconds) if devices else None


async def _observation(conn: Conn, context: Context, who: Principal, line: Line) -> Part:
    one, day = line.figures, context.clock.today()
    facts = (
        Fact(label=N_("在观察"), text=number(one.under_observation)),
        Fact(
            label=N_("连续未报"), text=number(one.missed_streaks), level="bad" if one.missed_streaks else ""
        ),
        Fact(
            label=N_("期满待核"),
            text=number(one.awaiting_closure),
            level="warn" if one.awaiting_closure else "",
        ),
    )
    if not who.has(*ACCESS["GET /v1/observation-roll"]):
        return Part(facts=facts, closed=True)
    found: list[Any] = []
    for state in ("awaiting_closure", "interrupted", "active"):
        found += await conn.fetch(roll_store.ROLL, day, [line.compound], state, *_BEFORE_ALL, SHOWN_CASES + 1)
    found.sort(key=lambda row: (-row["streak"], row["last_day"], row["case_id"]))
    return Part(
        facts=facts,
        rows=[dict(row) | {"day_number": (day - row["anchor_date"]).days} for row in found[:SHOWN_CASES]],
        more=max(0, one.under_observation - SHOWN_CASES),
    )


async def _survey(_conn: Conn, _context: Context, _who: Principal, line: Line) -> Part:
    one = line.figures
    return Part(
        facts=(
            Fact(label=N_("应排摸户"), text=number(one.survey_dwellings)),
            Fact(label=N_("已有结果"), text=number(one.survey_final)),
            Fact(label=N_("完成"), text=share(one.survey_final, one.survey_dwellings)),
            Fact(
                label=N_("矛盾"),
                text=number(one.survey_conflicts),
                level="warn" if one.survey_conflicts else "",
            ),
            Fact(label=N_("地址数"), text=number(one.dwellings)),
            Fact(label=N_("住户"), text=number(one.households)),
            Fact(label=N_("登记人数"), text=number(one.people)),
            Fact(label=N_("常住人数"), text=number(one.residents)),
        )
    )


async def _sanitation(conn: Conn, context: Context, _who: Principal, line: Line) -> Part:
    one, day = line.figures, context.clock.today()
    waste = _NO_WASTE | await _line_of(conn, line, waste_store.WASTE_OF_DAY, day, context.clock.now())
    missed = await conn.fetch(compliance_store.MISSED_OF_DAY, day - timedelta(days=1))
    return Part(
        facts=(
            Fact(label=N_("点位"), text=number(one.sites)),
            Fact(label=N_("应做"), text=number(one.rounds_required)),
            Fact(label=N_("已计"), text=number(one.rounds_counted)),
            Fact(label=N_("完成"), text=share(one.rounds_counted, one.rounds_required)),
            Fact(label=N_("浓度不符"), text=number(one.rounds_outside_range)),
            Fact(label=N_("今日应收垃圾"), text=number(waste["pickups"])),
            Fact(label=N_("已收"), text=number(waste["done"])),
            Fact(
                label=N_("漏收"),
                text=number(waste["missed"] + waste["overdue"]),
                level="bad" if waste["missed"] + waste["overdue"] else "",
            ),
        ),
        rows=[row for row in missed if row["compound"] == line.compound and row["sites_short"]],
    )


async def _duty(conn: Conn, context: Context, _who: Principal, line: Line) -> Part:
    one, day, now = line.figures, context.clock.today(), context.clock.now()
    serving = [
        Fact(label=f"worker.{row['kind']}", text=number(row["workers"]))
        for row in await conn.fetch(posting_store.SERVING_ON, day)
        if row["compound"] == line.compound
    ]
    return Part(
        facts=(
            Fact(label=N_("在岗人数"), text=number(one.on_duty)),
            Fact(label=N_("缺岗"), text=number(one.duty_gaps), level="bad" if one.duty_gaps else ""),
            Fact(label=N_("缺岗分钟"), text=number(one.duty_gap_minutes)),
            *serving,
        ),
        rows=await conn.fetch(duty_store.GAPS_OF_COMPOUND, line.compound, start_of(day), end_of(day), now),
    )


async def _leads(conn: Conn, context: Context, who: Principal, line: Line) -> Part:
    if not who.has(*ACCESS["GET /v1/leads"]):
        return Part(facts=(), closed=True)
    found = _NO_LEADS | await _line_of(conn, line, lead_store.LEADS_AS_OF, context.clock.now())
    return Part(
        facts=(
            Fact(label=N_("收到"), text=number(found["received"])),
            Fact(label=N_("办理中"), text=number(found["open"])),
            Fact(label=N_("超期"), text=number(found["overdue"]), level="bad" if found["overdue"] else ""),
            Fact(label=N_("属实"), text=number(found["valid"])),
            Fact(label=N_("重复"), text=number(found["duplicates"])),
        )
    )


async def _supervision(conn: Conn, context: Context, _who: Principal, line: Line) -> Part:
    one, day = line.figures, context.clock.today()
    week = _NO_INSPECTIONS | await _line_of(
        conn, line, inspection_store.INSPECTIONS_BETWEEN, day - timedelta(days=6), day
    )
    return Part(
        facts=(
            Fact(label=N_("整改中"), text=number(one.orders_open)),
            Fact(
                label=N_("整改超期"),
                text=number(one.orders_overdue),
                level="bad" if one.orders_overdue else "",
            ),
            Fact(
                label=N_("违规营业"),
                text=number(one.venues_found_open),
                level="warn" if one.venues_found_open else "",
            ),
            Fact(label=N_("近7天检查"), text=number(week["inspections"])),
            Fact(label=N_("合格"), text=number(week["passed"])),
            Fact(label=N_("提示"), text=number(week["flagged"])),
            Fact(label=N_("不合格"), text=number(week["failed"])),
        ),
        rows=await conn.fetch(inspection_store.ORDERS_OF_COMPOUND, line.compound, context.clock.now()),
    )


async def _line_of(conn: Conn, line: Line, statement: str, *args: object) -> dict[str, Any]:
    """A compound's row of a statement that tells all compounds; nothing where it has none."""
    rows = await conn.fetch(statement, *args)
    return next((dict(row) for row in rows if row["compound"] == line.compound), {})


_READERS = {
    "gate": _gate,
    "observation": _observation,
    "survey": _survey,
    "sanitation": _sanitation,
    "duty": _duty,
    "leads": _leads,
    "supervision": _supervision,
}
