"""Vehicles and vehicle passes: a pass for the vehicle, never for the people in it (R2.3, R2.4, G7)."""

from dataclasses import dataclass, replace
from uuid import UUID

from services.registry.domain.errors import DwellingUnknown, PersonUnknown
from services.registry.domain.pass_life import PrintReason
from services.registry.domain.vehicles import (
    NotTheOwnersDwelling,
    VehicleElsewhere,
    VehiclePassUnknown,
    VehiclePassVoid,
    VehicleRemoved,
    VehicleRevocation,
    VehicleUnknown,
    decide_plate,
    decide_vehicle_pass,
    read_plate,
)
from services.registry.handlers import pass_keys, passes, people_events, policy
from services.registry.handlers.people import Keeper
from services.registry.handlers.people_events import PLATE
from services.registry.store import people as people_store
from services.registry.store import returnees as returnee_store
from services.registry.store import vehicles as store
from services.registry.store.vehicles import Vehicle, VehiclePass
from shared.db.pool import Conn, Tx
from shared.events.registry.passes import VehiclePassIssued, VehiclePassRevoked
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.pass_token import PassClaims
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

TOKEN = "vehicle_pass_token"  # noqa: S105 - the name of a field
"""Name of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterVehicle:
    """A vehicle of somebody who lives in a dwelling. The reference is made by the client."""

    vehicle_ref: UUID
    plate: str
    person_ref: UUID
    dwelling_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedVehiclePass:
    """A vehicle pass with its token; `new` is False when it was there before."""

    vehicle_pass: VehiclePass
    token: str
    new: bool


async def register(cmd: RegisterVehicle, *, tx: Tx, keeper: Keeper) -> tuple[Vehicle, bool]:
    """Enter a vehicle and tell gates by its owner's card; the same one twice is one.

    Raises:
        PersonUnknown, DwellingUnknown, NotTheOwnersDwelling, PlateEmpty, PlateMalformed: the statement.
        SameIdOtherContent: the reference was used for another vehicle.
        PlateRegistered: another vehicle has the plate (at the commit).
    """
    plate = decide_plate(cmd.plate)
    if not await returnee_store.lock_person(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    if (known := await store.one(tx, cmd.vehicle_ref)) is not None:
        same = (known.person_ref, known.dwelling_id) == (cmd.person_ref, cmd.dwelling_id)
        if not same or known.plate_index not in keeper.vault.index_all(PLATE, plate.text):
            raise SameIdOtherContent(
                "该编号已用于另一辆车。This id was used for another vehicle.", field="vehicle_ref"
            )
        return known, False
    if await returnee_store.dwelling(tx, cmd.dwelling_id) is None:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    if not await returnee_store.lives_at(tx, cmd.person_ref, cmd.dwelling_id):
        raise NotTheOwnersDwelling(
            "车主不在该房屋居住。The owner does not live in this dwelling.", field="dwelling_id"
        )
    key = await keeper.vault.key(cmd.person_ref, create=True)
    new = Vehicle(
        vehicle_ref=cmd.vehicle_ref,
        person_ref=cmd.person_ref,
        dwelling_id=cmd.dwelling_id,
        compound="",
        plate_sealed=keeper.vault.seal(key, PLATE, plate.text),
        plate_index=keeper.vault.index(PLATE, plate.text),
        plate_kind=plate.kind,
        registered_at=tx.now,
        removed_at=None,
    )
    await store.add(tx, new)
    await _tell_card(tx, cmd.person_ref, keeper)
    return await existing(tx, cmd.vehicle_ref), True


async def relocate(vehicle_ref: UUID, move_id: UUID, dwelling_id: UUID, *, tx: Tx) -> Vehicle:
    """Let a vehicle follow its owner to another dwelling of the compound; its passes stay good.

    Raises:
        VehicleUnknown, VehicleRemoved, DwellingUnknown, NotTheOwnersDwelling: as their names say.
        VehicleElsewhere: the dwelling lies in another compound, whose gates know nothing of these passes.
        SameIdOtherContent: the id was used for another move.
    """
    found = await _locked(tx, vehicle_ref)
    if (known := await tx.fetchrow(store.MOVE, move_id)) is not None:
        if (known["vehicle_ref"], known["to_dwelling"]) != (vehicle_ref, dwelling_id):
            raise SameIdOtherContent(
                "该编号已用于另一次变更。This id was used for another move.", field="move_id"
            )
        return found
    if found.removed_at is not None:
        raise VehicleRemoved("该车已注销。The vehicle was removed.", field="vehicle_ref")
    place = await returnee_store.dwelling(tx, dwelling_id)
    if place is None:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    if place.compound != found.compound:
        raise VehicleElsewhere(
            "该房屋在其他小区。The dwelling lies in another compound.",
            field="dwelling_id",
            remedy="先注销车辆，再在新小区登记。Remove the vehicle, then register it in the other compound.",
        )
    if not await returnee_store.lives_at(tx, found.person_ref, dwelling_id):
        raise NotTheOwnersDwelling(
            "车主不在该房屋居住。The owner does not live in this dwelling.", field="dwelling_id"
        )
    if dwelling_id != found.dwelling_id:
        await store.relocate(tx, found, move_id, dwelling_id)
    return await existing(tx, vehicle_ref)


async def remove(vehicle_ref: UUID, *, tx: Tx, keeper: Keeper) -> Vehicle:
    """Take a sold or scrapped vehicle out of the book: its passes are void. A second time changes nothing.

    Raises:
        VehicleUnknown: there is no such vehicle.
    """
    found = await _locked(tx, vehicle_ref)
    if found.removed_at is None:
        for one in await store.active_of(tx, vehicle_ref):
            await stop(tx, one, "sold")
        await store.remove(tx, vehicle_ref)
        await _tell_card(tx, found.person_ref, keeper)
    return await existing(tx, vehicle_ref)


async def issue(
    request_id: UUID, vehicle_ref: UUID, compound: str, *, tx: Tx, vault: Vault
) -> IssuedVehiclePass:
    """Issue one pass per vehicle and compound; asked twice, also at the same moment, answered once.

    Raises:
        VehicleUnknown, VehicleRemoved: there is no vehicle to issue it for.
        SameIdOtherContent: the id was used for another request.
        VehicleElsewhere, NotTheOwnersDwelling: see `decide_vehicle_pass`.
    """
    found = await _locked(tx, vehicle_ref)
    asked = f"issue {vehicle_ref} {compound}"
    if (again := await _answered(tx, request_id, asked, vault)) is not None:
        return again
    if found.removed_at is not None:
        raise VehicleRemoved("该车已注销。The vehicle was removed.", field="vehicle_ref")
    held = [one for one in await store.active_of(tx, vehicle_ref) if one.compound == compound]
    for one in held:
        if tx.now < one.validity.ends:
            await store.add_request(tx, request_id, one.vehicle_pass_id, asked)
            return await _again(tx, one, vault)
    rules = await policy.in_force(tx, tx.today)
    validity = decide_vehicle_pass(
        same_compound=found.compound == compound,
        lives_there=await returnee_store.lives_at(tx, found.person_ref, found.dwelling_id),
        rules=rules.document.passes,
        now=tx.now.replace(microsecond=0),
        today=tx.today,
    )
    for old in held:
        await stop(tx, old, "replaced")
    given = VehiclePass(
        vehicle_pass_id=uuid7(),
        number=await passes.free_number(tx, store.number_taken),
        serial=1,
        vehicle_ref=vehicle_ref,
        compound=compound,
        state="active",
        reason=None,
        validity=validity,
        policy_version=rules.version,
        token_sealed=b"",
        version=1,
    )
    given, token, key_id = await _signed(tx, given, found.person_ref, vault)
    await store.add_pass(tx, given, key_id=key_id)
    await store.add_request(tx, request_id, given.vehicle_pass_id, asked)
    await _tell_issued(tx, given, 1)
    return IssuedVehiclePass(vehicle_pass=given, token=token, new=True)


async def print_again(
    vehicle_pass_id: UUID, request_id: UUID, reason: PrintReason, *, tx: Tx, vault: Vault
) -> IssuedVehiclePass:
    """Give a lost pass its next serial; the copies before it die. Asked twice, printed once.

    Raises:
        VehiclePassUnknown, VehiclePassVoid: there is nothing to print.
        SameIdOtherContent: the id was used for another request.
    """
    one, owner = await locked_pass(tx, vehicle_pass_id)
    asked = f"print {reason} {vehicle_pass_id}"
    if (again := await _answered(tx, request_id, asked, vault)) is not None:
        return again
    _require_admitting(tx, one)
    printed, token, key_id = await _signed(tx, replace(one, serial=one.serial + 1), owner, vault)
    version = await store.print_again(tx, printed, key_id=key_id)
    await store.add_request(tx, request_id, vehicle_pass_id, asked)
    await _tell_issued(tx, printed, version)
    return IssuedVehiclePass(vehicle_pass=await existing_pass(tx, vehicle_pass_id), token=token, new=True)


async def revoke(vehicle_pass_id: UUID, reason: VehicleRevocation, *, tx: Tx) -> VehiclePass:
    """Make a vehicle pass void for good; a second time changes nothing, also not the reason.

    Raises:
        VehiclePassUnknown: there is no such pass.
    """
    one, _ = await locked_pass(tx, vehicle_pass_id)
    if one.state == "active":
        await stop(tx, one, reason)
    return await existing_pass(tx, vehicle_pass_id)


async def printable(tx: Tx, one: VehiclePass, vault: Vault) -> tuple[Vehicle, str]:
    """The vehicle and the token of a pass that admits.

    Raises:
        VehiclePassVoid: it does not.
    """
    _require_admitting(tx, one)
    found = await existing(tx, one.vehicle_ref)
    return found, vault.open(await vault.key(found.person_ref), TOKEN, one.token_sealed)


async def by_plate(conn: Conn, written: str, vault: Vault) -> Vehicle:
    """The vehicle of the book with a plate, however it is written.

    Raises:
        PlateEmpty, VehicleUnknown: there is none.
    """
    found = await store.by_plate(conn, vault.index_all(PLATE, read_plate(written).text))
    if found is None:
        raise VehicleUnknown("没有登记该车牌。No vehicle has this plate.", field="plate")
    return found


async def plate_of(found: Vehicle, vault: Vault) -> str:
    """A vehicle's plate, opened; empty when its owner was erased."""
    key = (await vault.keys([found.person_ref])).get(found.person_ref)
    return vault.open(key, PLATE, found.plate_sealed) if key else ""


