"""A device maker can build from the gate's OpenAPI document alone."""

import re
from collections.abc import Iterator
from pathlib import Path

from services.gate.api.contract import DESCRIPTION
from services.gate.client.vectors import POLICIES
from services.gate.desk import DeviceRevoked
from services.gate.domain import lists
from services.gate.domain.devices import CodeInvalid, DeviceTaken
from services.gate.domain.lists import ListRules
from services.gate.domain.rulings import DEFAULT_TABLE, Verdict
from services.gate.domain.vehicles import VehicleVerdict
from shared.http.access import OutOfScope, RoleNotAllowed
from shared.http.auth import NotAuthenticated, TokenRefused
from shared.http.bodies import BodyTooLarge, MalformedJson
from shared.http.problem import NotFound, PolicyUnknown, TooManyRequests, Unavailable
from shared.kernel.refusal import Refusal, SameIdOtherContent
from tests.integration.gate.test_gate_vehicles import Car, car, owner_of_car
from tests.integration.gate.town import GateTown, Resident

__all__ = ["car", "owner_of_car"]  # fixtures

GUIDE = Path(__file__).parents[3] / "deploy/docs/device-makers-guide.md"


async def test_a_device_maker_finds_each_route_with_its_examples(town: GateTown) -> None:
    document = (await town.client.http.get("/openapi.json")).json()
    check = document["paths"]["/v1/entry-checks"]["post"]
    examples = check["requestBody"]["content"]["application/json"]["examples"]
    assert {"scanned", "typed", "forgotten", "courier", "asked", "offline"} <= examples.keys()
    for example in examples.values():
        if example["value"]["subject"]["kind"] != "pass_token":
            assert (await town.send(example["value"])).status_code in {200, 201, 422}
    for_devices = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if {"device", "public"} & set(operation["x-roles"])
    }
    assert for_devices >= {
        "POST /v1/devices",
        "POST /v1/devices/me/heartbeat",
        "POST /v1/devices/me/credential",
        "GET /v1/checkpoints/me",
        "GET /v1/checkpoints/me/snapshot",
        "POST /v1/entry-checks",
        "POST /v1/entry-checks/batch",
        "POST /v1/vehicle-checks",
        "POST /v1/vehicle-checks/batch",
        "POST /v1/arrivals",
        "POST /v1/arrivals/batch",
    }


async def test_an_example_of_each_verdict_is_an_answer_that_the_gate_gives(town: GateTown) -> None:
    document = (await town.client.http.get("/openapi.json")).json()
    examples = document["components"]["schemas"]["EntryCheckAnswer"]["examples"]
    assert [example["verdict"] for example in examples] == list(Verdict)
    wang = await town.resident()
    real = [
        await town.check(wang),
        await town.check({"kind": "document", "number": wang.document}),
        await town.check(wang, temperature_c=None),
        await town.check(wang, mask=False),
    ]
    for example, answer in zip(examples, real, strict=True):
        told = {name: value for name, value in answer.items() if value is not None}
        assert example | {"check_id": answer["check_id"]} == told


async def test_an_example_of_each_vehicle_verdict_is_an_answer_that_the_gate_gives(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    document = (await town.client.http.get("/openapi.json")).json()
    examples = document["components"]["schemas"]["VehicleCheckAnswer"]["examples"]
    assert [example["verdict"] for example in examples] == list(VehicleVerdict)
    driver, refused = await town.check(owner_of_car), await town.check(owner_of_car, mask=False)
    for example, sent in zip(
        examples, (car.body(driver), car.body(driver, boot_opened=None), car.body(refused)), strict=True
    ):
        answer = (await car.send(sent)).json()
        assert example | {"check_id": answer["check_id"]} == answer
    asked = document["paths"]["/v1/vehicle-checks"]["post"]["requestBody"]["content"]["application/json"]
    for name, example in asked["examples"].items():
        assert (await car.send(example["value"])).status_code in {201, 422}, name


def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    """Every refusal of a kind, at any depth."""
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_every_code_that_a_device_meets_is_in_the_document() -> None:
    met: list[type[Refusal]] = [
        *(NotAuthenticated, TokenRefused, DeviceRevoked, OutOfScope, RoleNotAllowed, NotFound),
        *(MalformedJson, BodyTooLarge, SameIdOtherContent, TooManyRequests, Unavailable, PolicyUnknown),
        *(CodeInvalid, DeviceTaken),
    ]
    met += [refusal for refusal in below(Refusal) if refusal.__module__.startswith("services.gate")]
    assert len(met) > 40
    for refusal in met:
        assert re.search(rf"\| {refusal.status} \|.*`{refusal.code}`", DESCRIPTION), refusal.code


def test_the_guide_names_every_column_and_rule_of_a_list() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    rules = ListRules(rules=POLICIES["default"], table=DEFAULT_TABLE, answer_within_ms=800, keys=())
    for name in (*lists._COLUMNS, *lists.rules_content(rules), "format", "made_at", "since", "version"):
        assert f"`{name}`" in guide, name
