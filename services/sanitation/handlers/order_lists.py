"""Orders as people read them: a list with clocks, one with its custody, and a bulletin by unit (screens 4.14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.sanitation.domain.orders import Source, State
from services.sanitation.handlers.orders import NOTE
from services.sanitation.store import orders as store
from shared.audit.noting import note_reads
from shared.db.pool import Conn, Tx
from shared.events.policy_inspections import Inspected
from shared.kernel.cells import Cell
from shared.kernel.days import SHANGHAI
from shared.kernel.ids import CompoundId
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import unseal
from shared.kernel.tables import Table

HEADER: Final = (
    "小区",
    "小区编号",
    "来源",
    "对象",
    "对象编号",
    "事项",
    "依据",
    "情况",
    "发现时间",
    "发现人",
    "整改期限",
    "状态",
    "逾期级别",
    "整改时间",
    "整改人",
    "整改照片",
    "申辩次数",
    "复核时间",
    "复核人",
)
_SOURCES: Final[dict[Source, str]] = {
    "inspection": "现场检查",
    "spot_check": "抽查",
    "report": "群众反映",
    "manual": "督查交办",
}
_INSPECTED: Final[dict[Inspected, str]] = {
    "site": "消杀点位",
    "venue": "室内场所",
    "property_company": "物业公司",
    "post": "卡口",
    "round": "消杀记录",
}
_STATES: Final[dict[State, str]] = {
    "ordered": "待整改",
    "mended": "待复核",
    "rectified": "已整改",
    "withdrawn": "已撤销",
    "handed_to_discipline": "移交纪检",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which orders are wanted; None: all."""

    state: State | None
    open: bool | None
    overdue: bool | None
    inspected: Inspected | None


async def orders_of(
    conn: Conn,
    compounds: Sequence[CompoundId],
    wanted: Filter,
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Orders of compounds, the one that is due first before the others."""
    due_at, order_id = after or (None, None)
    return await conn.fetch(
        store.ORDERS,
        list(compounds),
        wanted.state,
        wanted.open,
        wanted.overdue,
        now,
        wanted.inspected,
        due_at,
        order_id,
        limit,
    )


async def bulletin(
    tx: Tx, compounds: Sequence[CompoundId], *, only_open: bool, role: str, scope: str, vault: Vault
) -> Table:
    """Every order of these compounds, by compound, the oldest first; the reading of the texts is written down."""
    rows = await store.export(tx, compounds, only_open=only_open)
    await note_reads(tx, role=role, action="order_export", refs=[], scope=scope)
    await vault.keys([row["key_ref"] for row in rows if row["note_sealed"] is not None])
    return Table(name="督查通报", header=HEADER, rows=[await _line(row, vault) for row in rows])


async def _line(row: asyncpg.Record, vault: Vault) -> list[Cell]:
    return [
        row["name"],
        row["compound"],
        _SOURCES[row["source"]],
        _INSPECTED[row["inspected"]] if row["inspected"] else "",
        row["subject"],
        row["title"],
        row["basis"],
        await unseal(vault, row["key_ref"], NOTE, row["note_sealed"]),
        _clock(row["ordered_at"]),
        row["found_by"],
        _clock(row["due_at"]),
        _STATES[row["state"]],
        row["level"],
        _clock(row["mended_at"]),
        row["mended_by"],
        "有" if row["shown"] else "",
        row["replies"],
        _clock(row["settled_at"]),
        row["settled_by"],
    ]


def _clock(instant: datetime | None) -> str | None:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else None