async def existing(conn: Conn, vehicle_ref: UUID) -> Vehicle:
    """A vehicle by its reference.

    Raises:
        VehicleUnknown: there is none.
    """
    found = await store.one(conn, vehicle_ref)
    if found is None:
        raise VehicleUnknown("没有这辆车。There is no such vehicle.")
    return found


async def existing_pass(conn: Conn, vehicle_pass_id: UUID) -> VehiclePass:
    """A vehicle pass by its id.

    Raises:
        VehiclePassUnknown: there is none.
    """
    found = await store.vehicle_pass(conn, vehicle_pass_id)
    if found is None:
        raise VehiclePassUnknown("没有这个车证。There is no such vehicle pass.")
    return found


def _require_admitting(tx: Tx, one: VehiclePass) -> None:
    if one.state == "revoked" or tx.now >= one.validity.ends:
        raise VehiclePassVoid(
            "该车证已作废或过期。The vehicle pass is void or has expired.",
            remedy="请重新办证。Ask for a new one.",
        )


async def _locked(tx: Tx, vehicle_ref: UUID) -> Vehicle:
    found = await store.locked(tx, vehicle_ref)
    if found is None:
        raise VehicleUnknown("没有这辆车。There is no such vehicle.", field="vehicle_ref")
    return found


async def _answered(tx: Tx, request_id: UUID, asked: str, vault: Vault) -> IssuedVehiclePass | None:
    known = await store.request(tx, request_id)
    if known is None:
        return None
    if known["asked"] != asked:
        raise SameIdOtherContent(
            "该编号已用于另一次办证。This id was used for another request.", field="request_id"
        )
    return await _again(tx, await existing_pass(tx, known["vehicle_pass_id"]), vault)


