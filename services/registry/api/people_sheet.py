"""A person's sheet, and settling what stands against somebody, over HTTP (R4.3, Identity, G2, P2, P10)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter
from pydantic import Field, StringConstraints

from services.registry.api.common import Running, cause, roles_of
from services.registry.api.passes import PassAnswer, pass_fields
from services.registry.api.people import PersonAnswer, answer_of
from services.registry.api.people_scope import require_person
from services.registry.api.vehicles import VehicleAnswer, VehiclePassAnswer, vehicle_fields, vehicle_of
from services.registry.domain.documents import masked_number
from services.registry.domain.pass_life import ReinstatementReason
from services.registry.domain.passes import Ending, Hold, HoldKind, ObservationPhase
from services.registry.domain.people_life import ActKind
from services.registry.domain.premises import AddressKey
from services.registry.domain.vehicles import masked_plate
from services.registry.handlers import people_holds
from services.registry.handlers import people_sheet as handlers
from services.registry.handlers.people_holds import SettleHold
from services.registry.handlers.people_sheet import Done, Paper, Settled, Sheet
from services.registry.store.returnees import ObservedAs
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.context import Context
from shared.http.access import Caller, Principal, Role
from shared.http.models import Answer, Body
from shared.http.problem import NotFound
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["people"])

Note = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class PaperAnswer(Answer):
    """A document, held now or withdrawn. `added_at` is not known of one that was withdrawn."""

    kind: str
    number: str
    state: Literal["verified", "unverified", "withdrawn"]
    error: str | None
    added_at: datetime | None
    withdrawn_at: datetime | None


class StayAnswer(Answer):
    """A stay at a dwelling; it lasts while `ended_on` is empty. `person_ref`: under which record it is kept."""

    person_ref: UUID
    compound: str
    dwelling_id: UUID
    room: str
    relation: Literal["owner", "tenant", "dependant"]
    resident: bool
    registered_on: date
    ended_on: date | None


class SheetVehicleAnswer(VehicleAnswer):
    """A vehicle with every pass that it was given."""

    passes: list[VehiclePassAnswer]


class ObservationAnswer(Answer):
    """An observation as the registry knows it; one about to begin has no case yet."""

    case_id: UUID | None
    state: ObservationPhase
    pass_from: date | None
    completed_at: datetime | None
    ending: Ending | None
    closed_at: datetime | None


class HoldAnswer(Answer):
    """Something that keeps passes from admitting, while it `stands`."""

    kind: HoldKind
    since: datetime | None
    ended_at: datetime | None
    stands: bool


class SettlementAnswer(Answer):
    """Who settled a hold by command, and why; the note is for clerks."""

    kind: HoldKind
    reason: ReinstatementReason
    note: str | None
    by: str
    at: datetime


class SheetMergeAnswer(Answer):
    """Two records of one person, in force while it is not separated."""

    merge_id: UUID
    kept: UUID
    merged: UUID
    merged_by: str
    merged_at: datetime
    separated_by: str | None
    separated_at: datetime | None


class ActLine(Answer):
    """What was done to the person. Reason and values are for clerks; others see which fields changed."""

    change_id: UUID
    person_ref: UUID
    kind: ActKind
    effective_on: date
    by: str
    at: datetime
    reason: str | None
    undoes: UUID | None
    undone_by: UUID | None
    fields: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class SheetAnswer(Answer):
    """Everything the registry holds of a person, of records that were merged all together."""

    person: PersonAnswer
    merged: list[UUID] = Field(description="Other references under which records of the person are kept.")
    documents: list[PaperAnswer]
    stays: list[StayAnswer]
    passes: list[PassAnswer]
    vehicles: list[SheetVehicleAnswer]
    observations: list[ObservationAnswer]
    holds: list[HoldAnswer]
    settlements: list[SettlementAnswer]
    merges: list[SheetMergeAnswer]
    history: list[ActLine] = Field(description="The newest act first, at most 200.")


class SettlementBody(Body):
    """Why what stood against the person is over. `settlement_id` is made by the client; the note is sealed."""

    settlement_id: UUID
    reason: ReinstatementReason
    note: Note | None = None


class HoldsAnswer(Answer):
    """What is known that may stand against a person, besides observations."""

    person_ref: UUID
    holds: list[HoldAnswer]


@router.get("/v1/people/{person_ref}/sheet", summary="A person's sheet")
async def read_sheet(person_ref: UUID, who: Caller, context: Running) -> SheetAnswer:
    """Tell everything that is kept of a person: in full to a clerk within scope, masked to others. Audited."""
    return await sheet_for(person_ref, who, context, reason=None)


async def sheet_for(person_ref: UUID, who: Principal, context: Context, *, reason: str | None) -> SheetAnswer:
    """The sheet for somebody, with why they look where they said so.

    Raises:
        NotFound: there is no such person.
        OutOfScope: none of their places is the caller's.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        sheet = await handlers.read(tx, person_ref, context.vault)
        if sheet is None:
            raise NotFound("没有这个人。There is no such person.")
        await require_person(tx, who, person_ref)
        masked = not who.has(Role.COMMUNITY_CLERK)
        action = "people.sheet.masked" if masked else "people.sheet"
        why = await reasons.sealed(context.vault, reason)
        await note_reads(tx, role=roles_of(who), action=action, refs=[person_ref], reason=why)
    return _sheet(sheet, masked=masked)


