"""Possible duplicates, merges and their undo: what follows everywhere, and that the undo restores it (P10)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import Desk, resident_id
from tests.integration.registry.households import TOWN_CLERK, Households
from tests.integration.registry.surveying import form, hand_in, member, open_round, residents

YE: dict[str, Any] = {"name": "叶知秋", "sex": "male", "born": "1985-03-12"}
STATE = """
select 'pass' as what, pass_id::text as id, person_ref::text as person, compound_id as at, state || coalesce(reason, '')
  as said from entry_pass
union all select 'stay', dwelling_id::text, person_ref::text, relation, resident::text || coalesce(ended_on::text, '')
  from residence
union all select 'paper', encode(number_index, 'hex'), person_ref::text, kind, verified::text from person_document
order by 1, 2, 3
"""


@pytest.fixture
async def houses(desk: Desk) -> Households:
    return await Households.of(desk)


async def two_records(houses: Households, *, second_at: str = "2幢") -> tuple[str, str]:
    """One man: with his passport at one dwelling, with a mistyped ID at another one."""
    good = await houses.register(at="1幢", **YE, documents=[{"kind": "passport", "number": "ZX0100001"}])
    number = resident_id(3)
    bad = number[:-1] + ("0" if number[-1] != "0" else "1")
    mistyped = [{"kind": "resident_id", "number": bad}]
    other = await houses.register(at=second_at, who=TOWN_CLERK, **YE, phone="19912340000", documents=mistyped)
    assert good != other
    return good, other


async def merge(houses: Households, kept: str, merged: str, **changes: Any) -> httpx.Response:
    body = {"merge_id": str(uuid4()), "kept": kept, "merged": merged, "reason": "本人到场核实"} | changes
    return await houses.desk.post("/v1/merges", body, TOWN_CLERK)


async def separate(houses: Households, merge_id: str) -> httpx.Response:
    body = {"separation_id": str(uuid4()), "reason": "核实为两人"}
    return await houses.desk.post(f"/v1/merges/{merge_id}/undo", body, TOWN_CLERK)


async def give_pass(houses: Households, person: str, compound: str = "lj-001") -> str:
    body = {"request_id": str(uuid4()), "person_ref": person, "compound": compound}
    answer = await houses.desk.post("/v1/passes", body, TOWN_CLERK)
    assert answer.status_code in {200, 201}, answer.text
    given: str = answer.json()["pass_id"]
    return given


@pytest.mark.scenario("P10")
async def test_a_merge_lets_one_stand_for_both_and_its_undo_restores_everything(houses: Households) -> None:
    kept, merged = await two_records(houses)
    old, surplus = await give_pass(houses, merged), await give_pass(houses, kept)
    before = await houses.desk.rows(STATE)
    answer = await merge(houses, kept, merged)
    assert answer.status_code == 201, answer.text
    told = (await houses.desk.told("PeopleMerged"))[-1]
    assert (told["kept"], told["merged"], told["version"]) == (kept, merged, 1)

    sheet = await houses.person(merged)
    assert sheet["person_ref"] == kept
    assert sorted(home["room"] for home in sheet["homes"]) == ["1幢-2-501", "2幢-2-501"]
    assert {paper["kind"] for paper in sheet["documents"]} == {"passport", "resident_id"}
    assert await houses.find(document="ZX0100001") == await houses.find(phone="19912340000") == [kept]
    assert await houses.find(name="叶知秋") == [kept]
    states = [row["state"] for row in await houses.desk.rows("select state from entry_pass")]
    assert sorted(states) == ["active", "revoked"]
    assert await give_pass(houses, merged) in {old, surplus}
    assert await houses.members("2幢") == [kept]
    again = await merge(houses, kept, merged)
    assert (again.status_code, again.json()["code"]) == (409, "merged_already")

    undone = await separate(houses, answer.json()["merge_id"])
    assert undone.json()["separated_at"] is not None
    assert await houses.desk.rows(STATE) == before
    assert await houses.find(phone="19912340000") == [merged]
    assert await houses.members("2幢") == [merged]
    assert [one["version"] for one in await houses.desk.told("PeopleSeparated")] == [2]
    assert (await separate(houses, answer.json()["merge_id"])).json() == undone.json()
    assert len(await houses.desk.told("PeopleSeparated")) == 1


@pytest.mark.scenario("P10")
async def test_every_household_of_three_records_hears_who_stands_for_them(houses: Households) -> None:
    middle, first = await two_records(houses)
    paper = [{"kind": "passport", "number": "ZX0100002"}]
    last = await houses.register(at="3幢", who=TOWN_CLERK, **YE, documents=paper)
    assert (await merge(houses, middle, first)).status_code == 201
    joined = await merge(houses, last, middle)
    assert joined.status_code == 201, joined.text
    assert [await houses.members(at) for at in ("1幢", "2幢", "3幢")] == [[last]] * 3
    assert (await separate(houses, joined.json()["merge_id"])).status_code == 200
    assert [await houses.members(at) for at in ("1幢", "2幢", "3幢")] == [[middle], [middle], [last]]


@pytest.mark.scenario("P10")
async def test_an_observation_of_one_record_stops_the_passes_of_the_person(houses: Households) -> None:
    desk = houses.desk
    kept, merged = await two_records(houses, second_at="x1幢")
    theirs = await give_pass(houses, merged, "lj-002")
    case: dict[str, Any] = {
        "person_ref": kept,
        "compound": "lj-001",
        "dwelling_id": houses.at["1幢"],
        "grid": "lj-001-w01",
        "category": "other",
        "measure": "home_self_monitoring",
        "anchor_date": "2020-02-24",
        "last_day": "2020-03-09",
        "policy_version": 1,
    }
    started = desk.started(case)
    await desk.hear(started)
    answer = await merge(houses, kept, merged)
    passes = {str(row["pass_id"]): row["state"] for row in await desk.rows("select * from entry_pass")}
    assert passes == {theirs: "suspended"}
    refused = await desk.post(
        "/v1/passes", {"request_id": str(uuid4()), "person_ref": merged, "compound": "lj-002"}, TOWN_CLERK
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_not_yet")
    await separate(houses, answer.json()["merge_id"])
    assert [row["state"] for row in await desk.rows("select state from entry_pass")] == ["active"]
    await merge(houses, kept, merged)
    desk.move("2020-03-10 00:00")
    await desk.hear(desk.completed(started))
    desk.move("2020-03-10 08:00")
    assert await give_pass(houses, merged, "lj-002") != theirs


async def test_what_happens_to_a_merged_person_happens_to_both_records(houses: Households) -> None:
    kept, merged = await two_records(houses)
    await give_pass(houses, merged)
    await merge(houses, kept, merged)
    done = await houses.done(f"/v1/people/{merged}/death", died_on="2020-02-24")
    assert sorted(done["people"]) == sorted([kept, merged])
    assert await houses.members("1幢") == await houses.members("2幢") == []
    assert [row["state"] for row in await houses.desk.rows("select state from entry_pass")] == ["revoked"]
    await houses.undo(done)
    assert await houses.members("1幢") == await houses.members("2幢") == [kept]
    moved = await houses.done(
        "/v1/moves", people=[kept], to=houses.at["3幢"], relation="tenant", moved_on="2020-02-24"
    )
    assert await houses.members("3幢") == [kept]
    assert await houses.members("1幢") == await houses.members("2幢") == []
    await houses.undo(moved)
    assert await houses.members("2幢") == [kept]


async def test_two_lifelong_numbers_and_a_child_with_its_guardian_are_not_merged(houses: Households) -> None:
    one, other = await houses.register(at="1幢"), await houses.register(at="1幢", name="叶知秋")
    baby = {"name": "小满", "sex": "female", "born": "2020-02-20", "relation": "dependant", "documents": []}
    child = await houses.register(at="1幢", guardian_ref=one, **baby)  # type: ignore[arg-type]
    for merged, cause in ((other, "documents"), (child, "guardian")):
        refused = await merge(houses, one, merged)
        assert (refused.status_code, refused.json()["code"]) == (409, "merge_impossible")
        assert refused.json()["cause"] == cause
    unknown = await merge(houses, one, str(uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person_unknown")
    nowhere = await separate(houses, str(uuid4()))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "merge_unknown")


async def _proposed(houses: Households, **params: Any) -> list[tuple[set[str], list[str]]]:
    answer = await houses.desk.get("/v1/duplicates", compound="lj-001", **params)
    assert answer.status_code == 200, answer.text
    return [
        ({one["one"]["person_ref"], one["other"]["person_ref"]}, one["reasons"])
        for one in answer.json()["items"]
    ]


@pytest.mark.scenario("P10")
async def test_duplicates_are_proposed_with_their_reasons_and_never_on_an_empty_phone(
    houses: Households,
) -> None:
    unread = [{"kind": "resident_id", "number": "12345"}]
    same_paper = {
        await houses.register(at="1幢", name="甲一", sex="male", born="1980-01-01", documents=unread),
        await houses.register(at="2幢", name="甲二", sex="male", born="1981-01-01", documents=unread),
    }
    same_phone = {
        await houses.register(at="3幢", name="乙", phone="19911110000"),
        await houses.register(at="4幢", name="乙", phone="+86 199 1111 0000"),
    }
    await houses.register(at="3幢", name="丙", phone="")
    await houses.register(at="4幢", name="丙", phone="")
    mother = await houses.register(at="5幢", name="丁")
    baby = {"sex": "female", "born": "2020-02-20", "relation": "dependant"}
    newborn = {
        await houses.register(at="5幢", name="丁宝宝", documents=[], guardian_ref=mother, **baby),  # type: ignore[arg-type]
        await houses.register(
            at="5幢",
            name="丁小满",
            documents=[{"kind": "resident_id", "number": resident_id(8, "20200220")}],
            relation="dependant",
        ),
    }
    found = await _proposed(houses)
    assert len(found) == 3
    assert {frozenset(pair): reasons for pair, reasons in found} == {
        frozenset(same_paper): ["same_document"],
        frozenset(same_phone): ["same_name_and_phone"],
        frozenset(newborn): ["newborn_registered_later"],
    }
    assert await _proposed(houses, reason="same_document") == [(same_paper, ["same_document"])]
    one, other = sorted(same_phone)
    dismissal = {"one": other, "other": one, "reason": "同名同机，父子"}
    for _ in range(2):
        assert (await houses.desk.post("/v1/duplicates/dismissals", dismissal)).status_code == 204
    assert await _proposed(houses, reason="same_name_and_phone") == []
    assert await _proposed(houses, dismissed=True) == [(same_phone, ["same_name_and_phone"])]
    kept, merged = sorted(newborn)
    await merge(houses, kept, merged)
    assert await _proposed(houses, reason="newborn_registered_later") == []
    first = (await houses.desk.get("/v1/duplicates", compound="lj-001", limit=1)).json()
    assert first["next"] is None
    assert len(first["items"]) == 1


@pytest.mark.scenario("P10")
@pytest.mark.parametrize("correction", [{"name": "叶知春"}, {"born": "1985-03-21"}])
async def test_who_comes_anew_under_a_corrected_name_is_proposed(
    houses: Households, correction: dict[str, Any]
) -> None:
    """An old list has no document and the name as it was: it makes a second record, and somebody is told."""
    passport = [{"kind": "passport", "number": "ZX0100001"}]
    person = await houses.register(at="1幢", **YE, documents=passport)
    corrected = await houses.change(person, "corrections", **correction, reason="按户口簿")
    assert corrected.status_code == 200, corrected.text
    owner = await houses.register(at="1幢", name="房主")
    anew = await houses.register(at="1幢", **YE, documents=[], relation="dependant", guardian_ref=owner)
    assert anew != person
    why = "earlier_name_or_birth_at_dwelling"
    assert await _proposed(houses, reason=why) == [({person, anew}, [why])]


@pytest.mark.scenario("H3")
async def test_only_a_clerk_who_reaches_both_records_merges_them(houses: Households) -> None:
    kept, merged = await two_records(houses, second_at="x1幢")
    body = {"merge_id": str(uuid4()), "kept": kept, "merged": merged, "reason": "核实"}
    for who, code in (
        (("community_clerk", "compound:lj-001"), "out_of_scope"),
        (("grid_worker", "town"), "role_not_allowed"),
    ):
        refused = await houses.desk.post("/v1/merges", body, who)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await houses.desk.post("/v1/merges", body, TOWN_CLERK)).status_code == 201
    first = await houses.desk.post("/v1/merges", body, TOWN_CLERK)
    assert first.status_code == 200
    other = await houses.desk.post("/v1/merges", {**body, "reason": "另一理由"}, TOWN_CLERK)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")


@pytest.mark.scenario("P7", "P10")
async def test_a_household_form_counts_somebody_with_two_records_once(
    houses: Households,
) -> None:
    papers = ([{"kind": "passport", "number": f"ZX010000{nth}"}] for nth in (1, 2))
    kept, merged = [
        await houses.register(at="1幢", **YE | {"name": name}, documents=paper)
        for name, paper in zip(("叶知秋", "叶秋"), papers, strict=True)
    ]
    assert (await merge(houses, kept, merged)).status_code == 201
    desk, here = houses.desk, houses.at["1幢"]
    round_id = (await open_round(desk))["round_id"]
    path = f"/v1/survey-rounds/{round_id}/dwellings/{here}/form"
    [line] = (await desk.get(path)).json()["residents"]
    other = merged if line["person_ref"] == kept else kept
    newcomer = member(desk)
    named = [
        {"state": "present", "person_ref": other},
        newcomer,
    ]  # by whichever record: it is the same person
    assert (await hand_in(desk, form(round_id, here, members=named)))["people"] == 2
    findings = f"/v1/survey-rounds/{round_id}/findings"
    assert (await desk.get(findings, compound="lj-001")).json()["items"] == []
    assert [one["people"] for one in await desk.told("HouseholdSurveyed")] == [2]
    assert len(await residents(desk, here)) == 3
    assert len(await houses.members("1幢")) == 2
