"""Keeping and opening the rest of an intake; number and health answers are sealed (R2.7, R4.6)."""

import json
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.intake_details import Details
from services.registry.handlers import risk
from services.registry.store import returnees as store
from shared.db.pool import Conn, Tx
from shared.events.policy_observation import Measure
from shared.kernel.sealed import PersonKey, Vault

NUMBER, HEALTH = "intake_transport_number", "intake_health"
"""Names of sealed fields, part of what is stored: never renamed."""


async def in_one_spelling(conn: Conn, details: Details) -> Details:
    """The details with each place on the way under its one code.

    Raises:
        DivisionUnknown: there is no such place.
    """
    via = [
        replace(one, code=await risk.one_code(conn, one.code, field=f"trip.via.{nth}.code"))
        for nth, one in enumerate(details.via)
    ]
    return replace(details, via=tuple(via))


async def keep(tx: Tx, intake_id: UUID, details: Details, proposed: Measure, key: PersonKey) -> None:
    """Write the rest of an intake under the person's key."""
    number, health = details.transport_number, details.health
    await tx.execute(
        store.SET_DETAILS,
        intake_id,
        proposed,
        [{"code": one.code, "last_day": one.last_day.isoformat()} for one in details.via],
        details.proof_kind,
        details.suzhou_code,
        Vault.seal(key, NUMBER, number) if number else None,
        Vault.seal(key, HEALTH, json.dumps(asdict(health), ensure_ascii=False)) if health else None,
    )


def opened(row: asyncpg.Record, key: PersonKey | None) -> dict[str, Any]:
    """The rest of an intake; what is sealed is None where the person was erased."""
    number, health = row["transport_number_sealed"], row["health_sealed"]
    answers: dict[str, Any] | None = json.loads(Vault.open(key, HEALTH, health)) if key and health else None
    return {
        "via": row["via"],
        "proof_kind": row["proof_kind"],
        "suzhou_code": row["suzhou_code"],
        "transport_number": Vault.open(key, NUMBER, number) if key and number else None,
        "health": answers,
    }
