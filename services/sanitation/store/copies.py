"""Copies of the registry's facts."""

from dataclasses import dataclass
from datetime import date

import asyncpg

from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.kernel.ids import CompoundId, NeighbourhoodId

COPY_COMPOUNDS = """
insert into compound (compound, name, neighbourhood, version)
select compound, name, neighbourhood, version
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as row (compound, name, neighbourhood, version)
order by compound
on conflict (compound) do update
  set name = excluded.name, neighbourhood = excluded.neighbourhood, version = excluded.version
  where compound.version < excluded.version
"""
COPY_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3)
on conflict (version) do nothing
"""
POLICY_OF_DAY = """
select version, document from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
ANY_POLICY = "select exists (select from policy_version)"
COMPOUND = "select compound, neighbourhood from compound where compound = $1"
COMPOUND_NAME = "select name from compound where compound = $1"
COMPOUNDS = "select compound from compound"
COMPOUND_PLACES = "select compound, neighbourhood from compound order by compound"
COMPOUND_NAMES = "select compound, name, neighbourhood from compound order by compound"
LOCK_COMPOUNDS = (
    "select compound from compound where compound = any($1::text[]) order by compound for no key update"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """The policy of a day."""

    version: int
    document: PolicyDocument


async def policy_of(conn: Conn, day: date) -> PolicyInForce | None:
    """The policy in force on a business day; None when none is known for it."""
    row = await conn.fetchrow(POLICY_OF_DAY, day)
    if row is None:
        return None
    return PolicyInForce(version=row["version"], document=PolicyDocument.model_validate(row["document"]))


async def compound_place(conn: Conn, compound: CompoundId) -> NeighbourhoodId | None:
    """The neighbourhood of a compound; None when the registry has not told of the compound."""
    row = await conn.fetchrow(COMPOUND, compound)
    return NeighbourhoodId(row["neighbourhood"]) if row else None


async def compound_name(conn: Conn, compound: CompoundId) -> str | None:
    """What people call a compound."""
    found: str | None = await conn.fetchval(COMPOUND_NAME, compound)
    return found


async def compounds(conn: Conn) -> list[asyncpg.Record]:
    """Every compound with its name and neighbourhood, by code."""
    return await conn.fetch(COMPOUND_NAMES)
