"""Vehicle checks: each decided once, in one transaction (R2.3, G7)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gate.desk import Station
from services.gate.domain.entry import GateRules, Proof
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.times import judge_time
from services.gate.domain.vehicles import (
    KnownVehiclePass,
    VehicleAttempt,
    VehicleRecords,
    counted,
    decide_vehicle,
)
from services.gate.sealing import PLATE, PLATE_INDEX, VEHICLE_CONTENT
from services.gate.store import vehicles as store
from shared.db.pool import Tx
from shared.events.gate import VehicleChecked
from shared.events.policy_gate import VehicleRules
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedVehicle:
    """What the device decided while it had no answer from here."""

    verdict: str
    reasons: tuple[str, ...]
    policy_version: int
    clock_skew_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckVehicle:
    """A vehicle at the device's checkpoint. `content` spells out all that makes a repeat a repeat."""

    station: Station
    check_id: UUID
    seq: int
    direction: Direction
    pass_id: UUID | None
    number: str | None
    proof: Proof
    serial: int | None
    shown: bool
    plate: str | None = field(repr=False)
    emergency: bool
    occupants: int
    named: tuple[tuple[UUID, bool], ...]
    boot_opened: bool | None
    at: datetime
    offline: DecidedVehicle | None
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleAnswered:
    """The first answer; `plate` is what the pass belongs to, for comparing, where it is known."""

    created: bool
    verdict: str
    reasons: tuple[str, ...]
    emergency: bool
    checked_at: datetime
    received_at: datetime
    offline: bool
    policy_version: int
    plate: str | None = field(repr=False)


async def check_vehicle(
    cmd: CheckVehicle, *, tx: Tx, rules: GateRules, vehicle_rules: VehicleRules, vault: Vault
) -> VehicleAnswered:
    """Decide, keep and publish, or give the first answer again.

    Raises:
        SameIdOtherContent: the id was used for another check.
    """
    indexes = vault.index_all(PLATE_INDEX, cmd.plate) if cmd.plate else []
    given, records = await _known(tx, cmd, indexes)
    plate = await _plate(tx, cmd, given, vault)
    first = await tx.fetchrow(store.FIRST_ANSWER, cmd.check_id)
    created = False
    if first is None:
        created = await _decide(
            tx,
            cmd,
            given=given,
            records=records,
            rules=rules,
            vehicle_rules=vehicle_rules,
            vault=vault,
        )
        first = await tx.fetchrow(store.FIRST_ANSWER, cmd.check_id)
        assert first is not None  # noqa: S101 -- kept just now, here or by who was faster
    if first["content"] not in vault.index_all(VEHICLE_CONTENT, cmd.content):
        raise SameIdOtherContent(
            "该编号已用于另一次查验。This id was used for another check.",
            field="check_id",
            remedy="每次查验使用新的编号。Use a new id for every check.",
        )
    return VehicleAnswered(
        created=created,
        verdict=first["verdict"],
        reasons=tuple(first["reasons"]),
        emergency=first["emergency"],
        checked_at=first["device_at"],
        received_at=first["received_at"],
        offline=first["offline"],
        policy_version=first["policy_version"],
        plate=plate,
    )


async def _known(
    tx: Tx, cmd: CheckVehicle, indexes: Sequence[bytes]
) -> tuple[KnownVehiclePass | None, VehicleRecords]:
    """The pass that counts, and all that is known of the vehicle."""
    of_plate = (
        {row["vehicle_ref"] for row in await tx.fetch(store.VEHICLES_OF_PLATE, indexes)} if indexes else set()
    )
    given = await store.pass_shown(tx, pass_id=cmd.pass_id, number=cmd.number)
    if given is None and not cmd.shown and of_plate:
        row = await tx.fetchrow(store.BEST_OF_VEHICLE, list(of_plate), cmd.station.compound)
        given = store.known_pass(row)
    fits = None
    if given is not None and indexes:
        plates = {row["plate_index"] for row in await tx.fetch(store.PLATES_OF_VEHICLE, given.vehicle_ref)}
        fits = bool(plates.intersection(indexes)) if plates else None
    return given, VehicleRecords(
        vehicle_pass=given, proof=cmd.proof, serial=cmd.serial, shown=cmd.shown, plate_fits=fits
    )


