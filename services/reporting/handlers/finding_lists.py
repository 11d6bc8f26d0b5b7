"""Findings as people read them: a list with clocks, and a bulletin by unit (screens 4.14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

import asyncpg

from services.reporting.domain import evidence_texts
from services.reporting.domain.finding_texts import ESCALATED_TO, OUTCOMES, RULES, STATES
from services.reporting.domain.findings import escalations
from services.reporting.handlers.finding_acts import NOTE
from services.reporting.store import finding_custody as store
from services.reporting.store import policy
from services.reporting.store.finding_custody import Within
from shared.audit.noting import note_reads
from shared.db.pool import Conn, Tx
from shared.events.policy_supervision import EscalationStep, FindingRule, SupervisionRules
from shared.kernel.cells import Cell
from shared.kernel.days import SHANGHAI
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import unseal
from shared.kernel.tables import Table

ListState = Literal["open", "to_review", "closed"]
HEADER: Final = (
    "单位",
    "小区",
    "小区编号",
    "事项",
    "依据条款",
    "情况",
    "证据",
    "发现时间",
    "发现人",
    "责任岗位",
    "责任人代号",
    "整改期限",
    "状态",
    "升级至",
    "申辩次数",
    "办理人",
    "复核人",
    "结果",
    "办结时间",
)
_NUMERALS: Final = "一二三四五六七八九"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which findings are wanted; None: all. `state` open: whatever is not closed."""

    state: ListState
    rule: FindingRule | None = None
    compound: str | None = None
    unit: str | None = None
    owner: UUID | None = None
    escalated: bool = False


async def supervision_rules(conn: Conn, day: date) -> SupervisionRules | None:
    """The policy's section of a day; None while there is none."""
    found = await policy.of_day(conn, day)
    return found[1].supervision if found else None


