"""Observation through all services: what people and officers say and headquarters see (O1 to O10, O12).

One run of four services whose business time only goes on: the tests stand in the order of their days.
"""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.clock import write_control
from shared.testing.waiting import eventually
from tests.acceptance.gates import check, enrol_device
from tests.acceptance.town import board
from tests.acceptance.watched import AREAS, CHECKPOINT, HERE, THERE, Watch, instant, told, windows

FEB24, FEB25 = date(2020, 2, 24), date(2020, 2, 25)
pytestmark = pytest.mark.timeout(300)


@pytest.mark.scenario("O1", "O2", "O4", "O5", "O12")
@pytest.mark.requirement("R2.7", "R4.9")
async def test_the_night_of_the_24th(watch: Watch) -> None:
    full, short, silent = [
        await watch.back(arrived) for arrived in (date(2020, 2, 10), date(2020, 2, 10), date(2020, 2, 15))
    ]
    first_of_march = await watch.back(date(2020, 2, 16))
    assert [one["last_day"] for one in (full, silent, first_of_march)] == [
        "2020-02-24",
        "2020-02-29",
        "2020-03-01",
    ]
    full, short, silent = [await watch.case_of(one) for one in (full, short, silent)]
    assert (full["day_number"], full["days"], windows(full)) == (14, 14, {"2020-02-24 evening": "upcoming"})
    await watch.ask_pass(full["person_ref"], expect=409)

    # The last evening of the 14 days: one declares, one does not. Observation is down when the window closes.
    await watch.to(FEB24, "18:00")
    assert (await watch.declare(full["case_id"]))["standing"] == "in_time"
    watch.stack.kill("observation")
    write_control(watch.stack.clock_file, instant(FEB24, "23:50"), 0.0)
    watch.stack.launch("observation")
    await watch.stack.ready("observation")
    for clock in ("23:50", "23:51"):  # the windows are caught up first, and then what follows on them
        await watch.to(FEB24, clock)
    late = await watch.declare(silent["case_id"], at=instant(FEB24, "23:30").isoformat())
    assert (late["day"], late["window"], late["standing"]) == ("2020-02-24", "evening", "late")
    # The ladder looks at windows that another ticker closes: it may be one round behind.
    steps = await eventually(lambda: watch.told(short["case_id"], "FollowUpEscalated"), what="a reminder")
    assert [(one["step"], one["day"], one["window"]) for one in steps] == [
        ("remind", "2020-02-24", "evening")
    ]

    # Registered on either side of midnight, without proof of the trip.
    before = await watch.back(date(2020, 2, 20), proof=False)
    await watch.to(FEB25, "00:10")
    after = await watch.back(date(2020, 2, 20), proof=False)
    assert [(one["anchor_date"], one["anchor_basis"], one["last_day"]) for one in (before, after)] == [
        ("2020-02-24", "registration_date", "2020-03-09"),
        ("2020-02-25", "registration_date", "2020-03-10"),
    ]

    # 24:00 of day 14: who said everything is released; who did not waits for somebody to decide.
    assert (await watch.case(full["case_id"]))["state"] == "completed"
    assert (await watch.seen_by_hq(full["case_id"]))["case"]["state"] == "completed"
    await watch.ask_pass(full["person_ref"])
    waiting = await watch.case(short["case_id"])
    assert (waiting["state"], waiting["figures"]["missed"]) == ("awaiting_closure", 1)
    assert (await board(watch.stack, HERE))["awaiting_closure"] == 1
    await watch.ask_pass(short["person_ref"], expect=409)
    await watch.decide(short["case_id"], "close", expect=422, reason="")
    early = await watch.decide(silent["case_id"], "close", expect=409)
    assert (early["code"], early["last_day"]) == ("release_too_early", "2020-02-29")

    # The next morning is a window of its own, and nobody is reminded of what is answered or over.
    await watch.to(FEB25, "10:01")
    case = await watch.case(silent["case_id"])
    assert (windows(case)["2020-02-24 evening"], windows(case)["2020-02-25 morning"]) == ("late", "missed")
    assert (case["figures"]["late"], case["figures"]["missed"], case["figures"]["streak"]) == (1, 1, 1)
    missed = await watch.told(silent["case_id"], "DeclarationMissed")
    assert [(one["window"], one["streak"]) for one in missed] == [("evening", 1), ("morning", 1)]
    steps = await eventually(
        lambda: watch.told(silent["case_id"], "FollowUpEscalated", least=2), what="the morning's reminder"
    )
    assert [(one["window"], one["step"]) for one in steps] == [("evening", "remind"), ("morning", "remind")]
    assert len(await watch.told(short["case_id"], "FollowUpEscalated")) == 1
    seen = {
        f"{one['day']} {one['window']}": one["state"]
        for one in (await watch.seen_by_hq(silent["case_id"]))["windows"]
    }
    assert seen == {"2020-02-24 evening": "late", "2020-02-25 morning": "missed"}
    first, second = [await watch.case_of(one) for one in (before, after)]
    assert windows(first)["2020-02-25 morning"] == "missed"  # day 0 was the 24th: the first window is due
    assert first["figures"]["missed"] == 1  # and nothing of the 24th is
    assert (second["figures"]["due"], second["day_number"]) == (0, 0)
    assert min(windows(second)) == "2020-02-26 evening"

    released = await watch.decide(short["case_id"], "close", reason="晚间电话核实无异常")
    assert released["state"] == "completed"
    await watch.stack.equal()
    await watch.ask_pass(short["person_ref"])
    await watch.stack.equal()
    line = await board(watch.stack, HERE)
    assert (line["awaiting_closure"], line["under_observation"], line["passes_active"]) == (0, 4, 2)


