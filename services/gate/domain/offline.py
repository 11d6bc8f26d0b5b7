"""What a device knows of whoever stands before it, from its own list: the facts for `decide_entry` (gate rules, G14).

The rule is the server's own. Only the facts are fewer, and they are older: the age of the list is one of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from services.gate.domain.entry import (
    EntryAttempt,
    EntryDecision,
    GateRecords,
    KnownPass,
    PassState,
    Proof,
    decide_entry,
)
from services.gate.domain.lists import ELSEWHERE, ListedPass, ListedVehiclePass, ListRules
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.subjects import Display, masked, room_key
from services.gate.domain.vehicles import (
    KnownVehiclePass,
    VehicleAttempt,
    VehicleDecision,
    VehicleRecords,
    counted,
    decide_vehicle,
)
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.pass_token import PassClaims

R = TypeVar("R", ListedPass, ListedVehiclePass)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnList:
    """A device's list: the passes of its compound by number, and of its vehicles (None: not told)."""

    compound: CompoundId
    passes: Mapping[str, ListedPass]
    rules: ListRules
    vehicles: Mapping[str, ListedVehiclePass] | None = None


def of_token(own: OwnList, proof: Proof, claims: PassClaims | None, *, at: datetime, age: int) -> GateRecords:
    """Facts about a scanned pass. What its signature covers may be believed where the list does not know it."""
    if claims is None:
        return GateRecords(proof=proof, list_age_seconds=age)
    listed = own.passes.get(claims.number)
    if listed is not None:
        return _records(own, listed, proof=proof, serial=claims.serial, age=age)
    elsewhere = claims.compound != own.compound
    if elsewhere or not claims.not_before <= at < claims.expires:
        return GateRecords(
            people=frozenset({stand_in(claims.number)}),
            entry_pass=KnownPass(
                pass_id=claims.pass_id,
                serial=claims.serial,
                person_ref=stand_in(claims.number),
                compound=ELSEWHERE if elsewhere else own.compound,
                state=PassState.ACTIVE,
                valid_from=claims.not_before,
                valid_until=claims.expires,
            ),
            proof=proof,
            serial=claims.serial,
            list_age_seconds=age,
        )
    return GateRecords(proof=proof, serial=claims.serial, list_age_seconds=age)


def of_number(own: OwnList, number: str, *, age: int) -> GateRecords:
    """Facts about a number that was typed: nothing signed stands behind it."""
    listed = own.passes.get(number)
    return _records(own, listed, age=age) if listed else GateRecords(list_age_seconds=age)


def of_dwelling(own: OwnList, room: str, surname: str, *, age: int) -> GateRecords:
    """Facts about who says to live here. The list tells surnames as a guard sees them."""
    found = [listed for listed in own.passes.values() if _lives(own.compound, listed, room, surname)]
    if len(found) == 1:
        return _records(own, found[0], age=age)
    return GateRecords(people=frozenset(stand_in(listed.number) for listed in found), list_age_seconds=age)


def of_others(*, age: int) -> GateRecords:
    """No facts: about a document, of which the list tells nothing, and about who is no resident."""
    return GateRecords(list_age_seconds=age)


def decide_offline(attempt: EntryAttempt, known: GateRecords, rules: ListRules) -> EntryDecision:
    """The server's own rule, by the numbers and the table that the list brought along."""
    return decide_entry(attempt, known, rules.rules, rules.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSeen:
    """A vehicle at the device. `checks` are those that it showed, of this direction, as `counted` takes them."""

    direction: Direction
    occupants: int
    checks: Mapping[UUID, tuple[Verdict, datetime, bool]]
    named: tuple[tuple[UUID, bool], ...]
    boot_opened: bool | None
    emergency: bool
    at: datetime


def of_vehicle(
    own: OwnList, proof: Proof, claims: PassClaims | None, *, shown: bool, at: datetime, age: int
) -> VehicleRecords:
    """Facts about a vehicle's pass: what its signature covers, where a young list knows it.

    A list that is too old for a plain admission cannot vouch for a pass; what it says against one stands.
    """
    given = None
    if claims is not None:
        listed = (own.vehicles or {}).get(claims.number)
        elsewhere = claims.compound != own.compound
        outside = not claims.not_before <= at < claims.expires
        bad = listed is not None and (listed.revoked or claims.serial < listed.serial)
        young = age <= own.rules.rules.offline_admit_minutes * 60
        if elsewhere or outside or bad or (listed is not None and young):
            given = KnownVehiclePass(
                vehicle_pass_id=claims.pass_id,
                serial=listed.serial if listed else claims.serial,
                vehicle_ref=claims.pass_id,
                compound=ELSEWHERE if elsewhere else own.compound,
                state=PassState.REVOKED if listed and listed.revoked else PassState.ACTIVE,
                valid_from=claims.not_before,
                valid_until=claims.expires,
            )
    return VehicleRecords(
        vehicle_pass=given,
        proof=proof,
        serial=claims.serial if claims else None,
        shown=shown or proof is not Proof.NONE,
        offline=True,
    )


def decide_vehicle_offline(seen: VehicleSeen, known: VehicleRecords, own: OwnList) -> VehicleDecision:
    """The server's own rule. Without the policy's minutes in the list nobody's check counts."""
    numbers = own.rules.rules
    within = timedelta(minutes=numbers.vehicles.occupant_check_minutes) if numbers.vehicles else None
    checks = counted(seen.checks, seen.named, at=seen.at, within=within) if within else ()
    attempt = VehicleAttempt(
        here=own.compound,
        direction=seen.direction,
        occupants=seen.occupants,
        checks=checks,
        boot_opened=seen.boot_opened,
        emergency=seen.emergency,
        at=seen.at,
    )
    return decide_vehicle(attempt, known, numbers.musts)


def display_of(own: OwnList, number: str | None) -> Display | None:
    """What the screen may show of a pass's holder."""
    listed = own.passes.get(number) if number else None
    if listed is None or listed.surname is None:
        return None
    return Display(surname=listed.surname, room=listed.room)


def stand_in(number: str) -> PersonRef:
    """Stands for the holder of a pass, whose pseudonym a device is never told."""
    return PersonRef(UUID(int=int(number)))


def by_number(passes: Iterable[R]) -> dict[str, R]:
    """Rows by the number of the pass."""
    return {listed.number: listed for listed in passes}


def _records(
    own: OwnList, listed: ListedPass, *, age: int, proof: Proof = Proof.NONE, serial: int | None = None
) -> GateRecords:
    return GateRecords(
        people=frozenset({stand_in(listed.number)}),
        entry_pass=KnownPass(
            pass_id=UUID(int=int(listed.number)),
            serial=listed.serial,
            person_ref=stand_in(listed.number),
            compound=own.compound,
            state=listed.state,
            valid_from=listed.valid_from,
            valid_until=listed.valid_until,
            hours=listed.hours,
        ),
        proof=proof,
        serial=serial,
        restrictions=listed.restrictions(own.compound),
        list_age_seconds=age,
    )


def _lives(here: CompoundId, listed: ListedPass, room: str, surname: str) -> bool:
    if listed.room is None or listed.surname is None or listed.surname != masked(surname):
        return False
    return room_key(here, listed.room, "") == room_key(here, room, "")
