"""Addresses leave the list and come back, dwellings change their grid, vehicles follow; open rounds follow them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.registry.desk import OFFICER, Desk
from tests.integration.registry.test_places_over_time import ADDRESS

REMOVED = {"reason": "demolished"}
MOVING_IN: dict[str, Any] = {
    "name": "欧阳海棠",
    "sex": "female",
    "born": "1990-03-07",
    "documents": [{"kind": "passport", "number": "ZX0000001"}],
}


async def remove(desk: Desk, dwelling: str | UUID, **body: Any) -> httpx.Response:
    path = f"/v1/compounds/lj-001/dwellings/{dwelling}/removal"
    return await desk.post(path, REMOVED | {"removal_id": str(uuid4())} | body)


async def restore(desk: Desk, dwelling: str | UUID) -> httpx.Response:
    return await desk.post(f"/v1/compounds/lj-001/dwellings/{dwelling}/restoration", {})


async def listed(desk: Desk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.get("/v1/compounds/lj-001/dwellings", limit=200)).json()[
        "items"
    ]
    return items


async def open_round(desk: Desk) -> str:
    round_id = str(uuid4())
    body = {"round_id": round_id, "number": 1, "compounds": ["lj-001"], "due_on": "2020-02-28"}
    assert (await desk.post("/v1/survey-rounds", body, OFFICER)).status_code == 201
    return round_id


async def survey(desk: Desk, round_id: str, dwelling: str) -> None:
    form = {
        "submission_id": str(uuid4()),
        "round_id": round_id,
        "dwelling_id": dwelling,
        "outcome": "empty",
        "witness": "property_staff",
        "visited_at": "2020-02-24T09:00:00+08:00",
    }
    assert (await desk.post("/v1/survey-submissions", form)).status_code == 201


async def coverage(desk: Desk, round_id: str) -> tuple[int, int]:
    total = (await desk.get(f"/v1/survey-rounds/{round_id}/coverage", OFFICER)).json()["total"]
    return total["final"], total["dwellings"]


@pytest.mark.requirement("R4.1", "R4.3")
async def test_an_address_leaves_the_list_and_its_open_round_and_comes_back_as_it_was(desk: Desk) -> None:
    round_id = await open_round(desk)
    first, second, *_ = [one["dwelling_id"] for one in await listed(desk)]
    await survey(desk, round_id, first)
    assert await coverage(desk, round_id) == (1, 10)

    body = {"removal_id": str(uuid4())}
    assert [(await remove(desk, first, **body)).status_code for _ in range(2)] == [201, 200]
    other = await remove(desk, first, **body, reason="joined")
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    twice = await remove(desk, first)
    assert (twice.status_code, twice.json()["code"], twice.json()["reason"]) == (
        409,
        "dwelling_removed",
        "demolished",
    )
    assert first not in {one["dwelling_id"] for one in await listed(desk)}
    assert await coverage(desk, round_id) == (0, 9)
    newest = {one["grid"]: one["dwellings"] for one in await desk.told("AddressesRegistered")}
    assert newest == {"lj-001-w01": 4}
    told = [(one["final"], one["listed"]) for one in await desk.told("HouseholdSurveyed")]
    assert told == [(True, True), (True, False)]

    # Nobody moves in, no form is taken there; a list that names it is told so; the same address may be entered anew.
    form = {
        "submission_id": str(uuid4()),
        "round_id": round_id,
        "dwelling_id": first,
        "outcome": "absent",
        "visited_at": "2020-02-24T09:00:00+08:00",
    }
    gone = await desk.post("/v1/survey-submissions", form)
    assert (gone.status_code, gone.json()["code"]) == (404, "dwelling_not_in_round")
    moving_in = MOVING_IN | {"homes": [{"dwelling_id": first, "relation": "tenant"}]}
    refused = await desk.post("/v1/people", moving_in | {"change_id": str(uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (422, "dwelling_unknown")

    # Back again: with what was answered there.
    assert (await restore(desk, first)).json() == {"dwelling_id": first, "listed": True}
    nothing = await restore(desk, first)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "removal_unknown")
    assert await coverage(desk, round_id) == (1, 10)
    assert [one["listed"] for one in await desk.told("HouseholdSurveyed")] == [True, False, True]
    versions = [one["version"] for one in await desk.told("HouseholdSurveyed")]
    assert versions == sorted(set(versions))

    # Entered anew meanwhile, the old entry cannot come back beside it.
    held = (await desk.get(f"/v1/compounds/lj-001/dwellings/{second}")).json()
    assert (await remove(desk, second)).status_code == 201
    again = {name: held[name] for name in ADDRESS} | {"dwelling_id": str(uuid4())}
    assert (await desk.post("/v1/compounds/lj-001/dwellings", again)).status_code == 201
    taken = await restore(desk, second)
    assert (taken.status_code, taken.json()["code"]) == (409, "address_taken")
    history = (await desk.get("/v1/compounds/lj-001/history", place_id=first)).json()["items"]
    assert [line["was"]["removed_at"] is None for line in history] == [True, False]


@pytest.mark.requirement("R4.3")
async def test_an_address_stays_while_somebody_is_registered_observed_or_parks_there(desk: Desk) -> None:
    await desk.publish_risk({})
    home = next(one for one in await listed(desk) if one["building"] == "1幢")
    tenant = MOVING_IN | {"homes": [{"dwelling_id": home["dwelling_id"], "relation": "tenant"}]}
    person = (await desk.post("/v1/people", tenant | {"change_id": str(uuid4())})).json()["person_ref"]
    vehicle = {
        "vehicle_ref": str(uuid4()),
        "plate": "苏E12345",
        "person_ref": str(person),
        "dwelling_id": home["dwelling_id"],
    }
    assert (await desk.post("/v1/vehicles", vehicle)).status_code == 201
    asked = {"request_id": str(uuid4()), "vehicle_ref": vehicle["vehicle_ref"], "compound": "lj-001"}
    assert (await desk.post("/v1/vehicle-passes", asked)).status_code == 201
    assert (await desk.ask_pass(person)).status_code == 201
    refused = await remove(desk, home["dwelling_id"])
    told = refused.json()
    assert (refused.status_code, told["code"]) == (409, "dwelling_in_use")
    assert (told["people"], told["observed"], told["passes"]) == (1, 0, 2)
    intake = await desk.register()
    observed = (await remove(desk, intake["dwelling_id"])).json()
    assert (observed["people"], observed["observed"]) == (1, 1)
    stranger = await desk.post(
        f"/v1/compounds/lj-001/dwellings/{home['dwelling_id']}/removal",
        REMOVED | {"removal_id": str(uuid4())},
        ("community_clerk", "compound:lj-002"),
    )
    assert stranger.status_code == 403

    # The owner moves to the next building, the vehicle follows, and the address is free.
    next_door = next(one for one in await listed(desk) if one["building"] == "2幢")["dwelling_id"]
    follow = {"move_id": str(uuid4()), "dwelling_id": next_door}
    path = f"/v1/vehicles/{vehicle['vehicle_ref']}/dwelling"
    early = await desk.post(path, follow)
    assert (early.status_code, early.json()["code"]) == (422, "not_the_owners_dwelling")
    move = {
        "change_id": str(uuid4()),
        "people": [str(person)],
        "to": next_door,
        "relation": "tenant",
        "moved_on": "2020-02-24",
    }
    moved = await desk.post("/v1/moves", move)
    assert moved.status_code == 200, moved.text
    assert (await remove(desk, home["dwelling_id"])).json()["passes"] == 1
    assert [(await desk.post(path, follow)).json()["dwelling_id"] for _ in range(2)] == [next_door] * 2
    passes = await desk.rows("select state from vehicle_pass")
    assert passes == [{"state": "active"}]
    foreign = (await desk.get("/v1/compounds/lj-002/dwellings", ("community_clerk", "town"))).json()["items"][
        0
    ]
    elsewhere = await desk.post(path, {"move_id": str(uuid4()), "dwelling_id": foreign["dwelling_id"]})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "vehicle_elsewhere")
    assert (await remove(desk, home["dwelling_id"])).status_code == 201
    undo = await desk.post(
        f"/v1/people-changes/{move['change_id']}/undo", {"change_id": str(uuid4()), "reason": "录错了"}
    )
    assert (undo.status_code, undo.json()["code"]) == (422, "dwelling_unknown")


@pytest.mark.requirement("R3.2", "R4.1")
async def test_an_open_round_follows_a_dwelling_into_another_grid_with_what_was_answered(desk: Desk) -> None:
    round_id = await open_round(desk)
    first, second, *_ = [one["dwelling_id"] for one in await listed(desk)]
    await survey(desk, round_id, first)
    worker = ("grid_worker", "grid:lj-001-w02")
    path = f"/v1/survey-rounds/{round_id}/dwellings"

    async def asked_of(who: tuple[str, str]) -> set[str]:
        page = (await desk.get(path, who, compound="lj-001", limit=200)).json()
        return {one["dwelling_id"] for one in page["items"]}

    assert not {first, second} & await asked_of(worker)
    move = "/v1/compounds/lj-001/grids/lj-001-w02/dwellings"
    assert (await desk.post(move, {"dwelling_ids": [first, second]})).json()["moved"] == 2
    assert {first, second} <= await asked_of(worker)
    assert {first, second}.isdisjoint(await asked_of(("grid_worker", "grid:lj-001-w01")))
    told = [(one["grid"], one["outcome"], one["final"]) for one in await desk.told("HouseholdSurveyed")]
    assert told == [("lj-001-w01", "empty", True), ("lj-001-w02", "empty", True)]
    assert await coverage(desk, round_id) == (1, 10)