@pytest.mark.requirement("R2.7")
async def test_what_cannot_be_is_refused_by_name_and_leaves_nothing(watch: Watch) -> None:
    stack = watch.stack
    clerk, officer = stack.as_role("community_clerk"), stack.as_role("hq_officer")
    mine, other, over = [await watch.case_of(await watch.back(watch.day)) for _ in range(3)]
    await watch.decide(over["case_id"], "cancelled")
    sessions = []
    for case in (mine, other):
        path = f"/v1/cases/{case['case_id']}/links"
        link = {"link_id": str(uuid4())}
        link |= await stack.call("POST", "observation", path, headers=clerk, json=link)
        opened = await stack.call(
            "POST", "observation", "/v1/link-sessions", headers={}, json={"token": link["token"]}
        )
        sessions.append((link, {"Authorization": f"Link {opened['session']}"}))
    (own, resident), (_, _) = sessions
    declare, decide = "/v1/cases/{}/declarations", "/v1/cases/{}/decisions"
    said = {"declaration_id": str(uuid4()), "temperature_c": 36.5}
    by_phone, reason = said | {"via": "phone"}, {"reason": "已核实"}
    without_reason = {"decision_id": str(uuid4()), "kind": "close"}
    decision = without_reason | reason
    tomorrow = (watch.day + timedelta(days=1)).isoformat()
    before = [await watch.case(case["case_id"]) for case in (mine, other, over)]
    told_before = await told(stack, "observation")
    bad: list[tuple[str, dict[str, Any], dict[str, str], int, str]] = [
        (
            declare.format(mine["case_id"]),
            by_phone | {"temperature_c": 365},
            clerk,
            422,
            "temperature_implausible",
        ),
        (
            declare.format(mine["case_id"]),
            by_phone | {"temperature_c": 33.9},
            clerk,
            422,
            "temperature_implausible",
        ),
        (
            declare.format(mine["case_id"]),
            by_phone | {"temperature_c": 43.1},
            clerk,
            422,
            "temperature_implausible",
        ),
        (declare.format(mine["case_id"]), by_phone | {"note": "x"}, clerk, 422, "invalid_request"),
        (declare.format(mine["case_id"]), by_phone | {"symptoms": ["a\0b"]}, clerk, 400, "malformed_json"),
        (declare.format(over["case_id"]), by_phone, clerk, 409, "case_ended"),
        (declare.format(uuid4()), by_phone, clerk, 404, "case_unknown"),
        (decide.format(mine["case_id"]), decision | {"reason": ""}, officer, 422, "invalid_request"),
        (
            decide.format(mine["case_id"]),
            without_reason,
            officer,
            422,
            "invalid_request",
        ),
        (decide.format(mine["case_id"]), decision, officer, 409, "release_too_early"),
        (decide.format(over["case_id"]), decision, officer, 409, "case_ended"),
        (decide.format(mine["case_id"]), decision | {"kind": "resume"}, officer, 409, "not_interrupted"),
        ("/v1/me/declarations", by_phone, resident, 422, "invalid_request"),
        ("/v1/me/declarations", said, {"Authorization": "Link nobody"}, 401, "token_refused"),
        (declare.format(other["case_id"]), by_phone, resident, 403, "role_not_allowed"),
        ("/v1/link-sessions", {"token": own["token"], "device_key": "k" * 30}, {}, 409, "link_already_used"),
        ("/v1/link-sessions", {"token": "x" * 40}, {}, 404, "link_unknown"),
    ]
    for path, body, headers, status, code in bad:
        answer = await stack.http.post(f"{stack.base('observation')}{path}", json=body, headers=headers)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), (path, body, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "。" in problem["detail"], problem
    family = {"declarations": [said | {"case_id": other["case_id"]}]}
    queue = await stack.call(
        "POST", "observation", "/v1/me/family/declarations", headers=resident, json=family
    )
    assert [(one["status"], one["code"]) for one in queue["items"]] == [("rejected", "not_in_family")]
    arriving = {
        "intake_id": str(uuid4()),
        "person": watch.somebody(),
        "dwelling": {"dwelling_id": await watch.dwelling()},
        "trip": {"origin_code": "330100", "arrived_on": tomorrow, "transport": "train", "proof": True},
    }
    future = await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=arriving, expect=422)
    assert (future["code"], future["field"]) == ("arrival_in_future", "trip.arrived_on")
    assert [await watch.case(case["case_id"]) for case in (mine, other, over)] == before
    assert await told(stack, "observation") == told_before


