"""What a property company answers for in a compound: orders, rounds, inspections, spot checks, reports (R5.4)."""

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import property_record as store
from shared.db.pool import Conn, Tx
from shared.http.access import Principal
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A compound's record over some days, and the companies that answered for it then."""

    companies: list[asyncpg.Record]
    orders: asyncpg.Record
    items: list[asyncpg.Record]
    rounds: asyncpg.Record
    inspections: list[asyncpg.Record]
    reports: asyncpg.Record


async def name_company(compound: CompoundId, name: str, from_day: date, *, who: Principal, tx: Tx) -> None:
    """Say which company answers for a compound from a day on; the same again changes nothing.

    Raises:
        OutOfScope, CompoundUnknown: see `require_compound`.
    """
    await require_compound(tx, who, compound)
    await tx.execute(store.NAME_COMPANY, compound, from_day, name, tx.now, tx.actor)


async def record(conn: Conn, compound: CompoundId, *, first: date, last: date, now: datetime) -> Record:
    """What a compound's days come to: orders and inspections by when they began, rounds of closed days."""
    begin, end = start_of(first), end_of(last)
    orders = await conn.fetchrow(store.ORDERS, compound, begin, end, now)
    rounds = await conn.fetchrow(store.ROUNDS, compound, first, last)
    reports = await conn.fetchrow(store.REPORTS, compound, begin, end)
    assert orders is not None  # noqa: S101 -- counts are always one row
    assert rounds is not None  # noqa: S101 -- counts are always one row
    assert reports is not None  # noqa: S101 -- counts are always one row
    return Record(
        companies=await conn.fetch(store.COMPANIES, compound, first, last),
        orders=orders,
        items=await conn.fetch(store.ITEMS, compound, begin, end),
        rounds=rounds,
        inspections=await conn.fetch(store.INSPECTIONS, compound, begin, end),
        reports=reports,
    )
