"""Checkpoints as they stand: closed ones, temporary ones (R2.1)."""

from datetime import datetime

import asyncpg

from services.registry.domain.checkpoints import CheckpointState, ClosedFor, TemporaryFor
from services.registry.domain.premises import Checkpoint, Traffic
from services.registry.store.history import keep_checkpoints
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CheckpointId, CompoundId

STATES_OF = """
select checkpoint_id, compound_id, name, traffic, opened_on, note, policy_version, temporary_for, temporary_reason,
  expires_at, closed_at, closed_for, version
from checkpoint where compound_id = $1 order by checkpoint_id
"""
STATE = """
select checkpoint_id, compound_id, name, traffic, opened_on, note, policy_version, temporary_for, temporary_reason,
  expires_at, closed_at, closed_for, version
from checkpoint where checkpoint_id = $1 for no key update
"""
CORRECT = """
update checkpoint set name = $2, traffic = $3, note = $4, version = version + 1 where checkpoint_id = $1
returning version
"""
REOPEN = """
update checkpoint set opened_on = $2, policy_version = $3, closed_at = null, closed_for = null, version = version + 1
where checkpoint_id = $1 returning version
"""
CLOSE = """
update checkpoint set closed_at = $2, closed_for = $3, version = version + 1
where checkpoint_id = $1 returning version
"""
ADD_TEMPORARY = """
insert into checkpoint (checkpoint_id, compound_id, name, traffic, opened_on, policy_version, temporary_for,
  temporary_reason, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
# A gate that somebody is closing at this moment is theirs.
EXPIRED = """
select checkpoint_id, compound_id, name, traffic, opened_on, note, policy_version, temporary_for, temporary_reason,
  expires_at, closed_at, closed_for, version
from checkpoint where closed_at is null and expires_at <= $1 order by checkpoint_id limit 100 for update skip locked
"""


async def states_of(conn: Conn, compound_id: str) -> list[CheckpointState]:
    """All checkpoints of a compound, the closed ones too."""
    return [_state(row) for row in await conn.fetch(STATES_OF, compound_id)]


async def state(tx: Tx, checkpoint_id: str) -> CheckpointState | None:
    """One checkpoint, locked."""
    row = await tx.fetchrow(STATE, checkpoint_id)
    return _state(row) if row else None


async def expired(tx: Tx) -> list[CheckpointState]:
    """Temporary gates whose time is over and that still stand open; locked."""
    return [_state(row) for row in await tx.fetch(EXPIRED, tx.now)]


async def correct(tx: Tx, place: Checkpoint) -> int:
    """Correct name, traffic and note; tells the version."""
    await keep_checkpoints(tx, [place.checkpoint_id])
    version: int = await tx.fetchval(
        CORRECT, place.checkpoint_id, place.name, place.traffic.value, place.note
    )
    return version


async def reopen(tx: Tx, checkpoint_id: str, *, policy_version: int) -> int:
    """Open it again from today on; tells the version."""
    await keep_checkpoints(tx, [checkpoint_id])
    version: int = await tx.fetchval(REOPEN, checkpoint_id, tx.today, policy_version)
    return version


async def close(tx: Tx, checkpoint_id: str, *, closed_at: datetime, closed_for: ClosedFor) -> int:
    """Close it; tells the version."""
    await keep_checkpoints(tx, [checkpoint_id])
    version: int = await tx.fetchval(CLOSE, checkpoint_id, closed_at, closed_for.value)
    return version


async def add_temporary(tx: Tx, gate: CheckpointState) -> None:
    """Write a temporary gate."""
    await tx.execute(
        ADD_TEMPORARY,
        gate.checkpoint_id,
        gate.compound_id,
        gate.name,
        gate.traffic.value,
        gate.opened_on,
        gate.policy_version,
        gate.temporary_for,
        gate.temporary_reason,
        gate.expires_at,
    )


def _state(row: asyncpg.Record) -> CheckpointState:
    return CheckpointState(
        checkpoint_id=CheckpointId(row["checkpoint_id"]),
        compound_id=CompoundId(row["compound_id"]),
        name=row["name"],
        traffic=Traffic(row["traffic"]),
        opened_on=row["opened_on"],
        note=row["note"],
        policy_version=row["policy_version"],
        temporary_for=TemporaryFor(row["temporary_for"]) if row["temporary_for"] else None,
        temporary_reason=row["temporary_reason"],
        expires_at=row["expires_at"],
        closed_at=row["closed_at"],
        closed_for=ClosedFor(row["closed_for"]) if row["closed_for"] else None,
        version=row["version"],
    )