@pytest.mark.scenario("O6", "O7", "G2")
@pytest.mark.requirement("R2.7")
async def test_a_fever_in_the_last_days_stops_the_clock_until_somebody_decides(watch: Watch) -> None:
    await watch.to(FEB25, "16:00")
    homes = [await watch.dwelling() for _ in range(3)]
    people = [await watch.resident(home) for home in homes]
    passes = [await watch.ask_pass(ref) for ref, _ in people]
    arrived = date(2020, 2, 12)  # the 25th is day 13
    cases = [
        await watch.case_of(await watch.back(arrived, person=person, dwelling=home))
        for (_, person), home in zip(people, homes, strict=True)
    ]
    resumed, restarted, at_gate = [case["case_id"] for case in cases]
    assert {case["day_number"] for case in cases} == {13}

    # Two values in one window: the worse one acts, whichever comes first, and both are kept.
    await watch.to(FEB25, "18:00")
    for case_id, values in ((resumed, ("36.5", "37.5")), (restarted, ("37.3", "36.4"))):
        told = [await watch.declare(case_id, value) for value in values]
        assert sorted((one["window"], one["alarming"]) for one in told) == [
            ("evening", False),
            ("evening", True),
        ]
        assert all((one["instruction"] is not None) == one["alarming"] for one in told)
    device = await enrol_device(watch.stack, CHECKPOINT)
    number = people[2][1]["documents"][0]["number"]
    seen = await check(watch.stack, device, 1, {"kind": "document", "number": number}, temperature_c="38.1")
    assert seen["verdict"] == "refuse"
    await watch.stack.equal()
    for case_id in (resumed, restarted, at_gate):
        case = await watch.case(case_id)
        assert (case["state"], case["measure"]) == ("medical", "medical")
        assert len(await watch.told(case_id, "ObservationInterrupted")) == 1
        told = await watch.told(case_id, "DeclarationSubmitted")
        assert len(told) == (0 if case_id == at_gate else 2)
        roll = (await watch.seen_by_hq(case_id))["case"]
        assert (roll["state"], roll["measure"]) == ("interrupted", "medical")
    for one in passes:
        assert (await watch.entry_pass(one["pass_id"]))["state"] == "suspended"
    observed = (await board(watch.stack, HERE))["observed"]
    assert observed["medical"] == 3

    # The period's end goes by: nobody is released, nobody is reminded, and the pass stays where it is.
    await watch.to(date(2020, 2, 27), "00:01")
    for case_id in (resumed, restarted, at_gate):
        assert (await watch.case(case_id))["state"] == "medical"
        assert not await watch.told(
            case_id, "ObservationCompleted", "ObservationAwaitsClosure", "FollowUpEscalated"
        )
    refused = await watch.decide(resumed, "close", expect=409)
    assert refused["code"] == "in_medical_hands"
    await watch.ask_pass(people[0][0], expect=409)

    # Afterwards by decision: the days go on where they stopped, or begin anew.
    goes_on = await watch.decide(resumed, "resume")
    anew = await watch.decide(restarted, "restart")
    assert [(one["state"], one["last_day"]) for one in (goes_on, anew)] == [
        ("under_observation", "2020-02-28"),
        ("under_observation", "2020-03-12"),
    ]
    await watch.stack.equal()
    roll = [(await watch.seen_by_hq(one))["case"] for one in (resumed, restarted)]
    assert [(one["state"], one["last_day"], one["anchor_date"]) for one in roll] == [
        ("active", "2020-02-28", "2020-02-12"),
        ("active", "2020-03-12", "2020-02-27"),
    ]
    assert (await watch.entry_pass(passes[0]["pass_id"]))["state"] == "suspended"
    for case_id in (resumed, restarted, at_gate):
        versions = [one["version"] for one in await watch.told(case_id)]
        assert sorted(versions) == list(range(1, len(versions) + 1))


