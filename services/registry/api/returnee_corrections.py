"""Correcting intakes, and what they said before, over HTTP (O3, R2.7, R4.6)."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Response
from pydantic import StringConstraints, model_validator

from services.registry.api.common import Running, cause, keeper_of, roles_of
from services.registry.api.intake_bodies import (
    FullTripBody,
    HealthAnswer,
    HealthBody,
    ViaAnswer,
    details_of,
    health_of,
)
from services.registry.api.returnees import ChoiceBody, ReturneeAnswer, answer_fields
from services.registry.domain.intake_corrections import Amendment
from services.registry.domain.intake_details import ProofKind, SuzhouCode
from services.registry.domain.returnees import Choice, Transport
from services.registry.handlers import intake_corrections as handlers
from services.registry.handlers import returnees
from services.registry.handlers.intake_corrections import CorrectIntake
from services.registry.store import intake_corrections as store
from shared.audit.noting import note_reads
from shared.events.policy_observation import Category, Measure
from shared.events.registry.returnees import AnchorBasis
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.kernel.sealed import PersonKey

router = APIRouter(tags=["returnees"])


class IntakeCorrectionBody(Body):
    """What the intake is to say instead, and why; what is left out stays.

    A trip is given whole, with the places on the way. An empty choice goes back to what policy proposes.
    """

    correction_id: UUID
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    trip: FullTripBody | None = None
    health: HealthBody | None = None
    suzhou_code: SuzhouCode | None = None
    choice: ChoiceBody | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.trip is None and self.health is None and self.suzhou_code is None and self.choice is None:
            raise ValueError("请填写要更正的内容。Name what is to be corrected.")
        return self


class CorrectedIntake(ReturneeAnswer):
    """The intake as it stands; `version` counts what it said, this included."""

    version: int


class IntakeVersion(Answer):
    """What an intake said. `corrected_*` and `reason` tell who overwrote it, when and why; None: it says so now."""

    version: int
    origin_code: str
    arrived_on: date
    transport: Transport
    proof: bool
    via: list[ViaAnswer]
    transport_number: str | None
    proof_kind: ProofKind | None
    suzhou_code: SuzhouCode | None
    health: HealthAnswer | None
    category: Category
    proposed: Measure | None
    measure: Measure
    choice_reason: str | None
    approved_by: str | None
    anchor_date: date
    anchor_basis: AnchorBasis
    last_day: date
    policy_version: int
    risk_revision: int
    correction_id: UUID | None
    reason: str | None
    corrected_at: datetime | None
    corrected_by: str | None


class IntakeVersions(Answer):
    """Everything that an intake said, the oldest first."""

    intake_id: UUID
    versions: list[IntakeVersion]


@router.post("/v1/returnees/{intake_id}/corrections", summary="Correct an intake", status_code=201)
async def correct_intake(
    intake_id: UUID, body: IntakeCorrectionBody, who: Caller, context: Running, response: Response
) -> CorrectedIntake:
    """Decide measure and period anew, by the rules of the day of registration; observation follows by itself.

    The same correction sent again gets the intake as it stands (200). A measure or date that observation decided
    otherwise since stays as it was decided there.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        _require(who, await returnees.intake(tx, intake_id))
        row, new = await handlers.correct(_command(intake_id, body), tx=tx, keeper=keeper_of(context))
    response.status_code = 201 if new else 200
    return CorrectedIntake(**answer_fields(row), version=row["version"])


@router.get("/v1/returnees/{intake_id}/versions", summary="What an intake said over time")
async def read_versions(intake_id: UUID, who: Caller, context: Running) -> IntakeVersions:
    """Tell every version with who overwrote it, when and why. Reading it is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await returnees.intake(tx, intake_id)
        _require(who, row)
        key = (await context.vault.keys([row["person_ref"]])).get(row["person_ref"])
        found = await store.versions(tx, intake_id)
        await note_reads(
            tx,
            action="returnee.versions",
            role=roles_of(who),
            refs=[row["person_ref"]],
            scope=f"compound:{row['compound_id']}",
        )
    return IntakeVersions(intake_id=intake_id, versions=[_version(one, key) for one in found])


def _require(who: Principal, row: asyncpg.Record) -> None:
    who.require_compound(row["compound_id"], neighbourhood=row["neighbourhood_id"], grid=row["grid_id"])


def _command(intake_id: UUID, body: IntakeCorrectionBody) -> CorrectIntake:
    return CorrectIntake(
        correction_id=body.correction_id,
        intake_id=intake_id,
        reason=body.reason,
        amendment=Amendment(
            trip=body.trip.trip() if body.trip else None,
            trip_details=details_of(body.trip, None, None) if body.trip else None,
            health=health_of(body.health),
            suzhou_code=body.suzhou_code,
            choice=Choice(**dict(body.choice)) if body.choice else None,
        ),
        content=body.model_dump_json(exclude={"correction_id"}),
    )


def _version(row: asyncpg.Record, key: PersonKey | None) -> IntakeVersion:
    plain = ("version", "origin_code", "arrived_on", "transport", "proof", "category", "proposed", "measure")
    decided = ("approved_by", "anchor_date", "anchor_basis", "last_day", "policy_version", "risk_revision")
    corrected = ("correction_id", "corrected_at", "corrected_by")
    return IntakeVersion(
        **{name: row[name] for name in (*plain, *decided, *corrected)}, **handlers.opened(row, key)
    )
