"""Vehicle checks over HTTP, with their events (R2.3, G7)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.passes import VehiclePassIssued, VehiclePassRevoked
from shared.kernel.ids import CompoundId, uuid7
from tests.integration.gate.town import HERE, NOW, THERE, GateTown, Resident, codes

PLATE = "苏E·12345"


class Car:
    """A car of the town with a pass, and its checks."""

    def __init__(self, town: GateTown, vehicle: UUID, pass_id: UUID, number: str) -> None:
        self.town, self.vehicle, self.pass_id, self.number = town, vehicle, pass_id, number

    def body(self, *checks: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A check that a device sends; the first person drives."""
        self.town.seq += 1
        named = [{"check_id": check["check_id"], "driver": nth == 0} for nth, check in enumerate(checks)]
        return {
            "check_id": str(uuid7()),
            "seq": self.town.seq,
            "direction": "entry",
            "pass_token": self.town.token(self.pass_id, self.number, kind="vehicle"),
            "occupants": len(checks),
            "occupant_checks": named,
            "boot_opened": True,
            "checked_at": NOW.isoformat(),
        } | changes

    async def send(self, body: dict[str, Any]) -> Response:
        """To the gate."""
        headers = {"Authorization": f"Device {self.town.device}"}
        return await self.town.client.http.post("/v1/vehicle-checks", json=body, headers=headers)

    async def check(self, *checks: dict[str, Any], **changes: Any) -> tuple[str, list[str]]:
        """A new check; tells verdict and reasons."""
        answer = await self.send(self.body(*checks, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()["verdict"], codes(answer.json())


async def card(town: GateTown, who: Resident, *vehicles: dict[str, str]) -> None:
    """The registry seals a person's card again, with their vehicles."""
    content = {
        "surname": "王",
        "homes": [{"compound": who.compound, "room": "3-1-502"}],
        "documents": [who.document],
        "vehicles": list(vehicles),
    }
    sealed = town.card_keys.seal_card("gate", content)
    await town.tell(
        SubjectCardSealed(recipient="gate", person_ref=who.person, compound=who.compound, card=sealed)
    )


@pytest.fixture
async def owner_of_car(town: GateTown) -> Resident:
    return await town.resident()


@pytest.fixture
async def car(town: GateTown, owner_of_car: Resident) -> Car:
    made = Car(town, uuid4(), uuid4(), "20000001")
    await card(town, owner_of_car, {"vehicle_ref": str(made.vehicle), "plate": PLATE})
    await town.tell(issued(made))
    return made


def issued(car: Car, compound: CompoundId = HERE, serial: int = 1) -> VehiclePassIssued:
    return VehiclePassIssued(
        vehicle_pass_id=car.pass_id,
        number=car.number,
        serial=serial,
        vehicle_ref=car.vehicle,
        compound=compound,
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=29),
        policy_version=1,
    )


@pytest.mark.scenario("G7")
async def test_a_passenger_who_was_not_checked_holds_the_vehicle(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    assert await car.check(driver, occupants=2) == ("held", ["occupant_unchecked"])
    passenger = await town.check(await town.resident("李", "3-1-503"))
    assert await car.check(driver, passenger) == ("complete", [])
    assert await car.check(driver, passenger, boot_opened=None) == ("held", ["boot_not_checked"])
    told = await town.published("VehicleChecked")
    assert [(event["verdict"], event["occupants"], event["boot_opened"]) for event in told] == [
        ("held", 2, True),
        ("complete", 2, True),
        ("held", 2, None),
    ]
    assert {event["vehicle_ref"] for event in told} == {None}
    kept = await town.rows("select distinct vehicle_ref from vehicle_check")
    assert kept == [{"vehicle_ref": car.vehicle}]
    assert PLATE not in str(told)


@pytest.mark.scenario("G7")
async def test_a_suspended_pass_refuses_the_driver_whatever_the_vehicles_pass_says(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    await town.tell(town.suspended(owner_of_car))
    driver = await town.check(owner_of_car)
    assert driver["verdict"] == "refuse"
    assert await car.check(driver) == ("refuse", ["driver_refused"])


async def test_a_plate_finds_the_pass_and_is_compared_with_the_one_shown(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    answer = (await car.send(car.body(driver))).json()
    assert answer["plate"] == PLATE
    assert await car.check(driver, pass_token=None, plate="苏e12345") == ("complete", [])
    assert await car.check(driver, plate="苏E99999") == ("held", ["plate_mismatch"])
    assert await car.check(driver, pass_token=None, plate="苏E99999") == ("refuse", ["no_vehicle_pass"])
    assert await car.check(driver, pass_token=None, pass_number=car.number) == ("complete", [])
    assert await car.check(driver, pass_token=None, pass_number="99999999") == (
        "held",
        ["vehicle_pass_unknown"],
    )
    kept = str(await town.rows("select * from vehicle_plate")) + str(
        await town.rows("select * from vehicle_check")
    )
    assert "12345" not in kept.replace(str(car.vehicle), "")
    read = await town.rows("select * from audit_read where action = 'gate.vehicle_check'")
    assert {row["person_ref"] for row in read} == {owner_of_car.person}
    await card(town, owner_of_car)  # the car was sold: the card no longer names it
    assert await car.check(driver, pass_token=None, plate=PLATE) == ("refuse", ["no_vehicle_pass"])


async def test_what_becomes_of_the_pass_is_known(town: GateTown, car: Car, owner_of_car: Resident) -> None:
    driver = await town.check(owner_of_car)
    await town.tell(issued(car, serial=2))
    assert await car.check(driver) == ("refuse", ["vehicle_pass_replaced"])
    await town.tell(
        VehiclePassRevoked(vehicle_pass_id=car.pass_id, vehicle_ref=car.vehicle, compound=HERE, reason="sold")
    )
    newest = town.token(car.pass_id, car.number, serial=2, kind="vehicle")
    assert await car.check(driver, pass_token=newest) == ("refuse", ["vehicle_pass_revoked"])
    assert await car.check(driver, pass_token=newest, direction="exit") == ("held", ["occupant_unchecked"])
    leaving = await town.check(owner_of_car, direction="exit")
    assert await car.check(leaving, pass_token=newest, direction="exit", boot_opened=None) == ("complete", [])


async def test_a_pass_of_another_compound_and_a_forged_one_are_refused(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    await town.tell(issued(car, THERE))
    assert await car.check(driver) == ("refuse", ["vehicle_wrong_compound"])
    token = town.token(car.pass_id, car.number, kind="vehicle")
    forged = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
    assert (await car.check(driver, pass_token=forged))[0] != "complete"


@pytest.mark.scenario("G17")
async def test_an_ambulance_is_logged_and_let_through(town: GateTown, car: Car) -> None:
    body = car.body(emergency=True, occupants=3, boot_opened=None, pass_token=None)
    answer = await car.send(body)
    assert (answer.status_code, answer.json()["verdict"]) == (201, "complete")
    [told] = await town.published("VehicleChecked")
    assert (told["emergency"], told["verdict"]) == (True, "complete")


async def test_a_repeat_gets_the_first_answer_and_other_content_is_an_error(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    body = car.body(driver)
    first = await car.send(body)
    again = await car.send(body | {"seq": 999, "checked_at": (NOW + timedelta(minutes=1)).isoformat()})
    assert (again.status_code, again.json()) == (200, first.json())
    other = await car.send(body | {"boot_opened": False})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert len(await town.published("VehicleChecked")) == 1


async def test_what_a_device_decided_offline_stays_as_it_was(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    offline = {"verdict": "complete", "reasons": [], "policy_version": 1}
    answer = await car.send(car.body(driver, boot_opened=None, offline=offline))
    assert (answer.json()["verdict"], answer.json()["offline"]) == ("complete", True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pass_token": None}, "vehicle_not_named"),
        ({"pass_token": None, "plate": "··"}, "vehicle_not_named"),
        ({"occupants": -1}, "invalid_request"),
        ({"occupants": 61}, "invalid_request"),
        ({"plate": "x" * 21}, "invalid_request"),
        ({"boot_opened": "yes"}, "invalid_request"),
        ({"colour": "red"}, "invalid_request"),
    ],
)
async def test_what_is_no_vehicle_check_is_refused(car: Car, changes: dict[str, Any], code: str) -> None:
    answer = await car.send(car.body(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_driver_is_checked_at_this_very_checkpoint(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    elsewhere = await town.enrol("lj-002-n")  # type: ignore[arg-type]
    answer = await town.send(town.body(owner_of_car), device=elsewhere)
    driver = answer.json()
    assert await car.check(driver) == ("held", ["occupant_unchecked"])


@pytest.mark.requirement("R2.4")
async def test_a_persons_pass_is_no_vehicles_and_a_vehicles_no_persons(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)  # so that the gate remembers the text as a person's pass
    signed = town.token(car.pass_id, car.number)  # of the vehicle's own id and number, signed as a person's
    for text in (owner_of_car.token, signed, f"VP1:{signed.removeprefix('EP1:')}"):
        assert await car.check(driver, pass_token=text) == ("held", ["vehicle_pass_unknown"])
    vehicle = car.body(driver)["pass_token"]
    assert vehicle.startswith("VP1:")
    assert await car.check(driver, pass_token=vehicle) == ("complete", [])
    for text in (vehicle, f"EP1:{vehicle.removeprefix('VP1:')}"):
        answer = await town.check({"kind": "pass_token", "token": text})
        assert (answer["verdict"], codes(answer)) == ("cannot_verify", ["pass_unknown"])


@pytest.mark.scenario("G7")
async def test_one_person_is_never_two_of_the_occupants(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    first, again = await town.check(owner_of_car), await town.check(owner_of_car)
    assert await car.check(first, again) == ("held", ["occupant_unchecked"])
    passenger = await town.resident("李", "3-1-503")
    bare, masked = await town.check(passenger, mask=False), await town.check(passenger)
    assert await car.check(again, bare) == ("held", ["occupant_refused"])
    assert await car.check(again, bare, masked, occupants=2) == ("complete", [])
    couriers = [await town.check({"kind": "visitor", "purpose": "courier"}) for _ in range(2)]
    assert await car.check(again, *couriers) == ("held", ["occupant_refused"])  # nobody knows who: two people


@pytest.mark.scenario("G7")
async def test_a_corrected_check_stands_for_nobody_and_its_correction_does(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    passenger = await town.resident("李", "3-1-503")
    mistyped = await town.check(passenger, temperature_c=36.8)
    answer = await town.client.http.post(
        f"/v1/entry-checks/{mistyped['check_id']}/corrections",
        json=town.body(passenger, temperature_c=38.6),
        headers={"Authorization": f"Device {town.device}"},
    )
    assert answer.status_code == 201, answer.text
    assert await car.check(driver, mistyped) == ("held", ["occupant_unchecked"])
    assert await car.check(driver, answer.json()) == ("held", ["occupant_refused"])
    assert await car.check(driver, mistyped, answer.json(), occupants=2) == ("held", ["occupant_refused"])