@pytest.mark.scenario("O9")
@pytest.mark.requirement("R4.10")
async def test_a_confirmed_case_reaches_everybody_at_every_dwelling_once(watch: Watch) -> None:
    day = date(2020, 2, 27)
    await watch.to(day, "09:00")
    here, there, elsewhere = [await watch.dwelling(compound) for compound in (HERE, THERE, THERE)]
    ill, _ = await watch.resident(here, there, relation="owner")
    tenant, _ = await watch.resident(here)
    both, _ = await watch.resident(here, there)
    second_home, _ = await watch.resident(here, elsewhere)
    neighbour, _ = await watch.resident(elsewhere)
    day_10 = await watch.back(date(2020, 2, 17), dwelling=here)
    passes = {ref: await watch.ask_pass(ref) for ref in (tenant, both, second_home)}
    old = await watch.case_of(day_10)
    assert (old["day_number"], old["last_day"]) == (10, "2020-03-02")

    async def confirm(person_ref: str) -> Any:
        body = {
            "confirmation_id": str(uuid4()),
            "person_ref": person_ref,
            "confirmed_on": day.isoformat(),
            "last_exposure": "2020-02-26",
            "reason": "疾控通报确诊",
        }
        officer = watch.stack.as_role("hq_officer")
        first, again = [
            await watch.stack.call("POST", "observation", "/v1/confirmations", headers=officer, json=body)
            for _ in range(2)
        ]
        assert again == first
        await watch.stack.equal()
        return first

    first = await confirm(ill)
    reached = sorted((one["person_ref"], one["dwelling_id"], one["outcome"]) for one in first["contacts"])
    assert reached == sorted(
        [
            (tenant, here, "opened"),
            (both, here, "opened"),
            (both, there, "opened"),
            (second_home, here, "opened"),
            (day_10["person_ref"], here, "restarted"),
        ]
    )
    case_of = {one["person_ref"]: one["case_id"] for one in first["contacts"]}
    assert len(set(case_of.values())) == 4
    for person_ref, case_id in case_of.items():
        case = await watch.case(case_id)
        assert (case["category"], case["measure"], case["state"]) == (
            "close_contact",
            "centralized_observation",
            "under_observation",
        )
        assert (case["anchor_date"], case["last_day"]) == ("2020-02-26", "2020-03-11")
        roll = (await watch.seen_by_hq(case_id))["case"]
        assert (roll["category"], roll["last_day"], roll["day_number"]) == ("close_contact", "2020-03-11", 1)
        await watch.ask_pass(person_ref, expect=409)
    for one in passes.values():
        assert (await watch.entry_pass(one["pass_id"]))["state"] == "suspended"
    assert case_of[day_10["person_ref"]] == old["case_id"]
    assert len(await watch.told(old["case_id"], "ObservationRestarted")) == 1

    # Somebody with a second home of their own is reached there as well, and counted once.
    second = await confirm(neighbour)
    assert [(one["person_ref"], one["dwelling_id"], one["outcome"]) for one in second["contacts"]] == [
        (second_home, elsewhere, "counted_already")
    ]
    assert second["contacts"][0]["case_id"] == case_of[second_home]


