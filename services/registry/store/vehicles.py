"""Vehicles and their passes: plates sealed, found by keyed index."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from services.registry.domain.passes import Validity
from services.registry.domain.vehicles import PlateKind, PlateRegistered
from services.registry.store import revocations
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "vehicle_plate_once": PlateRegistered(
        "该车牌已登记。A vehicle with this plate is in the book.",
        field="plate",
        remedy="车辆已过户的，先注销原登记。If it was sold, remove the old entry first.",
    ),
    "vehicle_pass_request_pkey": SameIdOtherContent(
        "该编号已用于另一次办证。This id was used for another request.", field="request_id"
    ),
}

ADD = """
insert into vehicle (vehicle_ref, person_ref, dwelling_id, plate_sealed, plate_index, plate_kind, registered_at,
  registered_by)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
ONE = """
select v.vehicle_ref, v.person_ref, v.dwelling_id, d.compound_id, v.plate_sealed, v.plate_index, v.plate_kind,
  v.registered_at, v.removed_at
from vehicle v join dwelling d using (dwelling_id) where v.vehicle_ref = $1
"""
LOCKED = """
select v.vehicle_ref, v.person_ref, v.dwelling_id, d.compound_id, v.plate_sealed, v.plate_index, v.plate_kind,
  v.registered_at, v.removed_at
from vehicle v join dwelling d using (dwelling_id) where v.vehicle_ref = $1 for no key update of v
"""
BY_PLATE = """
select v.vehicle_ref, v.person_ref, v.dwelling_id, d.compound_id, v.plate_sealed, v.plate_index, v.plate_kind,
  v.registered_at, v.removed_at
from vehicle v join dwelling d using (dwelling_id) where v.plate_index = any($1::bytea[]) and v.removed_at is null
"""
OF_OWNERS = """
select person_ref, vehicle_ref, plate_sealed from vehicle
where person_ref = any($1::uuid[]) and removed_at is null order by person_ref, vehicle_ref
"""
OF_PEOPLE = """
select v.vehicle_ref, v.person_ref, v.dwelling_id, d.compound_id, v.plate_sealed, v.plate_index, v.plate_kind,
  v.registered_at, v.removed_at
from vehicle v join dwelling d using (dwelling_id) where v.person_ref = any($1::uuid[])
order by v.registered_at, v.vehicle_ref
"""
# Whoever issues a pass holds the vehicle: nothing is issued beside what these owners' acts do.
LOCK_OF_OWNERS = """
select vehicle_ref from vehicle where person_ref = any($1::uuid[]) and removed_at is null
order by vehicle_ref for no key update
"""
RELOCATE = "update vehicle set dwelling_id = $2 where vehicle_ref = $1"
ADD_MOVE = """
insert into vehicle_move (move_id, vehicle_ref, from_dwelling, to_dwelling, moved_at, moved_by)
values ($1, $2, $3, $4, $5, $6)
"""
MOVE = "select vehicle_ref, to_dwelling from vehicle_move where move_id = $1"
REMOVE = "update vehicle set removed_at = $2 where vehicle_ref = $1"

ISSUE_ONE = """
insert into vehicle_pass (vehicle_pass_id, number, vehicle_ref, compound_id, valid_from, valid_until, policy_version,
  token_sealed, issued_by, key_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
ISSUED = """
select vehicle_pass_id, number, serial, vehicle_ref, compound_id, state, reason, valid_from, valid_until,
  policy_version, token_sealed, version
from vehicle_pass where vehicle_pass_id = $1
"""
ACTIVE_OF = """
select vehicle_pass_id, number, serial, vehicle_ref, compound_id, state, reason, valid_from, valid_until,
  policy_version, token_sealed, version
from vehicle_pass where vehicle_ref = $1 and state = 'active' order by vehicle_pass_id for no key update
"""
PASSES_OF = """
select vehicle_pass_id, number, serial, vehicle_ref, compound_id, state, reason, valid_from, valid_until,
  policy_version, token_sealed, version
from vehicle_pass where vehicle_ref = any($1::uuid[]) order by vehicle_pass_id
"""
PASSES_OF_COMPOUND = """
select vehicle_pass_id, number, serial, vehicle_ref, compound_id, state, reason, valid_from, valid_until,
  policy_version, token_sealed, version