async def findings_of(
    conn: Conn,
    within: Within,
    wanted: Filter,
    *,
    steps: Sequence[EscalationStep],
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """What is not closed, the first due before the others; or what is closed, the newest before the others."""
    seen = after or (None, None)
    places = (list(within.compounds) if within.compounds is not None else None, list(within.units))
    about = (wanted.rule, wanted.compound, wanted.unit, wanted.owner)
    if wanted.state == "closed":
        return [] if wanted.escalated else await conn.fetch(store.CLOSED, *places, *about, *seen, limit)
    up_to = None
    if wanted.escalated:
        if not steps:
            return []
        up_to = now - timedelta(hours=steps[0].after_hours)
    state = "to_review" if wanted.state == "to_review" else None
    return await conn.fetch(store.NOT_CLOSED, *places, state, *about, up_to, *seen, limit)


async def told(conn: Conn, finding_id: UUID) -> tuple[asyncpg.Record, Sequence[asyncpg.Record]]:
    """A finding that is there, with everything that happened to it, in order."""
    row = await conn.fetchrow(store.TOLD, finding_id)
    assert row is not None  # noqa: S101 -- whoever asks has seen it in this view
    return row, await conn.fetch(store.ACTS, finding_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """What a bulletin tells, by unit, as it stood at an instant."""

    rows: Sequence[asyncpg.Record]
    steps: Sequence[EscalationStep]
    at: datetime


async def bulletin(tx: Tx, within: Within, *, only_open: bool, days: int, role: str, scope: str) -> Bulletin:
    """What is not closed, and what was closed in so many days; the reading of the texts is written down."""
    rules = await supervision_rules(tx, tx.today)
    places = (list(within.compounds) if within.compounds is not None else None, list(within.units))
    rows = await tx.fetch(store.BULLETIN, *places, only_open, tx.now - timedelta(days=days))
    await note_reads(tx, role=role, action="finding_export", refs=[], scope=scope)
    return Bulletin(rows=rows, steps=rules.escalation if rules else (), at=tx.now)


async def bulletin_table(told_of: Bulletin, *, vault: Vault) -> Table:
    """The bulletin as a sheet."""
    await _open_notes(told_of, vault)
    rows = [await _cells(row, told_of, vault) for row in told_of.rows]
    return Table(name="督查通报", header=HEADER, rows=rows)


async def bulletin_text(told_of: Bulletin, *, vault: Vault) -> str:
    """The bulletin as such papers are written: unit by unit, 一是, 二是, each with clause, deadline and who answers."""
    await _open_notes(told_of, vault)
    at = told_of.at.astimezone(SHANGHAI)
    lines = ["督查通报", "", f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"]
    for nth, (_, of_unit) in enumerate(groupby(told_of.rows, key=lambda row: row["unit"]), start=1):
        found = list(of_unit)
        left = sum(row["state"] != "closed" for row in found)
        overdue = sum(row["state"] == "open" and row["due_at"] <= told_of.at for row in found)
        lines += [
            "",
            f"{numeral(nth)}、{_unit(found[0])}（共 {len(found)} 项，未办结 {left} 项，逾期 {overdue} 项）",
        ]
        for number, row in enumerate(found, start=1):
            lines.append(f"{numeral(number)}是{await _sentence(row, told_of, vault)}")
    if not told_of.rows:
        lines += ["", "无督查事项。"]
    return "\r\n".join(lines) + "\r\n"


async def _open_notes(told_of: Bulletin, vault: Vault) -> None:
    """The keys of all texts at once."""
    await vault.keys([row["key_ref"] for row in told_of.rows if row["note_sealed"] is not None])


def numeral(number: int) -> str:
    """A number from 1 to 99 as Chinese papers count; beyond that in figures."""
    tens, ones = divmod(number, 10)
    if not tens + ones > 0 or tens > len(_NUMERALS):
        return str(number)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens - 1]}十"
    return head + (_NUMERALS[ones - 1] if ones else "")


async def _cells(row: asyncpg.Record, told_of: Bulletin, vault: Vault) -> list[Cell]:
    return [
        _unit(row),
        row["name"],
        row["compound"],
        _title(row),
        row["basis"],
        await _note(row, vault),
        evidence_text(row["evidence"]),
        _clock(row["opened_at"]),
        row["found_by"] or "系统",
        row["owner_role"] or "未指定",
        str(row["owner_ref"]) if row["owner_ref"] else None,
        _clock(row["due_at"]),
        STATES[row["state"]].zh,
        _escalated(row, told_of),
        row["replies"],
        row["settled_by"],
        row["reviewed_by"],
        _outcome(row),
        _clock(row["closed_at"]),
    ]


async def _sentence(row: asyncpg.Record, told_of: Bulletin, vault: Vault) -> str:
    parts = [f"{row['name'] or row['compound'] or _unit(row)}：{_title(row)}"]
    if note := await _note(row, vault):
        parts.append(note.rstrip("。"))
    if shown := evidence_text(row["evidence"]):
        parts.append(shown)
    parts.append(f"依据：{row['basis']}")
    parts.append(f"发现：{_clock(row['opened_at'])}（{'现场' if row['found_by'] else '系统'}）")
    parts.append(f"责任岗位：{row['owner_role'] or '未指定'}")
    if row["state"] == "closed":
        parts.append(f"{_clock(row['closed_at'])} 办结（{_outcome(row)}）")
    else:
        up = _escalated(row, told_of)
        parts.append(
            f"限 {_clock(row['due_at'])}{f'，已升级至{up}' if up else ''}，{STATES[row['state']].zh}"
        )
    return "；".join(parts) + "。"


def evidence_text(evidence: Mapping[str, object]) -> str:
    """What the finding rests on in one line, as the bulletin has it."""
    found = evidence_texts.told(evidence, english=False, clock=lambda at: f"{_clock(at)}")
    return "，".join(f"{label} {text}" for label, text in found)


def _unit(row: asyncpg.Record) -> str:
    name: str = row["unit_name"] or row["unit"] or "全镇"
    return name


def _title(row: asyncpg.Record) -> str:
    return row["title"] or RULES[row["rule"]].zh


async def _note(row: asyncpg.Record, vault: Vault) -> str | None:
    return await unseal(vault, row["key_ref"], NOTE, row["note_sealed"])


def _escalated(row: asyncpg.Record, told_of: Bulletin) -> str:
    reached = escalations(row["state"], row["due_at"], told_of.steps, told_of.at)
    return ESCALATED_TO[reached[-1].to].zh if reached else ""


def _outcome(row: asyncpg.Record) -> str:
    if row["outcome"]:
        return OUTCOMES[row["outcome"]].zh
    return "事实消除" if row["closed_by"] == "facts" else ""


def _clock(instant: datetime | None) -> str | None:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else None
