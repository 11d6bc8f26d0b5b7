"""Erasing somebody: refused while anything needs them, then gone from every lookup, and every figure as before."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.registry.handlers.exports import ExportRunner
from services.registry.handlers.kept_files import Sweeper
from services.registry.handlers.retention import forget_due
from tests.integration.registry import test_call_list as call_list
from tests.integration.registry import test_intake_tasks as intake_tasks
from tests.integration.registry import test_watch_lists as watch_lists
from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.surveying import coverage, form, hand_in, member, open_round

PHONE, PLATE = "19900000077", "苏E00077"


async def erase(desk: Desk, person: str, erasure_id: str | None = None, **body: str) -> httpx.Response:
    asked = {"erasure_id": erasure_id or str(uuid4()), "reason": "retention_over"} | body
    return await desk.post(f"/v1/people/{person}/erasure", asked, OFFICER)


async def found(desk: Desk, **wanted: str) -> list[str]:
    answer = await desk.post("/v1/people/lookup", wanted, OFFICER)
    assert answer.status_code == 200, answer.text
    return [one["person_ref"] for one in answer.json()["people"]]


async def lived_here_and_left(desk: Desk) -> tuple[str, str, dict[str, Any]]:
    """A returnee who was observed, got passes for themselves and a vehicle, and left the town."""
    await desk.publish_risk({})
    number = resident_id(77)
    body = desk.intake(
        person={
            "name": "欧阳海棠",
            "documents": [{"kind": "resident_id", "number": number}],
            "phone": PHONE,
        },
        health={"symptoms": ["cough"], "note": "夜里咳嗽"},
    )
    intake = await desk.register(body)
    person = intake["person_ref"]
    case = desk.started(intake)
    await desk.hear(case)
    observed = (await erase(desk, person)).json()
    assert (observed["code"], observed["dwellings"], observed["observations"]) == ("person_in_use", 1, 1)
    desk.move("2020-03-10 00:00")
    await desk.hear(desk.completed(case))
    desk.move("2020-03-10 09:00")
    assert (await desk.ask_pass(person)).status_code == 201
    vehicle = {
        "vehicle_ref": str(uuid4()),
        "plate": PLATE,
        "person_ref": person,
        "dwelling_id": intake["dwelling_id"],
    }
    assert (await desk.post("/v1/vehicles", vehicle)).status_code == 201
    asked = {"request_id": str(uuid4()), "vehicle_ref": vehicle["vehicle_ref"], "compound": "lj-001"}
    assert (await desk.post("/v1/vehicle-passes", asked)).status_code == 201
    living = (await erase(desk, person)).json()
    assert (living["dwellings"], living["passes"], living["observations"]) == (1, 2, 0)
    left = {"change_id": str(uuid4()), "people": [person], "left_on": "2020-03-10", "reason": "返乡"}
    gone = await desk.post("/v1/departures", left)
    assert gone.status_code == 200, gone.text
    return person, number, body


COUNTED = (
    "person",
    "residence",
    "returnee_intake",
    "entry_pass",
    "vehicle",
    "people_change",
    "observation_state",
)


async def counts(desk: Desk) -> list[int]:
    return [(await desk.rows(f"select count(*) as n from {table}"))[0]["n"] for table in COUNTED]


@pytest.mark.requirement("Data and law")
async def test_an_erased_person_is_found_by_nothing_and_every_count_stays(desk: Desk) -> None:
    person, number, body = await lived_here_and_left(desk)
    early = (await erase(desk, person)).json()
    assert (early["code"], early["first_possible"]) == ("within_retention", "2020-04-10")
    desk.move("2020-04-10 00:00")
    assert (await desk.post(f"/v1/people/{person}/erasure", {}, CLERK)).status_code in {403, 422}
    before = await counts(desk)
    documents = await desk.rows("select document from outbox where channel like 'cards%' order by id")
    assert any(person in row["document"] and '"card":"' in row["document"] for row in documents)

    erasure = str(uuid4())
    done = await erase(desk, person, erasure)
    assert (done.status_code, done.json()["people"]) == (201, [person])
    again = await erase(desk, person, erasure)
    assert (again.status_code, again.json()) == (200, done.json())
    other = await erase(desk, person)
    assert (other.status_code, other.json()["code"]) == (410, "person_erased")
    changed = await erase(desk, person, erasure, reason="requested")
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")
    [told] = await desk.told("PersonErased")
    assert told["person_ref"] == person
    newest = max(one["version"] for one in await desk.told("PersonRegistered"))
    assert told["version"] > newest

    # Nothing finds them; whoever knows the pseudonym learns that nothing is kept; the figures are what they were.
    for wanted in ({"document": number}, {"phone": PHONE}, {"name": "欧阳海棠"}):
        assert await found(desk, **wanted) == []
    plate = await desk.post("/v1/vehicles/lookup", {"plate": PLATE})
    assert plate.json()["code"] == "vehicle_unknown"
    assert (await desk.get(f"/v1/people/{person}", OFFICER)).status_code == 404
    profile = (await desk.get(f"/v1/returnees/{body['intake_id']}")).json()
    assert (profile["name"], profile["health"], profile["category"]) == (None, None, "other")
    correction = {"correction_id": str(uuid4()), "reason": "误填", "suzhou_code": "green"}
    refused = await desk.post(f"/v1/returnees/{body['intake_id']}/corrections", correction)
    assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
    settling = {"settlement_id": str(uuid4()), "reason": "other", "note": "无"}
    held = await desk.post(f"/v1/people/{person}/holds/fever/settlement", settling)
    assert held.status_code < 500
    assert await counts(desk) == before
    for row in await desk.rows("select document from outbox where channel like 'cards%' order by id"):
        assert person not in row["document"] or '"card": null' in row["document"]
    kept = await desk.rows(
        "select name_sealed, born_sealed, phone_sealed, phone_index from person where person_ref = $1", person
    )
    assert kept == [{"name_sealed": b"", "born_sealed": b"", "phone_sealed": None, "phone_index": None}]

    # The same paper is somebody new now, whoever brings it.
    desk.move("2020-04-11 09:00")
    trip = body["trip"] | {"arrived_on": "2020-04-11"}
    anew = await desk.register(body | {"intake_id": str(uuid4()), "trip": trip})
    assert anew["person_ref"] != person
    assert await found(desk, document=number) == [anew["person_ref"]]


@pytest.mark.requirement("Data and law")
async def test_trip_and_health_go_by_themselves_after_the_release_and_who_it_was_stays(desk: Desk) -> None:
    check = uuid4()
    person = await desk.resident()
    await desk.hear(
        intake_tasks.first_return(desk, person, check=check),
        intake_tasks.answers(desk, check, {"name": "司徒南星", "symptoms": True}),
    )
    await desk.publish_risk({})
    number = resident_id(desk.people)
    trip = {
        "origin_code": "330300",
        "arrived_on": "2020-02-24",
        "transport": "train",
        "transport_number": "G7501",
        "proof": True,
        "via": [{"code": "420100", "last_day": "2020-02-20"}],
    }
    papers = [{"kind": "resident_id", "number": number}]
    body = desk.intake(
        person={"name": "司徒南星", "documents": papers, "phone": PHONE},
        trip=trip,
        suzhou_code="yellow",
        health={"symptoms": ["cough"], "note": "夜里咳嗽"},
    )
    intake = await desk.register(body)
    assert intake["person_ref"] == str(person)
    path = f"/v1/returnees/{body['intake_id']}"
    mended = trip | {"transport_number": "G7503"}
    correction = {"correction_id": str(uuid4()), "reason": "车次误填", "trip": mended}
    assert (await desk.post(f"{path}/corrections", correction)).status_code == 201
    case = desk.started(intake)
    desk.move("2020-03-10 00:00")
    await desk.hear(case, desk.completed(case))
    vault = desk.client.context.vault

    async def kept() -> list[Any]:
        await forget_due(desk.database, vault=vault)
        profile = (await desk.get(path)).json()
        answers = await desk.rows("select 1 from intake_answers")
        versions = (await desk.get(f"{path}/versions")).json()["versions"]
        said = [one["transport_number"] for one in versions]
        return [
            profile["transport_number"],
            profile["suzhou_code"],
            len(profile["via"]),
            profile["health"] is not None,
            len(answers),
            said,
        ]

    everything = ["G7503", "yellow", 1, True, 1, ["G7501", "G7503"]]
    assert await kept() == everything
    desk.move("2020-04-09 00:00")
    assert await kept() == everything  # thirty days to the minute
    before = await counts(desk)
    desk.move("2020-04-09 00:01")
    assert await kept() == [None, None, 0, False, 0, [None, None]]
    profile = (await desk.get(path)).json()
    assert (profile["name"], profile["category"], profile["origin_code"]) == ("司徒*", "other", "330300")
    assert await counts(desk) == before
    assert await found(desk, document=number) == [str(person)]


@pytest.mark.requirement("Data and law")
async def test_what_lies_under_keys_of_its_own_goes_with_whom_it_turned_out_to_be(desk: Desk) -> None:
    person, number, body = await lived_here_and_left(desk)
    list_id = await watch_lists.begin(desk)
    content = watch_lists.sheet(
        watch_lists.line("欧阳海棠", number, PHONE, "同车厢"), watch_lists.line("沈白芷", resident_id(501))
    )
    assert (await watch_lists.send(desk, list_id, content)).json()["new"] == 2
    mine, other = await watch_lists.lines_of(desk, list_id)
    settled = await watch_lists.settle(
        desk, list_id, mine["line_id"], disposition="found_here", person_ref=person
    )
    assert settled.status_code == 200, settled.text
    entry = await call_list.add(desk, call_list.someone(name="欧阳海棠", phone=PHONE))
    await call_list.call(desk, entry["entry_id"], "postponed", next_call_on="2020-03-11", note="暂住亲戚家")
    arrival = await desk.post(f"/v1/call-list/{entry['entry_id']}/arrival", {"intake_id": body["intake_id"]})
    assert arrival.status_code == 200, arrival.text
    check = uuid4()
    seen = (
        intake_tasks.first_return(desk, UUID(person), check=check),
        intake_tasks.answers(desk, check, {"name": "欧阳海棠"}),
    )
    await desk.hear(*seen)
    round_id = (await open_round(desk, due_on="2020-03-12"))["round_id"]
    home = str(
        (await desk.rows("select dwelling_id from residence where person_ref = $1", UUID(person)))[0][
            "dwelling_id"
        ]
    )
    filed = form(
        round_id,
        home,
        visited_at="2020-03-10T09:00:00+08:00",
        note="欧阳家无人",
        members=[{"state": "gone", "person_ref": person}, member(desk)],
        findings=[{"kind": "other", "member": 0, "note": "欧阳海棠已返乡"}],
        offers=[{"member": 1, "kind": "gate_duty", "note": "返回后愿意值守"}],
    )
    await hand_in(desk, filed, CLERK)

    async def figures() -> list[Any]:
        lists = (await desk.get(f"/v1/watch-lists/{list_id}", OFFICER)).json()["figures"]
        calls = (await desk.get("/v1/call-list/figures", OFFICER)).json()
        return [lists, calls, await coverage(desk, round_id), await counts(desk)]

    desk.move("2020-04-10 00:00")
    before = await figures()
    assert (await erase(desk, person)).status_code == 201
    assert await figures() == before
    gone, stays = await watch_lists.lines_of(desk, list_id)
    assert (gone["name"], gone["document"], gone["phone"], gone["disposition"]) == (
        None,
        None,
        None,
        "found_here",
    )
    assert stays == other
    again = await watch_lists.settle(desk, list_id, mine["line_id"], disposition="elsewhere")
    assert (again.status_code, again.json()["code"]) == (410, "person_erased")
    [called] = await call_list.listed(desk, state="arrived")
    assert (called["name"], called["phone"], called["calls"]) == (None, None, 1)
    assert (await desk.get(f"/v1/call-list/{entry['entry_id']}")).json()["name"] is None
    sealed = """
    select line_id::text as of, name_sealed as text from watch_line where person_ref is not null
    union all select 'settled', note_sealed from watch_settlement
    union all select 'called', name_sealed from call_entry union all select 'calls', note_sealed from call_attempt
    union all select 'answers', answers_sealed from intake_answers
    union all select 'form', note_sealed from survey_submission
    union all select 'finding', detail_sealed from survey_finding
    union all select 'offer', note_sealed from survey_offer
    """
    assert [row["of"] for row in await desk.rows(sealed) if row["text"]] == []
    [filed_under] = await desk.rows("select key_ref from survey_submission")
    own = [UUID(mine["line_id"]), UUID(entry["entry_id"]), filed_under["key_ref"]]
    assert await desk.client.context.vault.keys(own) == {}
    assert (await desk.get(f"/v1/survey-rounds/{round_id}/dwellings/{home}/form", CLERK)).status_code == 200
    assert (await desk.get("/v1/survey-offers", CLERK, compound="lj-001")).status_code == 200


@pytest.mark.requirement("Data and law")
async def test_an_export_under_somebodys_reference_takes_nobodys_key_along(desk: Desk) -> None:
    person = await desk.resident()
    asked = {"export_id": str(person), "kind": "grids", "reason": "网格核对"}
    assert (await desk.post("/v1/exports", asked, OFFICER)).status_code == 202
    vault = desk.client.context.vault
    await ExportRunner(vault=vault).act(desk.database)
    async with desk.database.begin() as tx:
        await tx.execute("update export_job set kept_until = $1", tx.now - timedelta(3650))
    await Sweeper(vault=vault).act(desk.database)
    assert await desk.rows("select 1 from export_file") == []
    assert person in await vault.keys([person])


@pytest.mark.requirement("Data and law")
async def test_records_that_were_merged_go_together_and_a_guardian_stays(desk: Desk) -> None:
    home = (await desk.get("/v1/compounds/lj-001/dwellings")).json()["items"][0]["dwelling_id"]

    async def enter(**stated: Any) -> str:
        stay = {"dwelling_id": home, "relation": "tenant"} | stated.pop("stay", {})
        entered = await desk.post("/v1/people", {"change_id": str(uuid4()), "homes": [stay], **stated})
        assert entered.status_code == 201, entered.text
        return str(entered.json()["person_ref"])

    woman: dict[str, Any] = {"sex": "female", "born": "1990-03-07"}
    one = await enter(name="慕容听雪", documents=[{"kind": "passport", "number": "ZX0700001"}], **woman)
    two = await enter(name="慕容雪", documents=[{"kind": "passport", "number": "ZX0700002"}], **woman)
    child = {"name": "慕容小满", "sex": "female", "born": "2020-02-20", "stay": {"relation": "dependant"}}
    await enter(**child, guardian_ref=one)
    merge = {"merge_id": str(uuid4()), "kept": one, "merged": two, "reason": "同一人"}
    assert (await desk.post("/v1/merges", merge)).status_code == 201
    left = {"change_id": str(uuid4()), "people": [two], "left_on": "2020-02-24", "reason": "返乡"}
    assert (await desk.post("/v1/departures", left)).status_code == 200
    guardian = (await erase(desk, one)).json()
    assert (guardian["code"], guardian["wards"], guardian["dwellings"]) == ("person_in_use", 1, 0)
    [ward] = await desk.rows("select person_ref from person where guardian_ref is not null")
    over = {
        "change_id": str(uuid4()),
        "people": [str(ward["person_ref"])],
        "left_on": "2020-02-24",
        "reason": "返乡",
    }
    assert (await desk.post("/v1/departures", over)).status_code == 200
    done = await erase(desk, two, reason="requested")
    assert (done.status_code, sorted(done.json()["people"])) == (201, sorted([one, two]))
    assert {event["person_ref"] for event in await desk.told("PersonErased")} == {one, two}
    assert await found(desk, document="ZX0700001") == await found(desk, document="ZX0700002") == []
    desk.client.move_to(desk.client.context.clock.now() + timedelta(days=1))
    undo = {"separation_id": str(uuid4()), "reason": "是两个人"}
    undone = await desk.post(f"/v1/merges/{merge['merge_id']}/undo", undo)
    assert (undone.status_code, undone.json()["code"]) == (410, "person_erased")
