"""Vehicle checks over HTTP (R2.3, G7)."""

import json
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response
from pydantic import ConfigDict, Field, StringConstraints

from services.gate.api import examples
from services.gate.api.batches import take_each
from services.gate.api.devices import Working, command_cause
from services.gate.api.models import (
    BatchBody,
    BatchStatus,
    DecidedAloneBody,
    QueuedBody,
    ReasonAnswer,
    Text,
    Yes,
)
from services.gate.api.proofs import CallingStation
from services.gate.desk import Desk, Station, desk
from services.gate.domain.entry import GateRules, Proof
from services.gate.domain.rulings import Direction
from services.gate.domain.vehicle_words import EMERGENCY, VEHICLE_REASONS, VEHICLE_VERDICTS
from services.gate.domain.vehicles import VehicleNotNamed, VehicleVerdict
from services.gate.handlers.vehicles import CheckVehicle, DecidedVehicle, VehicleAnswered, check_vehicle
from shared.db.pool import Tx
from shared.events.policy_gate import VehicleRules
from shared.http.models import Answer
from shared.http.models import Body as BodyModel
from shared.http.problem import PolicyUnknown
from shared.kernel.ids import CheckpointId
from shared.kernel.pass_token import MAX_LENGTH, UnknownKey
from shared.kernel.plates import spell_plate

router = APIRouter(tags=["vehicle checks"])

_MOST_OCCUPANTS = 60  # a coach
_REASONS = {reason.value: words for reason, words in VEHICLE_REASONS.items()}


class OccupantBody(BodyModel):
    """The entry check of somebody in the vehicle; an unknown or old one counts as none."""

    check_id: UUID
    driver: Annotated[bool, Field(strict=True)] = False


class DecidedVehicleBody(DecidedAloneBody):
    """What the device decided by itself about a vehicle."""

    verdict: VehicleVerdict


class VehicleCheckBody(QueuedBody):
    """One vehicle that asks to pass. Give the pass, the plate, or both: then they are compared."""

    direction: Direction
    pass_token: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)] | None = Field(
        default=None, repr=False, description="The text in the vehicle pass's QR code."
    )
    pass_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")] | None = None
    plate: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = Field(
        default=None, repr=False
    )
    emergency: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Ambulance, fire engine or police on duty: logged, never delayed."
    )
    occupants: Annotated[int, Field(strict=True, ge=0, le=_MOST_OCCUPANTS)] = Field(
        description="People in it, the driver included."
    )
    occupant_checks: Annotated[tuple[OccupantBody, ...], Field(max_length=_MOST_OCCUPANTS)] = ()
    boot_opened: Yes = Field(default=None, description="Opened and looked into; null: not done.")
    offline: DecidedVehicleBody | None = None

    def content(self, checkpoint: CheckpointId) -> str:
        """All that makes a repeat a repeat."""
        said = self.model_dump(mode="json", exclude={"check_id", "seq", "checked_at", "offline", "plate"})
        return json.dumps([checkpoint, spell_plate(self.plate or ""), said], sort_keys=True)


class VehicleCheckAnswer(Answer):
    """The first answer to a vehicle check; a repeat gets the same."""

    model_config = ConfigDict(json_schema_extra={"examples": list[Any](examples.VEHICLE_ANSWERS)})

    check_id: UUID
    verdict: VehicleVerdict
    reasons: list[ReasonAnswer] = Field(description="All of them, gravest first.")
    instruction: Text
    plate: str | None = Field(
        description="Of the pass that was shown, for comparing; null where none is known."
    )
    checked_at: datetime
    received_at: datetime
    offline: bool
    policy_version: int

    @classmethod
    def of(cls, check_id: UUID, told: VehicleAnswered) -> "VehicleCheckAnswer":
        """With the texts to the codes."""
        verdict = VehicleVerdict(told.verdict)
        words = EMERGENCY if told.emergency else VEHICLE_VERDICTS[verdict]
        return cls(
            check_id=check_id,
            verdict=verdict,
            reasons=[
                ReasonAnswer(code=code, text=Text.of(_REASONS[code]) if code in _REASONS else None)
                for code in told.reasons
            ],
            instruction=Text.of(words),
            plate=told.plate,
            checked_at=told.checked_at,
            received_at=told.received_at,
            offline=told.offline,
            policy_version=told.policy_version,
        )


class VehicleBatchItem(BatchStatus):
    """What became of one vehicle check of a batch."""

    answer: VehicleCheckAnswer | None = None