async def _again(tx: Tx, one: VehiclePass, vault: Vault) -> IssuedVehiclePass:
    owner = (await existing(tx, one.vehicle_ref)).person_ref
    token = vault.open(await vault.key(owner), TOKEN, one.token_sealed)
    return IssuedVehiclePass(vehicle_pass=one, token=token, new=False)


def claims_of(one: VehiclePass) -> PassClaims:
    """What a vehicle pass's token says."""
    return PassClaims(
        pass_id=one.vehicle_pass_id,
        serial=one.serial,
        number=one.number,
        compound=one.compound,
        not_before=one.validity.starts,
        expires=one.validity.ends,
    )


async def locked_pass(tx: Tx, vehicle_pass_id: UUID) -> tuple[VehiclePass, UUID]:
    """A vehicle pass as it is once its vehicle is held, and the owner.

    Raises:
        VehiclePassUnknown: there is none.
    """
    found = await _locked(tx, (await existing_pass(tx, vehicle_pass_id)).vehicle_ref)
    return await existing_pass(tx, vehicle_pass_id), found.person_ref


async def _signed(tx: Tx, one: VehiclePass, owner: UUID, vault: Vault) -> tuple[VehiclePass, str, str]:
    """The pass with its sealed token, the token, and the key that signed it."""
    private = await pass_keys.signing_key(tx, vault)
    token = pass_token.sign(claims_of(one), private, kind="vehicle")
    sealed = vault.seal(await vault.key(owner, create=True), TOKEN, token)
    return replace(one, token_sealed=sealed), token, private["kid"]


