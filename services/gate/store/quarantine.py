"""What is kept aside for a supervisor: sealed, once, until somebody decides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.db.pool import Conn, Tx
from shared.kernel.ids import CheckpointId, CompoundId

Cause = Literal["device_revoked", "stamp_in_future"]
State = Literal["held", "released", "discarded"]

KEEP_ITEMS = """
insert into quarantined_item (item_id, device_id, compound, checkpoint, digest, cause, item_sealed, received_at)
select item_id, $1, $2, $3, digest, $5, item_sealed, $4
from unnest($6::uuid[], $7::bytea[], $8::bytea[]) as i (item_id, digest, item_sealed)
on conflict (device_id, digest) do nothing
returning item_id
"""
ITEMS = """
select item_id, device_id, compound, checkpoint, cause, item_sealed, received_at, state, outcome, decided_at,
  decided_by, decided_because
from quarantined_item
where item_id > $1 and ($2::text[] is null or checkpoint = any($2))
  and ($3::uuid is null or device_id = $3) and ($4::text is null or state = $4)
order by item_id
limit $5
"""
ITEMS_FOR_UPDATE = """
select item_id, device_id, compound, checkpoint, cause, item_sealed, received_at, state, outcome, decided_at,
  decided_by, decided_because
from quarantined_item where item_id = any($1::uuid[]) order by item_id for update
"""
SETTLE = """
update quarantined_item q
set state = $2, decided_at = $3, decided_by = $4, decided_because = $5, outcome = n.outcome
from unnest($1::uuid[], $6::text[]) as n (item_id, outcome)
where q.item_id = n.item_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An item as it is kept."""

    item_id: UUID
    digest: bytes
    item: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An item with what was decided about it; `outcome` is what became of it when it was released."""

    item_id: UUID
    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    cause: Cause
    item_sealed: bytes | None = field(repr=False)
    received_at: datetime
    state: State
    outcome: str | None
    decided_at: datetime | None
    decided_by: str | None
    decided_because: str | None


async def keep(
    tx: Tx,
    items: Sequence[Sealed],
    cause: Cause,
    *,
    device_id: UUID,
    compound: CompoundId,
    checkpoint: CheckpointId,
) -> int:
    """Keep items that are not here yet; tells how many were new."""
    rows = await tx.fetch(
        KEEP_ITEMS,
        device_id,
        compound,
        checkpoint,
        tx.now,
        cause,
        [item.item_id for item in items],
        [item.digest for item in items],
        [item.item for item in items],
    )
    return len(rows)


async def listed(
    conn: Conn,
    *,
    after: UUID,
    places: list[str] | None,
    device_id: UUID | None,
    state: State | None,
    limit: int,
) -> list[Kept]:
    """A page of items of these checkpoints by age; None: of all."""
    return [Kept(**row) for row in await conn.fetch(ITEMS, after, places, device_id, state, limit)]


async def for_update(tx: Tx, item_ids: Sequence[UUID]) -> list[Kept]:
    """These items, locked, oldest first; those that do not exist are left out."""
    return [Kept(**row) for row in await tx.fetch(ITEMS_FOR_UPDATE, item_ids)]


async def settle(
    tx: Tx, state: State, outcomes: Sequence[tuple[UUID, str | None]], *, by: str, because: str
) -> None:
    """Note what was decided about locked items, and what became of each."""
    ids, ends = [item_id for item_id, _ in outcomes], [outcome for _, outcome in outcomes]
    await tx.execute(SETTLE, ids, state, tx.now, by, because, ends)