@pytest.mark.scenario("O3", "O8")
@pytest.mark.requirement("R4.8")
async def test_dates_and_categories_are_looked_at_anew_and_what_was_stays_visible(watch: Watch) -> None:
    registered = date(2020, 2, 27)
    await watch.to(registered, "10:00")
    intake = await watch.back(registered, proof=False)
    upgraded = await watch.back(registered, origin="330302")
    close = await watch.case_of(upgraded)
    assert (close["category"], close["measure"]) == ("concern", "home_quarantine")

    # The list of the 29th says what holds since the 27th.
    await watch.to(date(2020, 2, 29), "09:00")
    await watch.publish_risk(AREAS | {"330300": "focus"}, date(2020, 2, 27))
    proposals = "/v1/risk-proposals?state=open"
    officer = watch.stack.as_role("hq_officer")
    for again in (False, True):
        await watch.to(date(2020, 2, 29), "09:02" if again else "09:01")
        found = (await watch.stack.call("GET", "observation", proposals, headers=officer))["items"]
        assert [(one["case_id"], one["from_category"], one["to_category"]) for one in found] == [
            (close["case_id"], "concern", "focus")
        ]
        if not again:
            await watch.publish_risk(AREAS | {"330300": "focus"}, date(2020, 2, 28))
    decision = {
        "decision_id": str(uuid4()),
        "proposal_id": found[0]["proposal_id"],
        "verdict": "accept",
        "site": "集中观察点一",
        "room": "301",
    }
    body = {"reason": "风险名单更新", "decisions": [decision]}
    decided = await watch.stack.call(
        "POST", "observation", "/v1/risk-proposals/decisions", headers=officer, json=body
    )
    assert [one["status"] for one in decided["items"]] == ["done"]
    await watch.publish_risk(AREAS, date(2020, 2, 29))
    await watch.to(date(2020, 2, 29), "09:10")
    assert (await watch.stack.call("GET", "observation", proposals, headers=officer))["items"] == []
    now = await watch.case(close["case_id"])
    [change] = now["measure_changes"]
    assert (now["category"], now["measure"], now["last_day"]) == (
        "focus",
        "centralized_observation",
        close["last_day"],
    )
    assert (change["from_category"], change["from_measure"]) == ("concern", "home_quarantine")
    assert (await watch.seen_by_hq(close["case_id"]))["case"]["measure"] == "centralized_observation"
    for day, category in (("2020-02-26", "concern"), ("2020-02-28", "focus")):
        place = f"/v1/risk-areas/place?code=330302&day={day}"
        assert (await watch.stack.call("GET", "registry", place, headers=officer))["category"] == category

    # On day 5 a ticket is shown: the days count from the true arrival, and what was told stays.
    await watch.to(registered + timedelta(days=5), "12:00")
    before = await watch.case_of(intake)
    assert (before["day_number"], before["figures"]["missed"]) == (5, 9)
    wrong = await watch.decide(
        before["case_id"],
        "correct_anchor",
        expect=422,
        anchor_date="2020-03-04",
        anchor_basis="arrival_with_proof",
    )
    assert wrong["code"] == "anchor_in_future"
    corrected = await watch.decide(
        before["case_id"], "correct_anchor", anchor_date="2020-02-22", anchor_basis="arrival_with_proof"
    )
    assert corrected["last_day"] == "2020-03-07"
    after = await watch.case(before["case_id"])
    assert (after["anchor_date"], after["first_anchor_date"]) == ("2020-02-22", "2020-02-27")
    assert (after["day_number"], after["days"], max(windows(after))) == (10, 14, "2020-03-07 morning")
    assert [(one["kind"], one["day_zero"]) for one in after["reschedulings"]] == [
        ("anchor_corrected", "2020-02-22")
    ]
    told = await watch.told(before["case_id"], "DeclarationMissed")
    assert after["figures"]["missed"] == before["figures"]["missed"] == len(told)  # none after the fact
    await watch.stack.equal()
    roll = (await watch.seen_by_hq(before["case_id"]))["case"]
    assert (roll["anchor_date"], roll["last_day"], roll["day_number"]) == ("2020-02-22", "2020-03-07", 10)
    known = await watch.stack.call(
        "GET",
        "registry",
        f"/v1/returnees/{intake['intake_id']}",
        headers=watch.stack.as_role("community_clerk"),
    )
    assert known["last_day"] == "2020-03-07"

    # And it was wrong: the ticket was another's. What was missed before the true day 0 is nobody's miss.
    await watch.decide(
        before["case_id"], "correct_anchor", anchor_date="2020-03-01", anchor_basis="arrival_with_proof"
    )
    await watch.stack.equal()
    seen = await watch.seen_by_hq(before["case_id"])
    states = {f"{one['day']} {one['window']}": one["state"] for one in seen["windows"]}
    assert {name: state for name, state in states.items() if name > "2020-03-02"} == {
        name: state
        for name, state in windows(await watch.case(before["case_id"])).items()
        if state == "missed"
    }
    assert {state for name, state in states.items() if name < "2020-03-02"} == {"void"}
    assert seen["case"]["streak"] == (await watch.case(before["case_id"]))["figures"]["streak"] == 3


