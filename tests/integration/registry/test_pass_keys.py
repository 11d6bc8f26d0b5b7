"""Keys that sign passes are replaced with overlap; signed lists tell which passes do not admit (R2.4, G10, G14)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import cbor2
import pytest
from cwt import COSE
from cwt.exceptions import VerifyError

from services.registry.domain import revocations
from services.registry.handlers import pass_keys
from shared.kernel import pass_token
from shared.kernel.pass_token import PublicKey
from tests.integration.registry.desk import Desk
from tests.integration.registry.test_vehicles import ask, registered

pytestmark = pytest.mark.requirement("R2.4")
ADMIN, GUARD = ("admin", "town"), ("guard", "compound:lj-001")


async def keys(desk: Desk) -> dict[str, PublicKey]:
    """The keys that verify now, as anybody may ask."""
    told = (await desk.client.http.get("/v1/pass-keys")).json()["keys"]
    return {key["key_id"]: pass_token.read_public(key["jwk"]) for key in told if key["retired_at"] is None}


async def rotate(desk: Desk) -> str:
    answer = await desk.post("/v1/pass-keys/rotation", {"request_id": str(uuid4())}, ADMIN)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key_id"])


async def given_pass(desk: Desk, building: str = "1幢") -> tuple[UUID, dict[str, Any]]:
    person = await desk.resident(building)
    return person, (await desk.ask_pass(person)).json()


async def the_list(desk: Desk, since: int = 0, compound: str = "lj-001") -> dict[int, Any]:
    """A compound's list, its signature verified."""
    answer = await desk.get(f"/v1/revocation-lists/{compound}", ("guard", "town"), since=since)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/cose")
    announced = list((await keys(desk)).values())[-1]
    payload: dict[int, Any] = cbor2.loads(COSE.new().decode(answer.content, announced.cose))
    return payload


def stopped(told: dict[int, Any]) -> dict[str, tuple[str, int]]:
    return {
        str(UUID(bytes=pass_id)): (revocations.STATES[state], serial)
        for pass_id, _, state, serial in told[revocations.ENTRIES]
    }


async def test_both_keys_verify_until_the_old_one_signs_nothing_valid(desk: Desk) -> None:
    [old] = await keys(desk)
    _, first = await given_pass(desk)
    new = await rotate(desk)
    _, second = await given_pass(desk, "2幢")
    both = await keys(desk)
    assert set(both) == {old, new}
    for told in (first, second):
        assert str(pass_token.verify(told["token"], both).pass_id) == told["pass_id"]
    with pytest.raises(pass_token.UnknownKey):
        pass_token.verify(second["token"], {old: both[old]})
    refused = await desk.post(f"/v1/pass-keys/{old}/retirement", None, ADMIN)
    assert (refused.status_code, refused.json()["code"], refused.json()["passes"]) == (409, "key_in_use", 1)
    signs = await desk.post(f"/v1/pass-keys/{new}/retirement", None, ADMIN)
    assert (signs.status_code, signs.json()["code"]) == (409, "key_signs")
    again = await desk.post(f"/v1/pass-keys/{old}/signatures", None, ADMIN)
    assert again.json() == {"signed": 1, "left": 0}
    for _ in range(2):
        assert (await desk.post(f"/v1/pass-keys/{old}/retirement", None, ADMIN)).status_code == 200
    assert set(await keys(desk)) == {new}
    claims = pass_token.verify((await desk.ask_pass(first["person_ref"])).json()["token"], await keys(desk))
    assert (str(claims.pass_id), claims.serial) == (first["pass_id"], 1)
    assert [event["key_id"] for event in await desk.told("PassKeyRetired")] == [old]
    assert [event["key_id"] for event in await desk.told("PassKeyAnnounced")] == [old, new]


async def test_a_rotation_asked_twice_makes_one_key_and_only_administrators_ask(desk: Desk) -> None:
    body = {"request_id": str(uuid4())}
    answers = await asyncio.gather(*(desk.post("/v1/pass-keys/rotation", body, ADMIN) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["key_id"] for answer in answers}) == 1
    assert len(await keys(desk)) == 2
    assert (await desk.post("/v1/pass-keys/rotation", body)).json()["code"] == "role_not_allowed"
    unknown = await desk.post("/v1/pass-keys/00000000/retirement", None, ADMIN)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "key_unknown")


