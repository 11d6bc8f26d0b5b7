"""Units (businesses) and, sealed, who answers for them (R4.3)."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.store.history import keep_business
from shared.db.pool import Conn, Tx

BUSINESS = """
select business_id, compound_id, name, kind, address, key_ref, contact_name_sealed, contact_phone_sealed,
  content_index, closed_on, version
from business where business_id = $1
"""
BUSINESSES_OF = """
select business_id, compound_id, name, kind, address, closed_on, version from business
where compound_id = $1 and ($2::text is null or kind = $2) and business_id > $3 order by business_id limit $4
"""
COUNT_OF = """
select kind, count(*)::int as businesses from business where compound_id = $1 and closed_on is null
group by kind order by kind
"""
SAVE = """
insert into business (business_id, compound_id, name, kind, address, key_ref, contact_name_sealed,
  contact_phone_sealed, content_index, closed_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (business_id) do update
set name = excluded.name, kind = excluded.kind, address = excluded.address,
  contact_name_sealed = excluded.contact_name_sealed, contact_phone_sealed = excluded.contact_phone_sealed,
  content_index = excluded.content_index, closed_on = excluded.closed_on, version = business.version + 1
returning version
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBusiness:
    """A business as it is kept."""

    business_id: UUID
    compound_id: str
    name: str
    kind: str
    address: str
    key_ref: UUID
    contact_name: bytes = field(repr=False)
    contact_phone: bytes = field(repr=False)
    content_index: bytes = field(repr=False)
    closed_on: date | None


async def one(conn: Conn, business_id: UUID) -> asyncpg.Record | None:
    """A business with its sealed contact."""
    return await conn.fetchrow(BUSINESS, business_id)


async def page(
    conn: Conn, compound_id: str, *, kind: str | None, after: UUID, limit: int
) -> list[asyncpg.Record]:
    """The businesses of a compound, without who answers for them."""
    return await conn.fetch(BUSINESSES_OF, compound_id, kind, after, limit)


async def counts(conn: Conn, compound_id: str) -> dict[str, int]:
    """How many of each kind are in business."""
    return {row["kind"]: row["businesses"] for row in await conn.fetch(COUNT_OF, compound_id)}


async def save(tx: Tx, business: SealedBusiness) -> int:
    """Add or correct one; tells the version."""
    await keep_business(tx, business.business_id)
    version: int = await tx.fetchval(
        SAVE,
        business.business_id,
        business.compound_id,
        business.name,
        business.kind,
        business.address,
        business.key_ref,
        business.contact_name,
        business.contact_phone,
        business.content_index,
        business.closed_on,
    )
    return version