async def stop(tx: Tx, one: VehiclePass, reason: str) -> None:
    """Write and tell that a pass, whose vehicle is held, is void."""
    version = await store.revoke(tx, one, reason)
    await tx.publish(
        VehiclePassRevoked(
            vehicle_pass_id=one.vehicle_pass_id,
            vehicle_ref=one.vehicle_ref,
            compound=CompoundId(one.compound),
            reason=reason,
        ),
        version=version,
    )


async def admit_again(tx: Tx, one: VehiclePass) -> None:
    """Undo a revocation that an act about the owner brought; told as issued, with the version that holds now."""
    await _tell_issued(tx, one, await store.admit_again(tx, one))


async def _tell_issued(tx: Tx, one: VehiclePass, version: int) -> None:
    await tx.publish(
        VehiclePassIssued(
            vehicle_pass_id=one.vehicle_pass_id,
            number=one.number,
            serial=one.serial,
            vehicle_ref=one.vehicle_ref,
            compound=CompoundId(one.compound),
            valid_from=one.validity.starts,
            valid_until=one.validity.ends,
            policy_version=one.policy_version,
        ),
        version=version,
    )


async def _tell_card(tx: Tx, person_ref: UUID, keeper: Keeper) -> None:
    """The owner's card for gates, as it is now: it names the vehicles too."""
    homes = await people_store.homes(tx, [person_ref])
    keys = await keeper.vault.keys([person_ref], create=True)
    for event, version in await people_events.of_known_people(tx, homes, keys, keeper.cards):
        await tx.publish(event, version=version)
