"""Intakes that were corrected, and what they said before (O3, R4.6)."""

from uuid import UUID

import asyncpg

from services.registry.domain.returnees import IntakeDecision, Trip
from shared.db.pool import Conn, Tx

CORRECTION = "select intake_id, content_index from intake_correction where correction_id = $1"
KEEP_BEFORE = """
insert into intake_correction (correction_id, intake_id, version, origin_code, arrived_on, transport, proof, via,
  proof_kind, suzhou_code, transport_number_sealed, health_sealed, category, proposed, measure, choice_reason_sealed,
  approved_by, anchor_date, anchor_basis, last_day, policy_version, risk_revision, reason_sealed, content_index,
  corrected_at, corrected_by)
select $2, intake_id, version, origin_code, arrived_on, transport, proof, via, proof_kind, suzhou_code,
  transport_number_sealed, health_sealed, category, proposed, measure, reason_sealed, approved_by, anchor_date,
  anchor_basis, last_day, policy_version, risk_revision, $3, $4, $5, $6
from returnee_intake where intake_id = $1
"""
CORRECT = """
update returnee_intake set version = version + 1, origin_code = $2, arrived_on = $3, transport = $4, proof = $5,
  category = $6, measure = $7, reason_sealed = $8, approved_by = $9, anchor_date = $10, anchor_basis = $11,
  last_day = $12, pass_from = $13, policy_version = $14, risk_revision = $15
where intake_id = $1
"""
VERSIONS = """
select version, origin_code, arrived_on, transport, proof, via, proof_kind, suzhou_code, transport_number_sealed,
  health_sealed, category, proposed, measure, choice_reason_sealed, approved_by, anchor_date, anchor_basis, last_day,
  policy_version, risk_revision, correction_id, reason_sealed, corrected_at, corrected_by
from intake_correction where intake_id = $1
union all
select version, origin_code, arrived_on, transport, proof, via, proof_kind, suzhou_code, transport_number_sealed,
  health_sealed, category, proposed, measure, reason_sealed, approved_by, anchor_date, anchor_basis, last_day,
  policy_version, risk_revision, null, null, null, null
from returnee_intake where intake_id = $1
order by version
"""


async def correction(conn: Conn, correction_id: UUID) -> asyncpg.Record | None:
    """Which intake a correction was of, and the index of what was asked for."""
    return await conn.fetchrow(CORRECTION, correction_id)


async def keep_before(
    tx: Tx, intake_id: UUID, correction_id: UUID, *, reason_sealed: bytes, content_index: bytes
) -> None:
    """Keep an intake as it is now, and why it is about to be overwritten."""
    await tx.execute(
        KEEP_BEFORE, intake_id, correction_id, reason_sealed, content_index, tx.now, tx.actor or ""
    )


async def correct(
    tx: Tx,
    intake_id: UUID,
    *,
    trip: Trip,
    decision: IntakeDecision,
    reason_sealed: bytes | None,
    approved_by: str | None,
    policy_version: int,
    risk_revision: int,
) -> None:
    """Overwrite the trip, what was decided, and by which rules; the rest is written as at the first time."""
    await tx.execute(
        CORRECT,
        intake_id,
        trip.origin_code,
        trip.arrived_on,
        trip.transport,
        trip.proof,
        decision.category,
        decision.measure,
        reason_sealed,
        approved_by,
        decision.anchor_date,
        decision.anchor_basis,
        decision.last_day,
        decision.pass_from,
        policy_version,
        risk_revision,
    )


async def versions(conn: Conn, intake_id: UUID) -> list[asyncpg.Record]:
    """An intake as it was and as it is, the oldest first; each with the correction that overwrote it."""
    return await conn.fetch(VERSIONS, intake_id)