class VehicleBatchAnswer(Answer):
    """One item for each check, in order."""

    items: list[VehicleBatchItem]


@router.post(
    "/v1/vehicle-checks",
    status_code=HTTPStatus.CREATED,
    summary="Check one vehicle at the device's checkpoint",
    responses={200: {"model": VehicleCheckAnswer, "description": "A repeat: the first answer again."}},
)
async def check_one_vehicle(
    body: Annotated[VehicleCheckBody, Body(openapi_examples=examples.VEHICLE_CHECKS)],
    station: CallingStation,
    context: Working,
    request: Request,
    response: Response,
) -> VehicleCheckAnswer:
    """Decide, record and answer: complete, held until something is done, or refused.

    Everybody in the vehicle has an entry check first, at this checkpoint and in this direction; a passenger without
    one holds the vehicle. When it is done, send the vehicle's check again under a new id.
    """
    mine = desk(request.app)
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        created, answer = await take_vehicle(mine, station, body, tx)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return answer


@router.post("/v1/vehicle-checks/batch", summary="Send queued vehicle checks, at most 200")
async def check_vehicles_queued(
    body: BatchBody, station: CallingStation, request: Request
) -> VehicleBatchAnswer:
    """Record vehicle checks that the device queued, each by itself, in their order; as for entry checks.

    Hand in the entry checks of the people in them first.
    """
    mine = desk(request.app)

    async def take(check: VehicleCheckBody, tx: Tx) -> tuple[bool, Answer]:
        return await take_vehicle(mine, station, check, tx)

    items = await take_each(
        mine, station, body.checks, read=VehicleCheckBody, as_item=VehicleBatchItem, take=take
    )
    return VehicleBatchAnswer(items=items)


async def take_vehicle(
    mine: Desk, station: Station, body: VehicleCheckBody, tx: Tx
) -> tuple[bool, VehicleCheckAnswer]:
    """Decide and keep one, in the transaction; tells whether it is new.

    Raises:
        PolicyUnknown: the policy in force says nothing of vehicles.
        VehicleNotNamed, SameIdOtherContent: as their names say.
    """
    command = await _command(mine, station, body)
    rules = await mine.rules(tx, tx.today)
    told = await check_vehicle(
        command, tx=tx, rules=rules, vehicle_rules=rules_of_vehicles(rules), vault=mine.context.vault
    )
    return told.created, VehicleCheckAnswer.of(body.check_id, told)


def rules_of_vehicles(rules: GateRules) -> VehicleRules:
    """The rules of vehicle checks in force.

    Raises:
        PolicyUnknown: the policy in force says nothing of vehicles.
    """
    if rules.vehicles is None:
        raise PolicyUnknown
    return rules.vehicles


async def _command(mine: Desk, station: Station, body: VehicleCheckBody) -> CheckVehicle:
    plate = spell_plate(body.plate or "") or None
    if not body.emergency and (plate, body.pass_token, body.pass_number) == (None, None, None):
        raise VehicleNotNamed(
            "请填写车牌或扫描车证。Give the plate or the vehicle pass.",
            field="plate",
            remedy="扫描车证或输入车牌。Scan the pass or type the plate.",
        )
    proof, claims = Proof.NONE, None
    if body.pass_token is not None:
        try:
            proof, claims = mine.read_token(body.pass_token, "vehicle")
        except UnknownKey:
            await mine.learn_keys()
            proof, claims = mine.read_token(body.pass_token, "vehicle", keys_are_new=True)
    offline = body.offline
    return CheckVehicle(
        station=station,
        check_id=body.check_id,
        seq=body.seq,
        direction=body.direction,
        pass_id=claims.pass_id if claims else None,
        number=body.pass_number if claims is None else None,
        proof=proof,
        serial=claims.serial if claims else None,
        shown=body.pass_token is not None or body.pass_number is not None,
        plate=plate,
        emergency=body.emergency,
        occupants=body.occupants,
        named=tuple((each.check_id, each.driver) for each in body.occupant_checks),
        boot_opened=body.boot_opened,
        at=body.checked_at,
        offline=DecidedVehicle(
            verdict=offline.verdict.value,
            reasons=offline.reasons,
            policy_version=offline.policy_version,
            clock_skew_seconds=offline.clock_skew_seconds,
        )
        if offline
        else None,
        content=body.content(station.checkpoint),
    )
