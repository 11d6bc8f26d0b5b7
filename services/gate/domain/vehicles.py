"""May this vehicle pass with the people in it? Pure (R2.3, G7).

Everybody in it has an entry check of their own; what is left is the vehicle: its pass, how many sit in it, the boot.
Every reason is collected and judged once: refused, held until something is done, or complete.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.gate.domain.entry import PassState, Proof
from services.gate.domain.rulings import Direction, Verdict
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal


class VehicleVerdict(StrEnum):
    """The answer, mildest first."""

    COMPLETE = "complete"
    HELD = "held"
    REFUSE = "refuse"


class VehicleReason(StrEnum):
    """What stands against passing, gravest first."""

    DRIVER_REFUSED = "driver_refused"
    PASS_FORGED = "vehicle_pass_forged"  # noqa: S105 -- a code of the contract, like those below
    PASS_REVOKED = "vehicle_pass_revoked"  # noqa: S105
    PASS_REPLACED = "vehicle_pass_replaced"  # noqa: S105
    WRONG_COMPOUND = "vehicle_wrong_compound"
    PASS_EXPIRED = "vehicle_pass_expired"  # noqa: S105
    PASS_NOT_YET_VALID = "vehicle_pass_not_yet_valid"  # noqa: S105
    NO_PASS = "no_vehicle_pass"  # noqa: S105
    OCCUPANT_REFUSED = "occupant_refused"
    PASS_UNVERIFIABLE = "vehicle_pass_unverifiable"  # noqa: S105
    PASS_UNKNOWN = "vehicle_pass_unknown"  # noqa: S105
    PLATE_MISMATCH = "plate_mismatch"
    OCCUPANT_UNCHECKED = "occupant_unchecked"
    OCCUPANT_NOT_CLEARED = "occupant_not_cleared"
    OCCUPANTS_MISCOUNTED = "occupants_miscounted"
    BOOT_NOT_CHECKED = "boot_not_checked"


_REFUSES = frozenset(
    {
        VehicleReason.DRIVER_REFUSED,
        VehicleReason.PASS_FORGED,
        VehicleReason.PASS_REVOKED,
        VehicleReason.PASS_REPLACED,
        VehicleReason.WRONG_COMPOUND,
        VehicleReason.PASS_EXPIRED,
        VehicleReason.PASS_NOT_YET_VALID,
        VehicleReason.NO_PASS,
    }
)


class VehicleNotNamed(Refusal):
    """Neither a plate nor a pass was given."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "vehicle_not_named"


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupantCheck:
    """What the entry check of somebody in the vehicle came to, as gate kept it; `overridden` by a shift leader."""

    check_id: UUID
    driver: bool
    verdict: Verdict
    overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVehiclePass:
    """A vehicle pass as gate's copy holds it; valid from `valid_from` on and before `valid_until`."""

    vehicle_pass_id: UUID
    serial: int
    vehicle_ref: UUID
    compound: CompoundId
    state: PassState
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRecords:
    """All that gate knows of the vehicle. `serial` is the one printed in the token that was shown.

    `plate_fits` is None where no plate can be compared: none was read, or none is known of the pass's vehicle.
    `offline`: a device decides, which may not know whether a pass is still good.
    """

    vehicle_pass: KnownVehiclePass | None = None
    proof: Proof = Proof.NONE
    serial: int | None = None
    shown: bool = False
    plate_fits: bool | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleAttempt:
    """A vehicle at a checkpoint of the compound `here`.

    Attributes:
        occupants: how many people were seen in it, the driver included.
        checks: those of them whose check counts here and now.
        emergency: an ambulance, a fire engine or the police on duty.
    """

    here: CompoundId
    direction: Direction
    occupants: int
    checks: tuple[OccupantCheck, ...]
    boot_opened: bool | None
    emergency: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDecision:
    """The answer, with all reasons, gravest first."""

    verdict: VehicleVerdict
    reasons: tuple[VehicleReason, ...]