async def test_an_old_key_retires_by_itself_once_its_passes_are_over(desk: Desk) -> None:
    [old] = await keys(desk)
    person, told = await given_pass(desk)
    vehicle = (await ask(desk, await registered(desk, person))).json()
    new = await rotate(desk)
    vault = desk.client.context.vault
    await pass_keys.retire_unused(desk.database, vault=vault)
    assert set(await keys(desk)) == {old, new}
    await desk.post(f"/v1/passes/{told['pass_id']}/revoke", {"reason": "lost"})
    await pass_keys.retire_unused(desk.database, vault=vault)
    assert set(await keys(desk)) == {old, new}  # the vehicle's pass still stands
    desk.move("2020-04-01 09:00")
    assert vehicle["valid_until"] < "2020-04-01"
    for _ in range(2):
        await pass_keys.retire_unused(desk.database, vault=vault)
    assert set(await keys(desk)) == {new}
    assert len(await desk.told("PassKeyRetired")) == 1
    [kept] = await desk.rows("select key_ref from pass_key where retired_at is not null")
    assert await vault.keys([kept["key_ref"]]) == {}  # the private part is gone for good


async def test_passes_issued_while_a_key_is_replaced_verify_with_one_of_both(desk: Desk) -> None:
    people = [await desk.resident(f"{n}幢") for n in range(1, 6)]
    body = {"request_id": str(uuid4())}
    rotation = desk.post("/v1/pass-keys/rotation", body, ADMIN)
    answers = await asyncio.gather(*(desk.ask_pass(person) for person in people), rotation)
    both = await keys(desk)
    for answer in answers[:-1]:
        assert answer.status_code == 201, answer.text
        assert pass_token.verify(answer.json()["token"], both).compound == "lj-001"


@pytest.mark.scenario("G10")
async def test_the_list_tells_what_was_stopped_and_a_delta_only_what_changed(desk: Desk) -> None:
    empty = await the_list(desk)
    assert (empty[revocations.VERSION], empty[revocations.ENTRIES]) == (0, [])
    (ill, one), (_, two), (_, three) = [await given_pass(desk, f"{n}幢") for n in (1, 2, 3)]
    await desk.hear(desk.fever(ill))
    await desk.post(f"/v1/passes/{two['pass_id']}/revoke", {"reason": "lost"})
    await desk.post(f"/v1/passes/{three['pass_id']}/prints", {"request_id": str(uuid4()), "reason": "lost"})
    whole = await the_list(desk)
    assert stopped(whole) == {
        one["pass_id"]: ("suspended", 1),
        two["pass_id"]: ("revoked", 1),
        three["pass_id"]: ("active", 2),
    }
    assert whole[revocations.ISSUED_AT] == int(desk.client.context.clock.now().timestamp())
    version = whole[revocations.VERSION]
    assert stopped(await the_list(desk, since=version)) == {}
    await desk.post(f"/v1/passes/{one['pass_id']}/reinstate", {"reason": "settled"})
    delta = await the_list(desk, since=version)
    assert (delta[revocations.SINCE], delta[revocations.VERSION]) == (version, version + 1)
    assert stopped(delta) == {one["pass_id"]: ("active", 1)}
    assert one["pass_id"] not in stopped(await the_list(desk))
    assert stopped(await the_list(desk, compound="lj-002")) == {}
    desk.move("2020-05-01 09:00")
    assert stopped(await the_list(desk)) == {}  # whose time is over needs no list


async def test_versions_of_a_list_are_never_seen_out_of_order(desk: Desk) -> None:
    """Whoever lays deltas on top of each other, while passes are stopped, ends with the whole list."""
    given = [await given_pass(desk, f"{n}幢") for n in range(1, 9)]
    mine: dict[str, tuple[str, int]] = {}
    held = 0

    async def follow() -> None:
        nonlocal held
        for _ in range(12):
            delta = await the_list(desk, since=held)
            mine.update(stopped(delta))
            held = delta[revocations.VERSION]

    stops = (desk.post(f"/v1/passes/{told['pass_id']}/revoke", {"reason": "lost"}) for _, told in given)
    await asyncio.gather(follow(), *stops)
    mine.update(stopped(await the_list(desk, since=held)))
    assert mine == stopped(await the_list(desk))
    assert len(mine) == len(given)


async def test_a_list_is_signed_for_its_compound_and_not_for_everybody(desk: Desk) -> None:
    answer = await desk.get("/v1/revocation-lists/lj-001", GUARD)
    [key] = (await keys(desk)).values()
    with pytest.raises(VerifyError):
        COSE.new().decode(answer.content[:-1] + bytes([answer.content[-1] ^ 1]), key.cose)
    assert (await desk.get("/v1/revocation-lists/lj-002", GUARD)).json()["code"] == "out_of_scope"
    nobody = await desk.client.http.get("/v1/revocation-lists/lj-001")
    assert nobody.status_code == 401
    ahead = await desk.get("/v1/revocation-lists/lj-001", GUARD, since=7)
    assert (ahead.status_code, ahead.json()["code"], ahead.json()["version"]) == (
        409,
        "list_version_unknown",
        0,
    )
