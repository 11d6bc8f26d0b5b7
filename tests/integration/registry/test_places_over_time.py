"""Neighbourhoods, compounds, grids, dwellings and businesses: entered, corrected, with their history."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.registry.desk import CLERK, OFFICER, Desk

COMPOUND: dict[str, Any] = {
    "version": 1,
    "neighbourhood_id": "yq",
    "name": "云桥一村",
    "building_type": "mid_rise",
    "address": "云桥路 1 号",
    "area_m2": 80_000,
    "mode": "closed",
}
ADDRESS: dict[str, Any] = {
    "grid_id": "lj-001-w01",
    "building": "11栋",
    "unit": "2单元",
    "room": "501室",
    "address": "云桥路 1 号 11 幢 2 单元 501 室",
    "occupancy": "empty",
}


async def put(desk: Desk, path: str, body: Any, who: tuple[str, str] = OFFICER) -> httpx.Response:
    return await desk.client.http.put(path, json=body, headers=desk.client.as_role(*who))


async def dwellings(desk: Desk, grid: str) -> list[str]:
    page = (await desk.get("/v1/compounds/lj-001/dwellings", grid_id=grid, limit=200)).json()
    return [one["dwelling_id"] for one in page["items"]]


@pytest.mark.requirement("R1.1")
async def test_a_compound_is_corrected_told_and_what_it_was_is_kept(desk: Desk) -> None:
    answer = await put(desk, "/v1/compounds/lj-001", COMPOUND | {"mode": "staffed"})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    again = await put(desk, "/v1/compounds/lj-001", COMPOUND | {"mode": "staffed"})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    late = await put(desk, "/v1/compounds/lj-001", COMPOUND | {"area_m2": 90_000})
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (409, "changed_meanwhile", 2)
    [told] = await desk.told("CompoundRegistered")
    assert (told["mode"], told["version"]) == ("staffed", 2)
    [line] = (await desk.get("/v1/compounds/lj-001/history")).json()["items"]
    assert (line["kind"], line["was"]["mode"], line["changed_by"]) == (
        "compound",
        "closed",
        "test-hq_officer",
    )


async def test_of_two_who_correct_at_the_same_moment_one_has_to_look_again(desk: Desk) -> None:
    answers = await asyncio.gather(
        *[put(desk, "/v1/compounds/lj-001", COMPOUND | {"area_m2": area}) for area in (1, 2, 3)]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    new = COMPOUND | {"version": 0}
    fresh = await asyncio.gather(*[put(desk, "/v1/compounds/lj-077", new | {"area_m2": n}) for n in (1, 2)])
    assert sorted(answer.status_code for answer in fresh) == [201, 409]


async def test_places_are_entered_within_ones_scope_and_where_they_belong(desk: Desk) -> None:
    neighbourhood = {"version": 0, "name": "新桥村", "kind": "village"}
    assert (await put(desk, "/v1/neighbourhoods/xq", neighbourhood)).status_code == 201
    assert (await put(desk, "/v1/neighbourhoods/xq", neighbourhood, CLERK)).status_code == 403
    lines = (await desk.get("/v1/neighbourhoods")).json()
    assert [(line["neighbourhood_id"], line["compounds"]) for line in lines] == [("xq", 0), ("yq", 2)]

    async def refused(path: str, body: Any, who: tuple[str, str] = OFFICER) -> tuple[int, str]:
        answer = await put(desk, path, body, who)
        return answer.status_code, answer.json()["code"]

    nowhere = COMPOUND | {"neighbourhood_id": "nowhere", "version": 0}
    assert await refused("/v1/compounds/lj-088", nowhere) == (422, "neighbourhood_unknown")
    clerk_of_xq = ("community_clerk", "neighbourhood:xq")
    taken = COMPOUND | {"neighbourhood_id": "xq"}
    assert await refused("/v1/compounds/lj-001", taken, clerk_of_xq) == (403, "out_of_scope")
    grid = {"version": 0, "name": "第九网格"}
    assert await refused("/v1/compounds/lj-002/grids/lj-001-w01", grid) == (422, "grid_of_another")
    assert (await put(desk, "/v1/compounds/lj-001/grids/lj-001-w09", grid, CLERK)).status_code == 201
    [told] = await desk.told("GridRegistered")
    assert (told["grid"], told["dwellings"]) == ("lj-001-w09", 0)


@pytest.mark.requirement("R7.1")
async def test_a_neighbourhood_that_is_called_otherwise_is_told_with_each_of_its_compounds(
    desk: Desk,
) -> None:
    [before] = (await desk.get("/v1/neighbourhoods")).json()
    place = {"version": before["version"], "name": "玉泉村", "kind": before["kind"]}
    assert (await put(desk, "/v1/neighbourhoods/yq", place)).status_code == 200
    told = [one for one in await desk.told("CompoundRegistered") if one["neighbourhood_name"] == "玉泉村"]
    assert [(one["compound"], one["version"]) for one in told] == [("lj-001", 2), ("lj-002", 2)]
    assert (await desk.get("/v1/compounds/lj-001/history")).json()["items"] == []

    other_kind = {"community": "village", "village": "community"}[before["kind"]]
    changed = place | {"version": before["version"] + 1, "kind": other_kind}
    assert (await put(desk, "/v1/neighbourhoods/yq", changed)).status_code == 200
    assert [one for one in await desk.told("CompoundRegistered") if one["version"] > 2] == []
    moved = COMPOUND | {"version": 2, "mode": "staffed"}
    assert (await put(desk, "/v1/compounds/lj-001", moved)).status_code == 200
    last = (await desk.told("CompoundRegistered"))[-1]
    assert (last["version"], last["mode"], last["neighbourhood_name"]) == (3, "staffed", "玉泉村")


@pytest.mark.requirement("R4.1", "R4.3")
async def test_a_new_address_counts_at_once_and_only_once(desk: Desk) -> None:
    body = ADDRESS | {"dwelling_id": str(uuid4())}
    path = "/v1/compounds/lj-001/dwellings"
    answers = [await desk.post(path, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["shown"] == "11幢-2-501"
    assert (await desk.post(path, body | {"occupancy": "let"})).json()["code"] == "same_id_other_content"
    same_address = await desk.post(path, body | {"dwelling_id": str(uuid4())})
    assert (same_address.status_code, same_address.json()["code"]) == (409, "address_taken")
    foreign = await desk.post(path, ADDRESS | {"dwelling_id": str(uuid4()), "grid_id": "lj-002-w01"})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "grid_unknown")
    assert [(event["grid"], event["dwellings"]) for event in await desk.told("AddressesRegistered")] == [
        ("lj-001-w01", 6)
    ]
    [household] = await desk.told("HouseholdChanged")
    assert (household["occupancy"], household["members"]) == ("empty", [])


@pytest.mark.requirement("R4.3")
async def test_a_dwelling_is_corrected_and_its_room_only_while_nobody_lives_there(desk: Desk) -> None:
    [empty, lived_in] = (await dwellings(desk, "lj-001-w01"))[:2]
    await desk.resident("2幢")
    path = "/v1/compounds/lj-001/dwellings"
    held = {one: (await desk.get(f"{path}/{one}")).json() for one in (empty, lived_in)}

    def corrected(one: str, **changes: Any) -> dict[str, Any]:
        fields = ("version", "grid_id", "building", "unit", "room", "address", "occupancy")
        return {name: held[one][name] for name in fields} | changes

    renamed = await put(desk, f"{path}/{empty}", corrected(empty, room="502"), CLERK)
    assert (renamed.status_code, renamed.json()["shown"]) == (200, "1幢-2-502")
    refused = await put(desk, f"{path}/{lived_in}", corrected(lived_in, room="502"), CLERK)
    assert (refused.status_code, refused.json()["code"]) == (409, "dwelling_inhabited")
    let = await put(desk, f"{path}/{lived_in}", corrected(lived_in, occupancy="owner_occupied"), CLERK)
    assert let.json()["version"] == held[lived_in]["version"] + 1
    newest = {event["dwelling_id"]: event for event in await desk.told("HouseholdChanged")}
    assert (newest[lived_in]["occupancy"], len(newest[lived_in]["members"])) == ("owner_occupied", 1)
    [was] = (await desk.get("/v1/compounds/lj-001/history", place_id=empty)).json()["items"]
    assert (was["was"]["room"], was["kind"]) == ("501", "dwelling")


@pytest.mark.requirement("R3.2")
async def test_dwellings_move_between_grids_all_or_none_and_both_grids_are_counted_again(desk: Desk) -> None:
    first = await dwellings(desk, "lj-001-w01")
    path = "/v1/compounds/lj-001/grids/lj-001-w02/dwellings"
    wrong = await desk.post(path, {"dwelling_ids": [first[0], str(uuid4())]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "dwelling_ids.1")
    assert len(await dwellings(desk, "lj-001-w01")) == 5
    moved = await desk.post(path, {"dwelling_ids": first[:2]})
    assert moved.json() == {"moved": 2, "dwellings": 7}
    assert (await desk.post(path, {"dwelling_ids": first[:2]})).json()["moved"] == 0
    newest = {event["grid"]: event["dwellings"] for event in await desk.told("AddressesRegistered")}
    assert newest == {"lj-001-w01": 3, "lj-001-w02": 7}
    history = (await desk.get("/v1/compounds/lj-001/history", kind="dwelling")).json()["items"]
    assert {line["place_id"]: line["was"]["grid_id"] for line in history} == dict.fromkeys(
        first[:2], "lj-001-w01"
    )
    households = await desk.told("HouseholdChanged")
    assert {event["dwelling_id"]: event["grid"] for event in households} == dict.fromkeys(
        first[:2], "lj-001-w02"
    )


@pytest.mark.requirement("R3.2")
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_moves_every_dwelling_lies_in_exactly_one_grid(
    desk: Desk, data: st.DataObject
) -> None:
    grids = ["lj-001-w01", "lj-001-w02"]
    everything = sorted([one for grid in grids for one in await dwellings(desk, grid)])
    moves = data.draw(
        st.lists(
            st.tuples(st.sampled_from(grids), st.sets(st.sampled_from(everything), min_size=1, max_size=4)),
            min_size=2,
            max_size=3,
        )
    )
    answers = await asyncio.gather(
        *[
            desk.post(f"/v1/compounds/lj-001/grids/{grid}/dwellings", {"dwelling_ids": sorted(chosen)})
            for grid, chosen in moves
        ]
    )
    assert {answer.status_code for answer in answers} == {200}
    lying = {grid: await dwellings(desk, grid) for grid in grids}
    assert sorted(one for own in lying.values() for one in own) == everything
    told = {event["grid"]: event["dwellings"] for event in await desk.told("AddressesRegistered")}
    assert {grid: told[grid] for grid in told} == {grid: len(lying[grid]) for grid in told}


@pytest.mark.requirement("R4.3", "Data and law")
async def test_who_answers_for_a_business_is_sealed_and_reading_it_is_written_down(desk: Desk) -> None:
    path = f"/v1/compounds/lj-001/businesses/{uuid4()}"
    body = {
        "version": 0,
        "name": "云桥便利店",
        "kind": "shop",
        "address": "云桥路 1 号 门面 3",
        "contact": {"name": "慕容听雨", "phone": "19988887777"},
    }
    answers = [await put(desk, path, body, CLERK) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    moved = await put(desk, path, body | {"version": 1, "address": "云桥路 1 号 门面 5"}, CLERK)
    assert moved.json()["version"] == 2
    assert (await put(desk, path, body, CLERK)).json()["code"] == "changed_meanwhile"
    elsewhere = path.replace("lj-001", "lj-002")
    assert (await put(desk, elsewhere, body)).json()["code"] == "same_id_other_content"
    [line] = (await desk.get("/v1/compounds/lj-001/businesses", kind="shop")).json()["items"]
    assert "contact" not in line
    read = (await desk.get(path)).json()
    assert read["contact"] == {"name": "慕容听雨", "phone": "19988887777"}
    [audited] = await desk.rows("select person_ref, action, scope from audit_read")
    assert (audited["person_ref"], audited["action"]) == (UUID(read["business_id"]), "business.contact")
    kept = await desk.rows("select b::text || h::text as everything from business b, place_history h")
    assert kept
    assert not [row for row in kept if "慕容" in row["everything"] or "1998888" in row["everything"]]


@pytest.mark.requirement("R1.1", "R3.2", "R4.3")
async def test_a_compounds_sheet_tells_all_that_belongs_to_it(desk: Desk) -> None:
    for building in ("1幢", "1幢", "7幢"):
        await desk.resident(building)
    body = {
        "version": 0,
        "name": "诊所",
        "kind": "clinic",
        "address": "门面",
        "contact": {"name": "慕容", "phone": "0512-57601234"},
    }
    await put(desk, f"/v1/compounds/lj-001/businesses/{uuid4()}", body, CLERK)
    sheet = (await desk.get("/v1/compounds/lj-001/sheet")).json()
    assert sheet["people"] == {"people": 3, "residents": 3, "tenants": 0, "households": 2}
    assert sheet["dwellings"] == {"total": 10, "owner_occupied": 0, "let": 10, "empty": 0}
    assert [(grid["grid_id"], grid["dwellings"], grid["people"]["residents"]) for grid in sheet["grids"]] == [
        ("lj-001-w01", 5, 2),
        ("lj-001-w02", 5, 1),
    ]
    assert [building["building"] for building in sheet["buildings"]] == [f"{n}幢" for n in range(1, 11)]
    assert sheet["businesses"] == {"clinic": 1}
    assert (sheet["posts"]["needed"], sheet["posts"]["vacant"]) == (16, 16)
    assert sheet["unanswered"] == ["gate", "observation", "survey", "sanitation", "leads", "duty"]
    assert sheet["needs_named_person"] is False
    assert sheet["checkpoint_limit"] == {"limit": 1, "rule": "town", "counted": 0, "exceeded": False}
    assert (await desk.get("/v1/compounds/lj-002/sheet", CLERK)).status_code == 403
