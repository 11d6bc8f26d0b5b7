"""A device maker can build from the gate's OpenAPI document alone."""

from tests.integration.gate.town import GateTown


async def test_a_device_maker_finds_each_route_with_its_examples(town: GateTown) -> None:
    document = (await town.client.http.get("/openapi.json")).json()
    check = document["paths"]["/v1/entry-checks"]["post"]
    examples = check["requestBody"]["content"]["application/json"]["examples"]
    assert {"scanned", "typed", "forgotten", "courier", "asked", "offline"} <= examples.keys()
    for example in examples.values():
        if example["value"]["subject"]["kind"] != "pass_token":
            assert (await town.send(example["value"])).status_code in {200, 201, 422}
    assert set(document["paths"]) == {
        "/v1/checkpoints/me",
        "/v1/devices",
        "/v1/devices/{device_id}/revoke",
        "/v1/enrolment-codes",
        "/v1/entry-checks",
        "/v1/entry-checks/batch",
    }
