"""Household forms over HTTP: offline, twice, in any order; people once, and nothing done that is not (P7 to P9)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.households import Households
from tests.integration.registry.surveying import (
    GRID,
    OTHER_GRID,
    coverage,
    form,
    hand_in,
    member,
    open_round,
    residents,
    targets,
)

ELSEWHERE = ("grid_worker", "grid:lj-002-w01")


async def begin(desk: Desk) -> tuple[str, list[str]]:
    """An open round, and the dwellings of the first grid."""
    round_id = (await open_round(desk))["round_id"]
    return round_id, [one["dwelling_id"] for one in await targets(desk, round_id, GRID)]


@pytest.mark.requirement("R4.1")
@pytest.mark.requirement("R3.3")
async def test_a_form_changes_the_book_once_and_counts_its_people_once(desk: Desk) -> None:
    stays = await desk.resident("1幢")
    leaves = await desk.resident("1幢")
    round_id, [home, *_] = await begin(desk)
    begun = (await desk.get(f"/v1/survey-rounds/{round_id}/dwellings/{home}/form", GRID)).json()
    assert {one["person_ref"] for one in begun["residents"]} == {str(stays), str(leaves)}
    assert {one["name"] for one in begun["residents"]} == {"司徒*"}
    assert (begun["state"], begun["current"], begun["last_round"], begun["phone_check_due"]) == (
        "open",
        None,
        None,
        False,
    )
    full = (await desk.get(f"/v1/survey-rounds/{round_id}/dwellings/{home}/form", CLERK)).json()
    assert {one["name"] for one in full["residents"]} == {"司徒南星"}

    body = form(
        round_id,
        home,
        members=[
            {"state": "present", "person_ref": str(stays)},
            {"state": "gone", "person_ref": str(leaves)},
            member(desk),
        ],
        offers=[{"member": 0, "kind": "gate_duty", "note": "每天上午有空"}],
        findings=[{"kind": "unknown_tenant", "member": 2, "note": "房东未登记"}],
    )
    answers = await asyncio.gather(*(desk.post("/v1/survey-submissions", body, GRID) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [200] * 4 + [201]
    told = answers[0].json()
    assert all(one.json() == told for one in answers)
    assert (told["standing"], told["state"], told["final"], told["attempt"], told["people"]) == (
        "current",
        "done",
        True,
        1,
        2,
    )
    other = await desk.post("/v1/survey-submissions", body | {"note": "x"}, GRID)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    here = await residents(desk, home)
    assert str(stays) in here
    assert str(leaves) not in here
    assert len(here) == 2
    [event] = await desk.told("HouseholdSurveyed")
    assert (event["outcome"], event["final"], event["people"], event["attempts"], event["version"]) == (
        "done",
        True,
        2,
        1,
        1,
    )
    [offer] = (await desk.get("/v1/survey-offers", CLERK, compound="lj-001")).json()["items"]
    assert (offer["person_ref"], offer["kind"], offer["name"], offer["note"]) == (
        str(stays),
        "gate_duty",
        "司徒*",
        "每天上午有空",
    )
    await _becomes_a_volunteer_once(desk, offer)
    path = f"/v1/survey-rounds/{round_id}/findings"
    [found] = (await desk.get(path, CLERK, compound="lj-001")).json()["items"]
    assert (found["kind"], found["note"], found["name"]) == ("unknown_tenant", "房东未登记", "欧阳*")
    assert (await desk.get(path, OTHER_GRID, compound="lj-001")).json()["items"] == []
    sealed = await desk.rows("select stated_sealed from survey_member where stated_sealed is not null")
    assert all("欧阳".encode() not in bytes(row["stated_sealed"]) for row in sealed)
    assert (await coverage(desk, round_id))["total"]["final"] == 1


@pytest.mark.requirement("R4.3")
async def test_whoever_is_gone_has_left_everywhere_and_a_clerk_can_take_it_back(desk: Desk) -> None:
    book = await Households.of(desk)
    owner = await book.register("1幢", relation="owner")
    tenant, moved = await book.register("1幢"), await book.register("1幢")
    await book.change(moved, "residences", dwelling_id=book.at["2幢"], relation="tenant")
    for person in (tenant, moved):
        assert (await desk.ask_pass(person)).status_code == 201
    round_id, [home, *_] = await begin(desk)
    gone = [{"state": "gone", "person_ref": one} for one in (owner, tenant, moved)]
    told = await hand_in(desk, form(round_id, home, members=[*gone, member(desk)]))
    assert told["people"] == 1

    # The town hears of each, and no pass of whoever lives here no longer admits.
    ended = {one["person_ref"]: one for one in await desk.told("ResidenceEnded")}
    assert {ref: (one["reason"], one["dwelling_id"]) for ref, one in ended.items()} == {
        owner: ("moved", home),
        tenant: ("left_town", home),
        moved: ("moved", home),
    }
    assert ended[moved]["new_dwelling_id"] == book.at["2幢"]
    homes = await book.homes_told()
    assert (homes[owner], homes[tenant], homes[moved]) == (("lj-001", False), None, ("lj-001", True))
    assert await _passes(desk) == {tenant: "revoked", moved: "active"}
    assert len(await book.members("1幢")) == 1

    # It is an act of the book: in everybody's history once, and taken back as a whole.
    acts = await _acts(desk)
    assert {ref: len(own) for ref, own in acts.items()} == dict.fromkeys(
        [owner, tenant, moved, *(await residents(desk, home))], 1
    )
    [change_id] = {one for own in acts.values() for one in own}
    await book.undo({"change_id": change_id}, reason="邻居说错了")
    assert sorted(await residents(desk, home)) == sorted([owner, tenant, moved])
    assert await _passes(desk) == {tenant: "active", moved: "active"}
    homes = await book.homes_told()
    assert (homes[owner], homes[tenant]) == (("lj-001", True), ("lj-001", True))
    assert await book.members("1幢") == sorted([owner, tenant, moved])


@pytest.mark.requirement("R4.3")
async def test_somebody_of_the_book_is_known_again_on_a_doorstep_by_document_or_by_name(desk: Desk) -> None:
    book = await Households.of(desk)
    papers = [{"kind": "resident_id", "number": resident_id(77)}]
    elsewhere = await book.register("2幢", documents=papers)
    passport = {"kind": "passport", "number": "E99887766"}
    without = await book.register("1幢", documents=[passport], born="1990-03-07", sex="female")
    round_id, [home, *_] = await begin(desk)
    by_document = member(desk, name="司徒南星", documents=papers)
    by_name = member(desk, name="司徒南星", documents=[], born="1990-03-07", sex="female")
    told = await hand_in(desk, form(round_id, home, members=[by_document, by_name]))
    assert (told["people"], await book.count("person")) == (2, 2)
    assert sorted(await residents(desk, home)) == sorted([elsewhere, without])
    assert set(await _acts(desk)) == {elsewhere, without}


async def _becomes_a_volunteer_once(desk: Desk, offer: dict[str, Any]) -> None:
    path = f"/v1/survey-offers/{offer['submission_id']}/{offer['nth']}/application"
    body = {"application_id": str(uuid4())}
    assert (await desk.post(path, body, GRID)).status_code == 403
    abroad = await desk.post(path, body, ("community_clerk", "compound:lj-002"))
    assert (abroad.status_code, abroad.json()["code"]) == (403, "out_of_scope")
    unknown = await desk.post(path.replace("/0/", "/7/"), body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "offer_unknown")
    answers = await asyncio.gather(*(desk.post(path, body) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    again = await desk.post(path, {"application_id": str(uuid4())})
    assert (again.status_code, again.json()["code"]) == (409, "offer_followed_up")
    assert again.json()["application_id"] == body["application_id"]
    [shown] = (await desk.get("/v1/survey-offers", CLERK, compound="lj-001")).json()["items"]
    assert shown["application_id"] == body["application_id"]
    told = (await desk.get(f"/v1/volunteers/{body['application_id']}", CLERK)).json()
    assert (told["via"], told["state"], told["name"], told["person_ref"]) == (
        "survey",
        "received",
        "司徒南星",
        offer["person_ref"],
    )


async def _acts(desk: Desk) -> dict[str, list[str]]:
    """The ids of what forms did to people, by person, from the history that is kept of each."""
    found: dict[str, list[str]] = {}
    for row in await desk.rows(
        "select p.person_ref, p.change_id from person_change p join people_change c using (change_id)"
        " where c.kind = 'surveyed'"
    ):
        found.setdefault(str(row["person_ref"]), []).append(str(row["change_id"]))
    return found


async def _passes(desk: Desk) -> dict[str, str]:
    return {
        str(row["person_ref"]): row["state"]
        for row in await desk.rows("select person_ref, state from entry_pass")
    }


@pytest.mark.scenario("P7")
async def test_a_household_surveyed_twice_offline_is_a_conflict_until_a_clerk_settles_it(desk: Desk) -> None:
    stays = await desk.resident("1幢")
    round_id, [home, *_] = await begin(desk)
    present = {"state": "present", "person_ref": str(stays)}
    came, other = member(desk), member(desk, name="司徒南星")
    bodies = [form(round_id, home, members=[present, came]), form(round_id, home, members=[present, other])]
    answers = await asyncio.gather(*(desk.post("/v1/survey-submissions", body, GRID) for body in bodies))
    assert sorted(one.json()["standing"] for one in answers) == ["conflicting", "current"]
    assert len(await residents(desk, home)) == 2  # people once: the second form changed nothing yet
    total = (await coverage(desk, round_id))["total"]
    assert (total["conflict"], total["final"], total["remaining"], total["dwellings"]) == (1, 0, 10, 10)
    path = f"/v1/survey-rounds/{round_id}/conflicts"
    [listed] = (await desk.get(path, CLERK, compound="lj-001")).json()["items"]
    assert listed["outcomes_differ"] is False
    assert sorted((one["name"], one["fields"]) for one in listed["differences"]) == [
        ("司徒*", []),
        ("欧阳*", []),
    ]
    chosen = listed["other"]["submission_id"]
    settle = f"/v1/survey-rounds/{round_id}/dwellings/{home}/resolution"
    body = {"resolution_id": str(uuid4()), "chosen": chosen, "reason": "电话核实，后一份正确"}
    assert (await desk.post(settle, body, GRID)).status_code == 403
    unknown = await desk.post(settle, body | {"chosen": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "submission_unknown")
    answers = await asyncio.gather(*(desk.post(settle, body) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200] * 3 + [201]
    assert {one.json()["people"] for one in answers} == {2}
    here = await residents(desk, home)
    assert (len(here), str(stays) in here) == (2, True)
    names = (await desk.get(f"/v1/survey-rounds/{round_id}/dwellings/{home}/form", CLERK)).json()
    expected = "司徒南星" if chosen == bodies[1]["submission_id"] else "欧阳海棠"
    assert sorted(one["name"] for one in names["residents"]) == sorted(["司徒南星", expected])
    assert (await desk.get(path, CLERK, compound="lj-001")).json()["items"] == []
    total = (await coverage(desk, round_id))["total"]
    assert (total["conflict"], total["final"]) == (0, 1)
    over = await desk.post(settle, body | {"resolution_id": str(uuid4())})
    assert (over.status_code, over.json()["code"]) == (409, "no_conflict")
    standings = await desk.rows("select standing, count(*) from survey_submission group by 1 order by 1")
    assert standings == [{"standing": "current", "count": 1}, {"standing": "kept", "count": 1}]
    assert [event["conflict"] for event in await desk.told("HouseholdSurveyed")] == [False, True, False]


@pytest.mark.scenario("P7")
async def test_a_clerk_merges_two_forms_into_one(desk: Desk) -> None:
    round_id, [home, *_] = await begin(desk)
    one, two = member(desk), member(desk, name="司徒南星")
    await hand_in(desk, form(round_id, home, members=[one]))
    await hand_in(desk, form(round_id, home, members=[two]))
    merged = form(round_id, home, members=[one, two])
    del merged["round_id"], merged["dwelling_id"]
    settle = f"/v1/survey-rounds/{round_id}/dwellings/{home}/resolution"
    body = {"resolution_id": str(uuid4()), "merged": merged, "reason": "两人合租"}
    absent = await desk.post(settle, body | {"merged": merged | {"outcome": "absent", "members": []}})
    assert (absent.status_code, absent.json()["code"]) == (422, "invalid_request")
    told = await desk.post(settle, body)
    assert (told.status_code, told.json()["people"], told.json()["state"]) == (201, 2, "done")
    assert await desk.rows("select count(*) from person") == [{"count": 2}]
    assert await desk.rows("select count(*) from survey_submission") == [{"count": 3}]


@pytest.mark.scenario("P7")
async def test_two_forms_that_say_the_same_are_no_conflict_and_a_correction_is_none(desk: Desk) -> None:
    round_id, [home, *_] = await begin(desk)
    came = member(desk)
    first = form(round_id, home, members=[came])
    await hand_in(desk, first)
    assert (await hand_in(desk, form(round_id, home, members=[came])))["standing"] == "kept"
    assert len(await residents(desk, home)) == 1
    corrected = form(
        round_id, home, members=[came, member(desk, name="司徒南星")], corrects=first["submission_id"]
    )
    told = await hand_in(desk, corrected)
    assert (told["standing"], told["people"], told["attempt"]) == ("current", 2, 3)
    assert (await coverage(desk, round_id))["total"]["conflict"] == 0


@pytest.mark.scenario("P8")
async def test_nobody_home_three_times_is_still_not_done(desk: Desk) -> None:
    round_id, [home, *others] = await begin(desk)
    for nth, other in enumerate(others):
        witness = {"outcome": "empty", "witness": "neighbour"} if nth % 2 else {"members": [member(desk)]}
        await hand_in(desk, form(round_id, other, **({"outcome": "done"} | witness)))
    path = f"/v1/survey-rounds/{round_id}/dwellings/{home}/form"
    for nth, at in enumerate(("09:00", "14:00", "19:00"), start=1):
        desk.move(f"2020-02-24 {at}")
        told = await hand_in(desk, form(round_id, home, "absent", visited_at=f"2020-02-24T{at}:00+08:00"))
        assert (told["state"], told["final"], told["attempt"]) == ("absent", False, nth)
        assert (await desk.get(path, GRID)).json()["phone_check_due"] is (nth == 3)
    [line] = [
        one for one in (await coverage(desk, round_id, by="grid"))["lines"] if one["place"] == "lj-001-w01"
    ]
    assert (line["percent"], line["remaining"], line["absent"]) == ("80.0", 1, 1)
    [left] = await targets(desk, round_id, GRID, state="open")
    assert (left["dwelling_id"], left["attempts"]) == (home, 3)
    refused = await desk.post("/v1/survey-submissions", form(round_id, home, "empty"), GRID)
    assert (refused.status_code, refused.json()["code"]) == (422, "witness_required")


@pytest.mark.scenario("P9")
@pytest.mark.parametrize("agree", [True, False])
async def test_an_unregistered_returnee_gets_one_intake_however_many_forms_name_them(
    desk: Desk, *, agree: bool
) -> None:
    await desk.publish_risk({"420000": "focus"})
    round_id, [home, *_] = await begin(desk)
    back = member(desk)
    finding = {
        "kind": "unregistered_returnee",
        "member": 0,
        "trip": {"origin_code": "420100", "arrived_on": "2020-02-20", "transport": "car", "proof": False},
    }
    second = [back] if agree else [back, member(desk, name="司徒南星")]
    bodies = [form(round_id, home, members=members, findings=[finding]) for members in ([back], second)]
    answers = await asyncio.gather(*(desk.post("/v1/survey-submissions", body, GRID) for body in bodies))
    assert [one.status_code for one in answers] == [201, 201], [one.text for one in answers]
    [event] = await desk.told("ReturneeRegistered")
    assert (event["category"], event["anchor_date"], event["dwelling_id"]) == ("focus", "2020-02-24", home)
    assert {tuple(one.json()["intakes"]) for one in answers} == {(event["intake_id"],)}
    items = (await desk.get(f"/v1/survey-rounds/{round_id}/findings", CLERK, compound="lj-001")).json()[
        "items"
    ]
    assert {one["intake_id"] for one in items if one["kind"] == "unregistered_returnee"} == {
        event["intake_id"]
    }
    assert await desk.rows("select count(*) from returnee_intake") == [{"count": 1}]
    assert (
        len([one for one in await desk.told("PersonRegistered") if one["person_ref"] == event["person_ref"]])
        == 1
    )


@pytest.mark.scenario("P9")
async def test_without_a_risk_list_a_returnees_form_is_refused_whole(desk: Desk) -> None:
    round_id, [home, other, *_] = await begin(desk)
    trip = {"origin_code": "420100", "arrived_on": "2020-02-20", "transport": "car", "proof": False}
    body = form(
        round_id,
        home,
        members=[member(desk)],
        findings=[{"kind": "unregistered_returnee", "member": 0, "trip": trip}],
    )
    refused = await desk.post("/v1/survey-submissions", body, GRID)
    assert (refused.status_code, refused.json()["code"]) == (409, "risk_areas_unpublished")
    for table in ("survey_submission", "person", "residence"):
        assert await desk.rows(f"select 1 from {table}") == []
    await desk.publish_risk({"420000": "focus"})
    assert len((await hand_in(desk, body))["intakes"]) == 1
    over = {
        "kind": "unregistered_returnee",
        "member": 0,
        "trip": trip | {"arrived_on": "2020-02-09", "proof": True},
    }
    told = await hand_in(desk, form(round_id, other, members=[member(desk)], findings=[over]))
    assert (told["final"], told["intakes"]) == (
        True,
        [],
    )  # their days are over: the finding stays for a clerk
    path = f"/v1/survey-rounds/{round_id}/findings"
    items = (await desk.get(path, CLERK, compound="lj-001")).json()["items"]
    assert [one["intake_id"] for one in items if one["kind"] == "unregistered_returnee"].count(None) == 1


@pytest.mark.requirement("R4.1")
async def test_a_queue_of_forms_is_taken_each_by_itself(desk: Desk) -> None:
    round_id, [home, second, third, *_] = await begin(desk)
    good = form(round_id, home, members=[member(desk)])
    again = form(round_id, home, "absent", visited_at="2020-02-24T07:00:00+08:00")
    queue: list[Any] = [
        good,
        good,
        {"submission_id": "x"},
        7,
        form(round_id, second, "done"),
        form(round_id, str(uuid4()), "absent"),
        form(str(uuid4()), third, "absent"),
        form(round_id, third, "refused", surprise=1),
        form(round_id, third, "refused"),
        again,
    ]
    answer = await desk.post("/v1/survey-submissions/batch", {"submissions": queue}, GRID)
    assert answer.status_code == 200
    told = [(one["status"], one["code"], one["field"]) for one in answer.json()["items"]]
    assert told == [
        ("created", None, None),
        ("exists", None, None),
        ("rejected", "invalid_request", "outcome"),
        ("rejected", "invalid_request", None),
        ("rejected", "form_inconsistent", "members"),
        ("rejected", "dwelling_not_in_round", "dwelling_id"),
        ("rejected", "dwelling_not_in_round", "dwelling_id"),
        ("rejected", "invalid_request", "surprise"),
        ("created", None, None),
        ("rejected", "visit_outside_round", "visited_at"),
    ]
    assert (await desk.post("/v1/survey-submissions/batch", {"submissions": []}, GRID)).status_code == 422
    many = {"submissions": [good] * 201}
    assert (await desk.post("/v1/survey-submissions/batch", many, GRID)).status_code == 422
    foreign = await desk.post(
        "/v1/survey-submissions/batch", {"submissions": [form(round_id, home, "absent")]}, ELSEWHERE
    )
    assert [one["code"] for one in foreign.json()["items"]] == ["out_of_scope"]
    figures = (await coverage(desk, round_id))["total"]
    assert (figures["final"], figures["refused"], figures["remaining"], figures["dwellings"]) == (1, 1, 9, 10)


async def test_a_form_names_only_people_who_were_at_the_dwelling(desk: Desk) -> None:
    neighbour = await desk.resident("2幢")
    stays, unsaid = await desk.resident("1幢"), await desk.resident("1幢")
    round_id, [home, *_] = await begin(desk)
    wrong = form(round_id, home, members=[{"state": "gone", "person_ref": str(neighbour)}, member(desk)])
    refused = await desk.post("/v1/survey-submissions", wrong, GRID)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422,
        "not_of_this_dwelling",
        "members.0.person_ref",
    )
    await hand_in(desk, form(round_id, home, members=[{"state": "present", "person_ref": str(stays)}]))
    [found] = (await desk.get(f"/v1/survey-rounds/{round_id}/findings", CLERK, compound="lj-001")).json()[
        "items"
    ]
    assert (found["kind"], found["person_ref"]) == ("not_mentioned", str(unsaid))
    assert set(await residents(desk, home)) == {str(stays), str(unsaid)}  # not mentioned is not gone


async def test_a_round_that_is_over_takes_no_forms(desk: Desk) -> None:
    round_id, [home, *_] = await begin(desk)
    await desk.post(f"/v1/survey-rounds/{round_id}/closure", {"reason": "下一轮"}, OFFICER)
    late = await desk.post("/v1/survey-submissions", form(round_id, home, "absent"), GRID)
    assert (late.status_code, late.json()["code"]) == (409, "round_closed")
    again = (await open_round(desk, number=2))["round_id"]
    number = resident_id(99)
    told = await hand_in(
        desk, form(again, home, members=[member(desk, documents=[{"kind": "resident_id", "number": number}])])
    )
    assert told["final"] is True
    third = await desk.post(f"/v1/survey-rounds/{again}/closure", {"reason": "再下一轮"}, OFFICER)
    assert third.json()["open_dwellings"] == 9
    last = (await open_round(desk, number=3))["round_id"]
    begun = (await desk.get(f"/v1/survey-rounds/{last}/dwellings/{home}/form", GRID)).json()
    assert begun["last_round"] == {"number": 2, "state": "done", "final": True}
    assert [UUID(one["person_ref"]) for one in begun["residents"]]
