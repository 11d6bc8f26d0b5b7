"""Correcting an intake with a reason: the old content is kept, observation hears what it said before (O3, R4.6)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.errors import PersonUnknown
from services.registry.domain.intake_corrections import (
    Amendment,
    Statement,
    decide_amendment,
    decide_late,
)
from services.registry.domain.intake_details import Details, Health, Via
from services.registry.domain.returnees import Choice, IntakeDecision, Trip
from services.registry.handlers import intake_details, policy, returnees, risk
from services.registry.handlers.people import Keeper
from services.registry.store import intake_corrections as store
from services.registry.store import returnees as returnee_store
from shared.db.pool import Tx
from shared.events.registry.returnees import StatedBefore
from shared.kernel.days import local_day
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKey, Vault

CONTENT, REASON = "intake_correction", "intake_correction_reason"
"""Names of a keyed index and of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectIntake:
    """Something in an intake was wrong. `correction_id` is made by the client; `content` is the request as one text."""

    correction_id: UUID
    intake_id: UUID
    reason: str
    amendment: Amendment
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What follows from a statement, and by which rules."""

    decision: IntakeDecision
    policy_version: int
    risk_revision: int


async def correct(cmd: CorrectIntake, *, tx: Tx, keeper: Keeper) -> tuple[asyncpg.Record, bool]:
    """Let an intake say something else, as if it had been known on the day of the registration.

    Policy and risk list are those of that day. Observation follows where its case still stands as the intake said;
    what was decided there since stands.

    Returns:
        The intake as stored, and whether this correction is new.

    Raises:
        SameIdOtherContent: the id was used for another correction.
        IntakeUnknown, PersonUnknown: there is no such intake; nothing personal is kept of the person any more.
        NothingCorrected, ObservationOver: as their names say.
        ArrivalInFuture, MeasureNotAllowed, ApprovalRequired, DivisionUnknown, ViaOutsideWindow, ProofContradicts:
            the statement.
    """
    await returnee_store.lock_intake(tx, cmd.intake_id)
    content = f"{cmd.intake_id}\n{cmd.content}"
    if (known := await store.correction(tx, cmd.correction_id)) is not None:
        if known["content_index"] not in keeper.vault.index_all(CONTENT, content):
            raise SameIdOtherContent(
                "该编号已用于另一次更正。This id was used for another correction.", field="correction_id"
            )
        return await returnees.intake(tx, cmd.intake_id), False
    row = await returnees.intake(tx, cmd.intake_id)
    await returnee_store.lock_person(tx, row["person_ref"])
    row = await returnees.intake(tx, cmd.intake_id)  # its case may have begun while this waited
    key = (await keeper.vault.keys([row["person_ref"]])).get(row["person_ref"])
    if key is None:
        raise PersonUnknown("此人的个人信息已清除。Nothing personal is kept of this person any more.")
    after, decided = await _amended(row, cmd.amendment, key, tx=tx)
    kept = _kept(row)
    decide_late(row["state"], decision_changes=decided.decision != kept)
    await store.keep_before(
        tx,
        cmd.intake_id,
        cmd.correction_id,
        reason_sealed=Vault.seal(key, REASON, cmd.reason),
        content_index=keeper.vault.index(CONTENT, content),
    )
    await _write(tx, cmd.intake_id, after, decided, key)
    told = returnees.registration_of(row)
    corrected = await returnees.intake(tx, cmd.intake_id)
    if returnees.registration_of(corrected) != told:
        before = StatedBefore(category=told.category, measure=told.measure, anchor_date=told.anchor_date)
        await tx.publish(
            returnees.registration_of(corrected, before),
            version=await returnee_store.times_told(tx, row["person_ref"]),
        )
    return corrected, True


def opened(row: asyncpg.Record, key: PersonKey | None) -> dict[str, Any]:
    """A version of an intake with what is sealed in it; None where the person was erased."""
    reason, choice_reason = row["reason_sealed"], row["choice_reason_sealed"]
    return {
        **intake_details.opened(row, key),
        "choice_reason": Vault.open(key, returnees.REASON, choice_reason) if key and choice_reason else None,
        "reason": Vault.open(key, REASON, reason) if key and reason else None,
    }


async def _amended(
    row: asyncpg.Record, amendment: Amendment, key: PersonKey, *, tx: Tx
) -> tuple[Statement, _Decided]:
    before = _statement(row, key)
    after = decide_amendment(before, amendment)
    if not amendment.decides:
        return after, _Decided(
            decision=_kept(row), policy_version=row["policy_version"], risk_revision=row["risk_revision"]
        )
    day = local_day(row["registered_at"])
    rules, areas = await policy.in_force(tx, day), await risk.in_force(tx, day)
    origin_code, details, decision = await returnees.decide_trip(
        *(after.trip, after.details, after.choice),
        rules=rules,
        areas=areas,
        day=day,
        tx=tx,
        origin=await returnee_store.origin_of(tx, row["person_ref"]),
    )
    trip = replace(after.trip, origin_code=origin_code)
    return (
        Statement(trip=trip, details=details, choice=after.choice),
        _Decided(decision=decision, policy_version=rules.version, risk_revision=areas.revision),
    )


async def _write(tx: Tx, intake_id: UUID, after: Statement, decided: _Decided, key: PersonKey) -> None:
    reason = after.choice.reason
    await store.correct(
        tx,
        intake_id,
        trip=after.trip,
        decision=decided.decision,
        reason_sealed=Vault.seal(key, returnees.REASON, reason) if reason else None,
        approved_by=after.choice.approved_by,
        policy_version=decided.policy_version,
        risk_revision=decided.risk_revision,
    )
    await intake_details.keep(tx, intake_id, after.details, decided.decision.proposed, key)


def _statement(row: asyncpg.Record, key: PersonKey) -> Statement:
    """What an intake states. A measure that is policy's own was nobody's choice."""
    details, reason = intake_details.opened(row, key), row["reason_sealed"]
    health = details["health"]
    return Statement(
        trip=Trip(
            origin_code=row["origin_code"],
            arrived_on=row["arrived_on"],
            transport=row["transport"],
            proof=row["proof"],
        ),
        details=Details(
            via=tuple(
                Via(code=one["code"], last_day=date.fromisoformat(one["last_day"])) for one in details["via"]
            ),
            transport_number=details["transport_number"],
            proof_kind=details["proof_kind"],
            suzhou_code=details["suzhou_code"],
            health=health and Health(**{**health, "symptoms": tuple(health["symptoms"])}),
        ),
        choice=Choice(
            measure=None if row["measure"] == _kept(row).proposed else row["measure"],
            reason=Vault.open(key, returnees.REASON, reason) if reason else None,
            approved_by=row["approved_by"],
        ),
    )


def _kept(row: asyncpg.Record) -> IntakeDecision:
    """The decision as it is stored; intakes older than the column say nothing of what was proposed."""
    return IntakeDecision(
        category=row["category"],
        proposed=row["proposed"] or row["measure"],
        measure=row["measure"],
        anchor_date=row["anchor_date"],
        anchor_basis=row["anchor_basis"],
        last_day=row["stated_last_day"],
        pass_from=row["stated_pass_from"],
    )