@router.post("/v1/people/{person_ref}/holds/{kind}/settlement", summary="Settle what stands against a person")
async def settle_hold(
    person_ref: UUID, kind: HoldKind, body: SettlementBody, who: Caller, context: Running
) -> HoldsAnswer:
    """End a hold by command with its reason, also of somebody who has no pass; their passes admit again.

    A clerk settles a fever that a clinic cleared; after medical care or a close contact headquarters decide. A repeat
    changes nothing.
    """
    cmd = SettleHold(
        settlement_id=body.settlement_id,
        person_ref=person_ref,
        kind=kind,
        reason=body.reason,
        note=body.note,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        holds = await people_holds.settle(
            cmd, by_headquarters=who.has(Role.HQ_OFFICER), tx=tx, vault=context.vault
        )
    return HoldsAnswer(person_ref=person_ref, holds=[_hold(one) for one in holds])


def _sheet(sheet: Sheet, *, masked: bool) -> SheetAnswer:
    passes: dict[UUID, list[VehiclePassAnswer]] = {one.vehicle_ref: [] for one, _ in sheet.vehicles}
    for given in sheet.vehicle_passes:
        passes[given.vehicle_ref].append(VehiclePassAnswer.model_validate(vehicle_fields(given)))
    return SheetAnswer(
        person=answer_of(sheet.profile, masked=masked),
        merged=list(sheet.profile.merged),
        documents=[_paper(one, masked=masked) for one in sheet.papers],
        stays=[_stay(row) for row in sheet.stays],
        passes=[PassAnswer.model_validate(pass_fields(one)) for one in sheet.passes],
        vehicles=[
            SheetVehicleAnswer(
                **vehicle_of(one, masked_plate(plate) if masked else plate).model_dump(),
                passes=passes[one.vehicle_ref],
            )
            for one, plate in sheet.vehicles
        ],
        observations=[_observation(one) for one in sheet.observations],
        holds=[_hold(one) for one in sheet.holds],
        settlements=[_settlement(one, masked=masked) for one in sheet.settlements],
        merges=[
            SheetMergeAnswer(**{name: row[name] for name in SheetMergeAnswer.model_fields})
            for row in sheet.merges
        ],
        history=[_act(one, masked=masked) for one in sheet.acts],
    )


def _paper(one: Paper, *, masked: bool) -> PaperAnswer:
    state: Literal["verified", "unverified", "withdrawn"] = "unverified" if one.error else "verified"
    return PaperAnswer(
        kind=one.kind,
        number=masked_number(one.number) if masked else one.number,
        state="withdrawn" if one.withdrawn_at else state,
        error=one.error,
        added_at=one.added_at,
        withdrawn_at=one.withdrawn_at,
    )


def _stay(row: asyncpg.Record) -> StayAnswer:
    key = AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"])
    kept = ("person_ref", "dwelling_id", "relation", "resident", "registered_on", "ended_on")
    return StayAnswer(compound=row["compound_id"], room=key.shown(), **{name: row[name] for name in kept})


def _observation(one: ObservedAs) -> ObservationAnswer:
    return ObservationAnswer(
        case_id=one.case_id,
        state=one.known.phase,
        pass_from=one.known.pass_from,
        completed_at=one.known.completed_at,
        ending=one.known.ending,
        closed_at=one.known.closed_at,
    )


def _hold(one: Hold) -> HoldAnswer:
    return HoldAnswer(kind=one.kind, since=one.since, ended_at=one.ended_at, stands=one.stands)


def _settlement(one: Settled, *, masked: bool) -> SettlementAnswer:
    row = one.row
    return SettlementAnswer(
        kind=row["kind"],
        reason=row["reason"],
        note=None if masked else one.note,
        by=row["settled_by"],
        at=row["settled_at"],
    )


def _act(one: Done, *, masked: bool) -> ActLine:
    row, shown = one.row, not masked
    kept = ("change_id", "person_ref", "kind", "effective_on", "undoes", "undone_by")
    return ActLine(
        **{name: row[name] for name in kept},
        by=row["recorded_by"],
        at=row["recorded_at"],
        reason=one.reason if shown else None,
        fields=sorted({*one.before, *one.after}),
        before=dict(one.before) if shown else None,
        after=dict(one.after) if shown else None,
    )