def decide_vehicle(attempt: VehicleAttempt, known: VehicleRecords, musts: frozenset[str]) -> VehicleDecision:
    """Collect every reason, then judge once. The vehicle's pass never stands in for a person's.

    Ambulance, fire engine and police on duty are let through and logged, whatever else is known. On the way out the
    pass and the boot are not asked for; everybody in the vehicle is checked all the same.
    """
    if attempt.emergency:
        return VehicleDecision(verdict=VehicleVerdict.COMPLETE, reasons=())
    found = {*_of_the_people(attempt, musts), *_of_the_vehicle(attempt, known, musts)}
    reasons = tuple(reason for reason in VehicleReason if reason in found)
    verdict = VehicleVerdict.COMPLETE
    if reasons:
        verdict = VehicleVerdict.REFUSE if _REFUSES & found else VehicleVerdict.HELD
    return VehicleDecision(verdict=verdict, reasons=reasons)


def counted(
    checks: Mapping[UUID, tuple[Verdict, datetime, bool]],
    named: tuple[tuple[UUID, bool], ...],
    *,
    at: datetime,
    within: timedelta,
) -> tuple[OccupantCheck, ...]:
    """Of the checks that were named those that count: known, made here, and not too long before or after.

    Args:
        checks: of those made at this checkpoint in this direction: verdict, when it happened, overridden or not.
        named: check ids in the order given, and whether it is the driver's.
        at: when the vehicle stood here.
        within: how far a person's check may lie from the vehicle's.
    """
    return tuple(
        OccupantCheck(
            check_id=check_id, driver=driver, verdict=checks[check_id][0], overridden=checks[check_id][2]
        )
        for check_id, driver in dict(named).items()
        if check_id in checks and abs(at - checks[check_id][1]) <= within
    )


def _of_the_people(attempt: VehicleAttempt, musts: frozenset[str]) -> Iterator[VehicleReason]:
    for check in attempt.checks:
        if check.overridden or check.verdict in {Verdict.ADMIT, Verdict.ADMIT_WITH_ACTION}:
            continue
        if check.verdict is Verdict.REFUSE:
            yield VehicleReason.DRIVER_REFUSED if check.driver else VehicleReason.OCCUPANT_REFUSED
        else:
            yield VehicleReason.OCCUPANT_NOT_CLEARED
    if "occupants" not in musts:
        return
    if len(attempt.checks) < attempt.occupants or not any(check.driver for check in attempt.checks):
        yield VehicleReason.OCCUPANT_UNCHECKED
    if len(attempt.checks) > attempt.occupants:
        yield VehicleReason.OCCUPANTS_MISCOUNTED


def _of_the_vehicle(
    attempt: VehicleAttempt, known: VehicleRecords, musts: frozenset[str]
) -> Iterator[VehicleReason]:
    if attempt.direction is Direction.EXIT:
        return
    if "boot" in musts and attempt.boot_opened is not True:
        yield VehicleReason.BOOT_NOT_CHECKED
    if known.plate_fits is False:
        yield VehicleReason.PLATE_MISMATCH
    if known.proof is Proof.FORGED:
        yield VehicleReason.PASS_FORGED
    elif "vehicle_pass" in musts:
        yield from _of_the_pass(attempt, known)


def _of_the_pass(attempt: VehicleAttempt, known: VehicleRecords) -> Iterator[VehicleReason]:
    given = known.vehicle_pass
    if given is None:
        if known.proof is Proof.UNKNOWN_KEY or known.offline:
            yield VehicleReason.PASS_UNVERIFIABLE
        else:
            yield VehicleReason.PASS_UNKNOWN if known.shown else VehicleReason.NO_PASS
        return
    if given.state is not PassState.ACTIVE:
        yield VehicleReason.PASS_REVOKED
    if known.serial is not None and known.serial < given.serial:
        yield VehicleReason.PASS_REPLACED
    if given.compound != attempt.here:
        yield VehicleReason.WRONG_COMPOUND
    if attempt.at >= given.valid_until:
        yield VehicleReason.PASS_EXPIRED
    elif attempt.at < given.valid_from:
        yield VehicleReason.PASS_NOT_YET_VALID