@pytest.mark.scenario("O2", "O10")
@pytest.mark.requirement("R2.7")
async def test_who_leaves_and_returns_is_observed_anew_and_years_keep_their_length(watch: Watch) -> None:
    over = date(2020, 3, 3)
    await watch.to(over, "17:30")
    home = await watch.dwelling()
    ref, person = await watch.resident(home)
    first = await watch.back(over - timedelta(days=14), person=person, dwelling=home)
    of_29_feb = await watch.back(date(2020, 2, 29))
    assert (of_29_feb["last_day"], of_29_feb["pass_from"]) == ("2020-03-14", "2020-03-15")
    case = await watch.case_of(first)
    await watch.declare(case["case_id"])
    await watch.to(over + timedelta(days=1), "08:00")
    issued = await watch.ask_pass(ref)
    device = await enrol_device(watch.stack, CHECKPOINT)
    await watch.stack.equal()
    by_pass = {"kind": "pass_token", "token": issued["token"]}
    assert (await check(watch.stack, device, 1, by_pass))["verdict"] == "admit"
    done = await watch.case(case["case_id"])
    assert done["state"] == "completed"

    # Away, and back eleven days later.
    await watch.to(over + timedelta(days=12), "09:00")
    second = await watch.back(over + timedelta(days=12), person=person, dwelling=home)
    anew = await watch.case_of(second)
    assert second["person_ref"] == ref
    assert anew["case_id"] != case["case_id"]
    assert (anew["state"], anew["day_number"], anew["last_day"]) == ("under_observation", 0, "2020-03-29")
    assert await watch.case(case["case_id"]) == done
    assert (await watch.entry_pass(issued["pass_id"]))["state"] != "active"
    refused = await check(watch.stack, device, 2, by_pass, direction="exit")
    assert refused["verdict"] == "refuse"
    assert (await watch.ask_pass(ref, expect=409))["first_possible"] == "2020-03-30"
    assert [(await watch.seen_by_hq(one["case_id"]))["case"]["state"] for one in (case, anew)] == [
        "completed",
        "active",
    ]

    # In a year without a 29 February the same days end a day later; in the next leap year they do not.
    for arrived, last_day in ((date(2021, 2, 15), "2021-03-01"), (date(2024, 2, 15), "2024-02-29")):
        await watch.to(arrived, "12:00")
        intake = await watch.back(arrived)
        assert (intake["anchor_date"], intake["last_day"]) == (arrived.isoformat(), last_day)
        assert (await watch.seen_by_hq((await watch.case_of(intake))["case_id"]))["case"][
            "last_day"
        ] == last_day