from vehicle_pass where compound_id = $1 and ($2::text is null or state = $2) and vehicle_pass_id > $3
order by vehicle_pass_id limit $4
"""
NUMBER_TAKEN = "select exists (select from vehicle_pass where number = $1)"
PRINT_ONE = """
update vehicle_pass set serial = serial + 1, token_sealed = $2, key_id = $3, version = version + 1
where vehicle_pass_id = $1 returning version
"""
STOP_ONE = """
update vehicle_pass set state = 'revoked', reason = $2, version = version + 1
where vehicle_pass_id = $1 returning version
"""
ADMIT_ONE = """
update vehicle_pass set state = 'active', reason = null, version = version + 1
where vehicle_pass_id = $1 returning version
"""
REQUEST = "select vehicle_pass_id, asked from vehicle_pass_request where request_id = $1"
ADD_REQUEST = "insert into vehicle_pass_request (request_id, vehicle_pass_id, asked) values ($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle as the book has it."""

    vehicle_ref: UUID
    person_ref: UUID
    dwelling_id: UUID
    compound: str
    plate_sealed: bytes
    plate_index: bytes
    plate_kind: PlateKind
    registered_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePass:
    """A vehicle pass as it is."""

    vehicle_pass_id: UUID
    number: str
    serial: int
    vehicle_ref: UUID
    compound: str
    state: Literal["active", "revoked"]
    reason: str | None
    validity: Validity
    policy_version: int
    token_sealed: bytes
    version: int


async def add(tx: Tx, new: Vehicle) -> None:
    """Write a vehicle. A plate that is in the book violates `vehicle_plate_once`."""
    await tx.execute(
        ADD,
        new.vehicle_ref,
        new.person_ref,
        new.dwelling_id,
        new.plate_sealed,
        new.plate_index,
        new.plate_kind,
        tx.now,
        tx.actor or "",
    )


async def one(conn: Conn, vehicle_ref: UUID) -> Vehicle | None:
    """A vehicle by its reference."""
    row = await conn.fetchrow(ONE, vehicle_ref)
    return _vehicle(row) if row else None


async def locked(tx: Tx, vehicle_ref: UUID) -> Vehicle | None:
    """A vehicle, held until the end."""
    row = await tx.fetchrow(LOCKED, vehicle_ref)
    return _vehicle(row) if row else None


async def by_plate(conn: Conn, indexes: Sequence[bytes]) -> Vehicle | None:
    """The vehicle of the book with a plate."""
    row = await conn.fetchrow(BY_PLATE, list(indexes))
    return _vehicle(row) if row else None


async def of_owners(conn: Conn, people: Sequence[UUID]) -> dict[UUID, list[asyncpg.Record]]:
    """The vehicles of each of these people, plates sealed."""
    found: defaultdict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in await conn.fetch(OF_OWNERS, list(people)):
        found[row["person_ref"]].append(row)
    return found


async def of_people(conn: Conn, people: Sequence[UUID]) -> list[Vehicle]:
    """The vehicles of these people, removed ones too."""
    return [_vehicle(row) for row in await conn.fetch(OF_PEOPLE, list(people))]


async def lock_of_owners(tx: Tx, people: Sequence[UUID]) -> list[UUID]:
    """The vehicles of these people that are in the book, held until the end."""
    return [row["vehicle_ref"] for row in await tx.fetch(LOCK_OF_OWNERS, list(people))]


async def relocate(tx: Tx, found: Vehicle, move_id: UUID, dwelling_id: UUID) -> None:
    """Put a vehicle that is held to another dwelling, and keep where it was."""
    moved = (move_id, found.vehicle_ref, found.dwelling_id, dwelling_id)
    await tx.execute(ADD_MOVE, *moved, tx.now, tx.actor or "registry")
    await tx.execute(RELOCATE, found.vehicle_ref, dwelling_id)


async def remove(tx: Tx, vehicle_ref: UUID) -> None:
    """Take a vehicle out of the book; its passes stay as they are."""
    await tx.execute(REMOVE, vehicle_ref, tx.now)