async def _decide(
    tx: Tx,
    cmd: CheckVehicle,
    *,
    given: KnownVehiclePass | None,
    records: VehicleRecords,
    rules: GateRules,
    vehicle_rules: VehicleRules,
    vault: Vault,
) -> bool:
    station = cmd.station
    skew = cmd.offline.clock_skew_seconds if cmd.offline else None
    time = judge_time(
        cmd.at,
        received_at=tx.now,
        opened_at=station.opened_at,
        ahead_seconds=rules.ahead_seconds,
        skew_seconds=station.clock_skew_seconds if skew is None else skew,
    )
    rows = await tx.fetch(
        store.CHECKS_NAMED, [check_id for check_id, _ in cmd.named], station.checkpoint, cmd.direction
    )
    checks = counted(
        {row["check_id"]: (Verdict(row["verdict"]), row["happened_at"], row["overridden"]) for row in rows},
        cmd.named,
        at=time.happened_at,
        within=timedelta(minutes=vehicle_rules.occupant_check_minutes),
    )
    decided = decide_vehicle(
        VehicleAttempt(
            here=station.compound,
            direction=cmd.direction,
            occupants=cmd.occupants,
            checks=checks,
            boot_opened=cmd.boot_opened,
            emergency=cmd.emergency,
            at=time.happened_at if cmd.offline else tx.now,
        ),
        records,
        rules.musts,
    )
    verdict = cmd.offline.verdict if cmd.offline else decided.verdict.value
    reasons = cmd.offline.reasons if cmd.offline else tuple(reason.value for reason in decided.reasons)
    version = cmd.offline.policy_version if cmd.offline else rules.version
    added = await tx.fetchval(
        store.ADD_CHECK,
        *(cmd.check_id, station.device_id, cmd.seq, station.compound, station.checkpoint, cmd.direction),
        *(given.vehicle_ref if given else None, given.vehicle_pass_id if given else None, cmd.emergency),
        *(cmd.occupants, [check_id for check_id, _ in cmd.named], cmd.boot_opened, verdict, list(reasons)),
        *(cmd.offline is not None, version, cmd.at, time.happened_at, time.trusted, tx.now),
        vault.index(VEHICLE_CONTENT, cmd.content),
    )
    if added is None:
        return False
    await tx.publish(
        VehicleChecked(
            check_id=cmd.check_id,
            compound=station.compound,
            checkpoint=station.checkpoint,
            vehicle_ref=None,
            direction=cmd.direction.value,
            verdict=verdict,
            reasons=reasons,
            emergency=cmd.emergency,
            occupants=cmd.occupants,
            boot_opened=cmd.boot_opened,
            checked_at=time.happened_at,
            offline=cmd.offline is not None,
            policy_version=version,
        ),
        version=1,
    )
    return True


async def _plate(tx: Tx, cmd: CheckVehicle, given: KnownVehiclePass | None, vault: Vault) -> str | None:
    """The plate of a pass for this compound, to be compared with the car; the reading is recorded."""
    if given is None or given.compound != cmd.station.compound:
        return None
    rows: list[Any] = await tx.fetch(store.PLATES_OF_VEHICLE, given.vehicle_ref)
    keys = await vault.keys(row["person_ref"] for row in rows)
    for row in rows:
        if key := keys.get(row["person_ref"]):
            scope = f"checkpoint:{cmd.station.checkpoint}"
            await tx.execute(
                store.ADD_READ, tx.now, cmd.station.subject, row["person_ref"], scope, tx.cause.correlation
            )
            return vault.open(key, PLATE, row["plate_sealed"])
    return None
