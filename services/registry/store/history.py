"""What places were before they were changed: a row per version that was overwritten. Nothing personal is in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

KEEP_NEIGHBOURHOODS = """
insert into place_history (kind, place_id, version, state, changed_at, changed_by)
select 'neighbourhood', neighbourhood_id, version, to_jsonb(neighbourhood) - 'version', $2, $3
from neighbourhood where neighbourhood_id = any($1::text[])
"""
KEEP_COMPOUNDS = """
insert into place_history (kind, place_id, version, compound_id, state, changed_at, changed_by)
select 'compound', compound_id, version, compound_id, to_jsonb(compound) - 'version', $2, $3
from compound where compound_id = any($1::text[])
"""
KEEP_CHECKPOINTS = """
insert into place_history (kind, place_id, version, compound_id, state, changed_at, changed_by)
select 'checkpoint', checkpoint_id, version, compound_id, to_jsonb(checkpoint) - 'version', $2, $3
from checkpoint where checkpoint_id = any($1::text[])
"""
KEEP_GRIDS = """
insert into place_history (kind, place_id, version, compound_id, state, changed_at, changed_by)
select 'grid', grid_id, version, compound_id, to_jsonb(grid) - 'version', $2, $3
from grid where grid_id = any($1::text[])
"""
KEEP_DWELLINGS = """
insert into place_history (kind, place_id, version, compound_id, state, changed_at, changed_by)
select 'dwelling', dwelling_id::text, version, compound_id,
  to_jsonb(dwelling) - '{version,building_order,unit_order,room_order}'::text[], $2, $3
from dwelling where dwelling_id = any($1::uuid[])
"""
KEEP_BUSINESS = """
insert into place_history (kind, place_id, version, compound_id, state, changed_at, changed_by)
select 'business', business_id::text, version, compound_id,
  to_jsonb(business) - '{version,key_ref,contact_name_sealed,contact_phone_sealed,content_index}'::text[], $2, $3
from business where business_id = $1
"""
HISTORY_OF_COMPOUND = """
select kind, place_id, version, state, changed_at, changed_by from place_history
where compound_id = $1 and ($2::text is null or kind = $2) and ($3::text is null or place_id = $3)
  and (changed_at, kind, place_id, version) > ($4::timestamptz, $5::text, $6::text, $7::int)
order by changed_at, kind, place_id, version limit $8
"""
"""The oldest first."""


async def keep_neighbourhoods(tx: Tx, ids: Sequence[str]) -> None:
    """Keep neighbourhoods as they are now; those that are new have nothing to keep."""
    await tx.execute(KEEP_NEIGHBOURHOODS, list(ids), tx.now, _actor(tx))


async def keep_compounds(tx: Tx, ids: Sequence[str]) -> None:
    """Keep compounds as they are now."""
    await tx.execute(KEEP_COMPOUNDS, list(ids), tx.now, _actor(tx))


async def keep_checkpoints(tx: Tx, ids: Sequence[str]) -> None:
    """Keep checkpoints as they are now."""
    await tx.execute(KEEP_CHECKPOINTS, list(ids), tx.now, _actor(tx))


async def keep_grids(tx: Tx, ids: Sequence[str]) -> None:
    """Keep grids as they are now."""
    await tx.execute(KEEP_GRIDS, list(ids), tx.now, _actor(tx))


async def keep_dwellings(tx: Tx, ids: Sequence[UUID]) -> None:
    """Keep dwellings as they are now."""
    await tx.execute(KEEP_DWELLINGS, list(ids), tx.now, _actor(tx))


async def keep_business(tx: Tx, business_id: UUID) -> None:
    """Keep a business as it is now, without who answers for it."""
    await tx.execute(KEEP_BUSINESS, business_id, tx.now, _actor(tx))


async def of_compound(
    conn: Conn,
    compound_id: str,
    *,
    kind: str | None,
    place_id: str | None,
    after: tuple[datetime, str, str, int],
    limit: int,
) -> list[asyncpg.Record]:
    """Versions of a compound's places that were overwritten, the oldest first."""
    params: tuple[Any, ...] = (compound_id, kind, place_id, *after, limit)
    return await conn.fetch(HISTORY_OF_COMPOUND, *params)


def _actor(tx: Tx) -> str:
    return tx.actor or "registry"