async def add_pass(tx: Tx, given: VehiclePass, *, key_id: str) -> None:
    """Write a new, active pass. A second active one violates `vehicle_pass_one_active`."""
    await tx.execute(
        ISSUE_ONE,
        given.vehicle_pass_id,
        given.number,
        given.vehicle_ref,
        given.compound,
        given.validity.starts,
        given.validity.ends,
        given.policy_version,
        given.token_sealed,
        tx.actor or "",
        key_id,
    )


async def vehicle_pass(conn: Conn, vehicle_pass_id: UUID) -> VehiclePass | None:
    """A vehicle pass by its id."""
    row = await conn.fetchrow(ISSUED, vehicle_pass_id)
    return _pass(row) if row else None


async def active_of(tx: Tx, vehicle_ref: UUID) -> list[VehiclePass]:
    """A vehicle's passes that are not revoked, held until the end."""
    return [_pass(row) for row in await tx.fetch(ACTIVE_OF, vehicle_ref)]


async def passes_of(conn: Conn, vehicles: Sequence[UUID]) -> list[VehiclePass]:
    """Every pass of these vehicles, revoked ones too, in the order in which they were issued."""
    return [_pass(row) for row in await conn.fetch(PASSES_OF, list(vehicles))]


async def page(conn: Conn, compound: str, *, state: str | None, after: UUID, limit: int) -> list[VehiclePass]:
    """A compound's vehicle passes in the order in which they were issued."""
    return [_pass(row) for row in await conn.fetch(PASSES_OF_COMPOUND, compound, state, after, limit)]


async def number_taken(conn: Conn, number: str) -> bool:
    """Whether a vehicle pass has this number."""
    return bool(await conn.fetchval(NUMBER_TAKEN, number))


async def print_again(tx: Tx, printed: VehiclePass, *, key_id: str) -> int:
    """Give a pass its next serial and token; its version after it."""
    version: int = await tx.fetchval(PRINT_ONE, printed.vehicle_pass_id, printed.token_sealed, key_id)
    await _list(tx, printed, "active")
    return version


async def revoke(tx: Tx, one: VehiclePass, reason: str) -> int:
    """Make a pass void; its version after it."""
    version: int = await tx.fetchval(STOP_ONE, one.vehicle_pass_id, reason)
    await _list(tx, one, "revoked")
    return version


async def admit_again(tx: Tx, one: VehiclePass) -> int:
    """Undo a revocation; the pass's version after it."""
    version: int = await tx.fetchval(ADMIT_ONE, one.vehicle_pass_id)
    await _list(tx, one, "active")
    return version


async def request(conn: Conn, request_id: UUID) -> asyncpg.Record | None:
    """What was asked and answered under this id."""
    return await conn.fetchrow(REQUEST, request_id)


async def add_request(tx: Tx, request_id: UUID, vehicle_pass_id: UUID, asked: str) -> None:
    """Note which pass answers a request."""
    await tx.execute(ADD_REQUEST, request_id, vehicle_pass_id, asked)


async def _list(tx: Tx, one: VehiclePass, state: Literal["active", "revoked"]) -> None:
    await revocations.note(
        tx,
        one.vehicle_pass_id,
        one.compound,
        "vehicle",
        state=state,
        serial=one.serial,
        valid_until=one.validity.ends,
    )


def _vehicle(row: asyncpg.Record) -> Vehicle:
    return Vehicle(
        vehicle_ref=row["vehicle_ref"],
        person_ref=row["person_ref"],
        dwelling_id=row["dwelling_id"],
        compound=row["compound_id"],
        plate_sealed=row["plate_sealed"],
        plate_index=row["plate_index"],
        plate_kind=row["plate_kind"],
        registered_at=row["registered_at"],
        removed_at=row["removed_at"],
    )


def _pass(row: asyncpg.Record) -> VehiclePass:
    return VehiclePass(
        vehicle_pass_id=row["vehicle_pass_id"],
        number=row["number"],
        serial=row["serial"],
        vehicle_ref=row["vehicle_ref"],
        compound=row["compound_id"],
        state=row["state"],
        reason=row["reason"],
        validity=Validity(starts=row["valid_from"], ends=row["valid_until"]),
        policy_version=row["policy_version"],
        token_sealed=row["token_sealed"],
        version=row["version"],
    )
