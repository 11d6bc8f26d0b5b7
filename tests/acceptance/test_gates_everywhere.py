"""Checks at a gate through all services: the answer, what is told, and what headquarters read (G1 to G18)."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.gate.client.wire import DeviceStoppedError
from services.gate.domain.rulings import Verdict
from shared.kernel import pass_token
from shared.kernel.days import local_day
from tests.acceptance.gatehouse import HERE, THERE, Gatehouse
from tests.acceptance.gates import Device
from tests.acceptance.town import board


def codes(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer["reasons"]]


async def pass_state(house: Gatehouse, pass_id: str) -> str:
    clerk = house.stack.as_role("community_clerk")
    state: str = (await house.stack.call("GET", "registry", f"/v1/passes/{pass_id}", headers=clerk))["state"]
    return state


@pytest.mark.timeout(300)
@pytest.mark.scenario("G1", "G2", "G3", "G5", "G6", "G8", "G9")
@pytest.mark.requirement("R2.3", "R2.5")
async def test_a_day_at_a_gate_is_answered_told_and_counted(house: Gatehouse) -> None:
    stack = house.stack
    wang, li, other = await house.resident(), await house.resident(), await house.resident(THERE)
    first, second, elsewhere = await house.device(), await house.device(), await house.device(THERE)
    before = await board(stack, HERE)

    admitted = await house.check(first, wang.scanned)
    assert (admitted["verdict"], admitted["nth_today"]) == ("admit", 1)
    assert admitted["display"] == {"surname": f"{wang.surname}*", "room": f"1幢-{wang.room}"}
    again = {"check_id": admitted["check_id"]}
    for device in (first, first, second):  # the same content under the same id, also from another device
        repeat = await house.check(device, wang.scanned, **again)
        assert repeat == admitted
    mistaken = {
        "check_id": admitted["check_id"],
        "seq": 99,
        "direction": "entry",
        "subject": wang.scanned,
        "mask": True,
        "temperature_c": "36.9",
        "checked_at": stack.now().isoformat(),
    }
    refusal = await stack.call("POST", "gate", "/v1/entry-checks", headers=first, json=mistaken, expect=422)
    assert refusal["code"] == "same_id_other_content"

    assert codes(await house.check(first, wang.scanned, mask=False)) == ["no_mask"]
    assert (await house.check(first, wang.scanned))["verdict"] == "admit"
    for reading in (None, "3.65", "365", "98.6", "43.5"):
        unclear = await house.check(first, li.scanned, temperature_c=reading)
        assert (unclear["verdict"], codes(unclear)) == ("cannot_verify", ["incomplete"])
    assert codes(await house.check(first, other.scanned)) == ["wrong_compound"]
    assert (await house.check(first, li.scanned, temperature_c="37.2"))["verdict"] == "admit"
    visitor = await house.check(first, {"kind": "visitor"}, temperature_c="37.5")
    assert (visitor["verdict"], visitor["action"]) == ("refuse", "turn_back")
    feverish = await house.check(first, li.scanned, temperature_c="37.3")
    assert (feverish["verdict"], feverish["action"], codes(feverish)) == ("refuse", "fever_path", ["fever"])
    assert "under_quarantine" in codes(await house.check(second, li.scanned))  # gate's own hold, at once
    assert codes(await house.check(elsewhere, wang.scanned)) == [
        "wrong_compound"
    ]  # within a minute: two places

    await stack.equal()
    checks = await house.told("EntryChecked")
    mine = [one for one in checks if one["check_id"] == admitted["check_id"]]
    assert [one["verdict"] for one in mine] == ["admit"]
    [kept] = await house.rows(
        "gate", "select * from entry_check where check_id = $1::text::uuid", admitted["check_id"]
    )
    assert (kept["device_at"], kept["reasons"], kept["policy_version"]) == (
        *(stack.now(), [], admitted["policy_version"]),
    )
    assert {(one["person_ref"], one["temperature_c"]) for one in checks} == {(None, None)}
    assert await pass_state(house, li.pass_id) == "suspended"
    assert await pass_state(house, wang.pass_id) == "active"
    fevers = await house.told("FeverSeen")
    assert [one["person_ref"] for one in fevers] == [li.person]
    flags = (await house.hq("/v1/check-flags", compound=THERE))["items"]
    assert {(one["flag"], one["compound"]) for one in flags} == {("copied_pass", THERE)}
    line = await board(stack, HERE)
    counted = {
        name: line[name] - before[name] for name in ("checks", "entries", "refused", "cannot_verify", "fever")
    }
    assert counted == {"checks": 13, "entries": 3, "refused": 5, "cannot_verify": 5, "fever": 2}


async def arrive(house: Gatehouse, device: Device, subject: dict[str, str], **said: Any) -> Any:
    body = {
        "check_id": str(uuid4()),
        "seq": house.seq(device),
        "kind": "returnee",
        "subject": subject,
        "mask": True,
        "temperature_c": "36.5",
        "origin_code": "330300",
        "ticket": "train",
        "papers": ["id_document"],
        "suzhou_code": "green",
        "name": "令狐乙",
        "phone": "19900005544",
        "checked_at": house.stack.now().isoformat(),
    } | said
    return await house.stack.call("POST", "gate", "/v1/arrivals", headers=device, json=body)


@pytest.mark.timeout(300)
@pytest.mark.scenario("G4", "G17")
@pytest.mark.requirement("R2.4", "R2.5", "R2.8", "R4.6", "R4.8")
async def test_who_comes_back_and_who_is_new_are_recorded_reported_and_followed_by_events(
    house: Gatehouse,
) -> None:
    stack = house.stack
    await house.risk_areas()
    device = await house.device()
    higher, focus = await house.resident(with_pass=False), await house.resident(with_pass=False)

    home = await arrive(house, device, higher.typed, arrived_on=local_day(stack.now()).isoformat())
    assert (home["verdict"], home["action"], codes(home)) == (
        *("admit_with_action", "go_straight_home", ["first_return"]),
    )
    held = await arrive(house, device, focus.typed, origin_code="420100")
    assert (held["verdict"], held["action"]) == ("refuse", "hold_for_transfer")
    newcomer = {"kind": "document", "number": "990102199003079990"}
    green = await arrive(house, device, newcomer, kind="newcomer")
    assert (green["verdict"], codes(green)) == ("refuse", ["newcomer"])  # no colour of a code admits anybody
    red = await arrive(
        house, device, newcomer | {"number": "990102199003079991"}, kind="newcomer", suzhou_code="red"
    )
    assert (red["verdict"], codes(red)) == ("refuse", ["code_not_green", "newcomer"])
    ambulance = await house.check(
        device, {"kind": "visitor", "purpose": "emergency"}, mask=None, temperature_c=None
    )
    assert (ambulance["verdict"], ambulance["action"]) == ("admit_with_action", "log_and_let_through")

    await stack.equal()
    seen = {one["check_id"]: one["held"] for one in await house.told("FirstReturnSeen")}
    assert (seen[home["check_id"]], seen[held["check_id"]]) == (False, True)
    reported = [one["check_id"] for one in await house.told("FocusAreaPersonReported")]
    assert reported == [held["check_id"]]
    asked = {one["check_id"]: one["suzhou_code"] for one in await house.told("PassApplicationRequested")}
    assert asked == {green["check_id"]: "green", red["check_id"]: "red"}
    clerk = stack.as_role("community_clerk")
    applications = await stack.call(
        "GET", "registry", f"/v1/pass-applications?compound={HERE}", headers=clerk
    )
    assert len(applications["items"]) == 2
    everything = str(await house.rows("gate", "select document from outbox")) + stack.log("gate")
    assert "19900005544" not in everything

    # The registry's clerk takes the intake that is due; observation opens by events, and the gate goes by it.
    tasks = (await stack.call("GET", "registry", f"/v1/intake-tasks?compound={HERE}", headers=clerk))["items"]
    assert {task["person_ref"]: task["held"] for task in tasks} == {higher.person: False, focus.person: True}
    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": f"{higher.surname}甲",
            "documents": [{"kind": "resident_id", "number": higher.document}],
            "phone": "19900005544",
        },
        "dwelling": {"compound": HERE, "building": "1幢", "unit": "", "room": higher.room},
        "trip": {
            "origin_code": "330300",
            "arrived_on": local_day(stack.now()).isoformat(),
            "transport": "train",
            "proof": True,
        },
    }
    taken = await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake)
    assert (taken["person_ref"], taken["category"]) == (higher.person, "higher_risk")
    await stack.equal()
    [case] = (await house.hq("/v1/observation-roll", compound=HERE))["items"]
    assert (case["person_ref"], case["measure"]) == (higher.person, "home_quarantine")
    before = await board(stack, HERE)
    leaving = await house.check(device, higher.typed, direction="exit")
    assert (leaving["verdict"], leaving["action"]) == ("refuse", "stay_home_and_report")
    met = {"been_to_focus_area": False, "contact_with_case": True, "unwell": False}
    await house.check(device, (await house.resident()).scanned, answers=met)
    await stack.equal()
    line = await board(stack, HERE)
    assert {
        name: line[name] - before[name] for name in ("quarantine_exits", "quarantine_left", "case_contacts")
    } == {
        "quarantine_exits": 1,
        "quarantine_left": 0,
        "case_contacts": 1,
    }
    [flag] = (await house.hq("/v1/check-flags", flag="quarantine_exit", compound=HERE))["items"]
    assert flag["check_id"] == leaving["check_id"]
    loops = await stack.call(
        "GET", "gate", "/v1/reports/open", headers=stack.as_role("hq_officer", f"compound:{HERE}")
    )
    still_open = {loop["check_id"] for loop in loops["items"] if loop["kind"] != "fever"}
    assert home["check_id"] not in still_open  # it has its outcome
    assert held["check_id"] in still_open


@pytest.mark.timeout(300)
@pytest.mark.scenario("G7")
@pytest.mark.requirement("R2.3")
async def test_a_vehicle_waits_for_everybody_in_it_and_its_pass_stands_for_nobody(house: Gatehouse) -> None:
    stack, clerk = house.stack, house.stack.as_role("community_clerk")
    owner, passenger = await house.resident(), await house.resident()
    vehicle = {
        "vehicle_ref": str(uuid4()),
        "plate": "苏E·G7007",
        "person_ref": owner.person,
        "dwelling_id": owner.dwelling,
    }
    await stack.call("POST", "registry", "/v1/vehicles", headers=clerk, json=vehicle)
    wanted = {"request_id": str(uuid4()), "vehicle_ref": vehicle["vehicle_ref"], "compound": HERE}
    issued = await stack.call("POST", "registry", "/v1/vehicle-passes", headers=clerk, json=wanted)
    await stack.equal()
    before = await board(stack, HERE)
    device = await house.device()

    async def drives(*checks: Any, **changes: Any) -> tuple[str, list[str]]:
        body = {
            "check_id": str(uuid4()),
            "seq": house.seq(device),
            "direction": "entry",
            "pass_token": issued["token"],
            "plate": "苏E G7007",
            "occupants": 2,
            "occupant_checks": [
                {"check_id": one["check_id"], "driver": nth == 0} for nth, one in enumerate(checks)
            ],
            "boot_opened": True,
            "checked_at": stack.now().isoformat(),
        } | changes
        answer = await stack.call("POST", "gate", "/v1/vehicle-checks", headers=device, json=body)
        return answer["verdict"], codes(answer)

    driver = await house.check(device, owner.scanned)
    assert await drives(driver) == ("held", ["occupant_unchecked"])
    second = await house.check(device, passenger.scanned)
    assert await drives(driver, second, boot_opened=None) == ("held", ["boot_not_checked"])
    assert await drives(driver, second) == ("complete", [])
    suspended = {"reason": "misuse_suspected"}
    await stack.call("POST", "registry", f"/v1/passes/{owner.pass_id}/suspend", headers=clerk, json=suspended)
    await stack.equal()
    refused = await house.check(device, owner.scanned)
    assert codes(refused) == ["pass_suspended"]
    assert await drives(refused, second) == ("refuse", ["driver_refused"])
    await stack.equal()
    told = await house.told("VehicleChecked")
    assert [one["verdict"] for one in told] == ["held", "held", "complete", "refuse"]
    kept = await house.rows(
        "gate",
        "select distinct vehicle_ref::text from vehicle_check where check_id = any($1::text[]::uuid[])",
        [one["check_id"] for one in told],
    )
    assert kept == [{"vehicle_ref": vehicle["vehicle_ref"]}]
    line = await board(stack, HERE)
    counted = {
        name: line[name] - before[name] for name in ("vehicles_in", "vehicles_held", "vehicles_refused")
    }
    assert counted == {"vehicles_in": 1, "vehicles_held": 2, "vehicles_refused": 1}


@pytest.mark.timeout(300)
@pytest.mark.scenario("G10", "G11", "G14", "G16")
@pytest.mark.requirement("F13", "F15", "F16")
async def test_what_devices_decided_alone_comes_in_late_and_is_judged_by_what_was_known(
    house: Gatehouse, tmp_path: Path
) -> None:
    stack = house.stack
    wang, li = await house.resident(), await house.resident()
    post = await house.post(tmp_path)
    ahead = await house.post(tmp_path, wrong=timedelta(hours=3))
    lost = await house.post(tmp_path)
    broken = await house.post(tmp_path)
    await ahead.device.heartbeat()  # tells it by how much it is wrong
    before = await board(stack, HERE)
    for one in (post, ahead, lost, broken):
        one.line.cut = True

    # By its own list: whatever nothing signed stands behind is never let through.
    forged = pass_token.sign(
        pass_token.PassClaims(
            pass_id=uuid4(),
            serial=1,
            number="12345678",
            compound=HERE,
            not_before=stack.now() - timedelta(days=1),
            expires=stack.now() + timedelta(days=1),
        ),
        pass_token.make_key() | {"kid": next(iter(post.device.list.pass_keys))},
    )
    shown = await post.passes({"kind": "pass_token", "token": forged})
    assert (shown.verdict, shown.reasons) == (Verdict.REFUSE, ("pass_forged",))
    shown = await post.passes({"kind": "pass_token", "token": "EP1:NOTHING"})
    assert (shown.verdict, shown.reasons) == (Verdict.CANNOT_VERIFY, ("pass_unknown",))
    assert (await post.passes(wang.typed)).verdict is Verdict.CANNOT_VERIFY

    # A pass that is revoked meanwhile, a clock that is three hours ahead, one that stands in 1970, a stolen device.
    clerk = stack.as_role("community_clerk")
    await stack.call(
        "POST", "registry", f"/v1/passes/{li.pass_id}/revoke", headers=clerk, json={"reason": "lost"}
    )
    await stack.equal()
    late = await post.passes(li.scanned)
    assert (late.verdict, late.offline) == (Verdict.ADMIT, True)
    skewed = await ahead.passes(wang.scanned)
    broken.clock.wrong = datetime(1970, 1, 1, tzinfo=stack.now().tzinfo) - stack.now()
    long_ago = await broken.passes(wang.scanned)
    stolen = [await lost.passes(wang.scanned) for _ in range(3)]
    await stack.call(
        "POST", "gate", f"/v1/devices/{lost.device.device_id}/revoke", headers=stack.as_role("shift_leader")
    )
    for hours, verdict in ((5, Verdict.ADMIT_WITH_ACTION), (25, Verdict.CANNOT_VERIFY)):
        post.clock.steady = hours * 3600.0
        assert (await post.passes(wang.scanned)).verdict is verdict

    for one in (post, ahead, lost, broken):
        one.line.cut = False
    assert [(await one.device.sync()).handed_in for one in (post, ahead, broken)] == [6, 1, 1]
    assert (await lost.device.sync()).handed_in == 0
    assert lost.device.waiting() == {"quarantined": 3}
    with pytest.raises(DeviceStoppedError):
        await lost.passes(wang.scanned)
    await stack.equal()

    # History stays, and what was odd is seen.
    by_id = {one["check_id"]: one for one in await house.told("EntryChecked")}
    assert by_id[str(late.check_id)]["verdict"] == "admit"
    assert not {str(one.check_id) for one in stolen} & by_id.keys()
    [after] = await house.told("AdmittedAfterRevocation")
    assert (after["check_id"], after["ended_as"]) == (str(late.check_id), "revoked")
    times = {
        row["check_id"]: row
        for row in await house.rows(
            "gate", "select check_id, device_at, happened_at, time_trusted from entry_check where offline"
        )
    }
    of_skewed, of_old = times[skewed.check_id], times[long_ago.check_id]
    assert (of_skewed["device_at"], of_skewed["happened_at"], of_skewed["time_trusted"]) == (
        *(stack.now() + timedelta(hours=3), stack.now(), True),
    )
    assert (of_old["device_at"].year, of_old["happened_at"], of_old["time_trusted"]) == (
        *(1970, stack.now(), False),
    )
    flags = {
        (one["check_id"], one["flag"]) for one in (await house.hq("/v1/check-flags", compound=HERE))["items"]
    }
    assert flags >= {
        (str(late.check_id), "admitted_after_revoked"),
        (str(long_ago.check_id), "clock_behind"),
    }
    line = await board(stack, HERE)
    assert line["checks"] - before["checks"] == 8  # nothing of the stolen device

    # A supervisor vouches for what the stolen device held.
    supervisor = stack.as_role("supervisor", f"compound:{HERE}")
    kept = await stack.call(
        "GET", "gate", f"/v1/quarantine?device_id={lost.device.device_id}", headers=supervisor
    )
    assert [item["check"]["check_id"] for item in kept["items"]] == [str(one.check_id) for one in stolen]
    said = {"item_ids": [item["item_id"] for item in kept["items"]], "because": "device_with_us"}
    released = await stack.call("POST", "gate", "/v1/quarantine/release", headers=supervisor, json=said)
    assert [item["outcome"] for item in released["items"]] == ["created"] * 3
    await stack.equal()
    line = await board(stack, HERE)
    assert line["checks"] - before["checks"] == 11
    for one in (post, ahead, lost, broken):
        await one.close()


@pytest.mark.timeout(300)
@pytest.mark.scenario("G18")
async def test_who_is_let_through_against_a_verdict_is_reviewed_by_headquarters_in_time(
    house: Gatehouse,
) -> None:
    stack = house.stack
    device = await house.device()
    before = (await house.hq("/v1/overrides"))["reviews"]
    doubtful = [await house.check(device, {"kind": "pass_number", "number": "99999999"}) for _ in range(2)]
    assert {one["verdict"] for one in doubtful} == {"cannot_verify"}
    leader = stack.as_role("shift_leader", f"checkpoint:{HERE}-n")

    async def override(check: Any, who: dict[str, str], expect: int) -> Any:
        body = {"override_id": str(uuid4()), "reason": "identity_confirmed"}
        path = f"/v1/entry-checks/{check['check_id']}/override"
        return await stack.call("POST", "gate", path, headers=who, json=body, expect=expect)

    guard = await override(doubtful[0], stack.as_role("guard", f"checkpoint:{HERE}-n"), 403)
    assert guard["code"] == "role_not_allowed"
    for check in doubtful:
        await override(check, leader, 201)
    await stack.equal()
    page = await house.hq("/v1/overrides", review="open")
    mine = {one["check_id"]: one for one in page["items"] if one["compound"] == HERE}
    assert mine.keys() == {check["check_id"] for check in doubtful}
    assert {one["overdue"] for one in mine.values()} == {False}
    assert page["reviews"]["open"] - before["open"] == 2
    [told, _] = await house.told("CheckOverridden")
    assert datetime.fromisoformat(told["review_due_at"]) == stack.now() + timedelta(hours=24)

    async def review(check: Any, who: dict[str, str], expect: int, **said: Any) -> Any:
        body = {"review_id": str(uuid4())} | said
        path = f"/v1/entry-checks/{check['check_id']}/override/review"
        return await stack.call("POST", "gate", path, headers=who, json=body, expect=expect)

    officer = stack.as_role("hq_officer")
    refused = await review(doubtful[0], leader, 403, outcome="confirmed")
    assert refused["code"] == "role_not_allowed"
    await review(doubtful[0], officer, 201, outcome="confirmed")
    await review(doubtful[1], officer, 201, outcome="objected", objection="identity_not_checked")
    await stack.equal()
    assert (await house.hq("/v1/overrides"))["reviews"]["open"] == before["open"]
    objected = (await house.hq("/v1/overrides", review="objected"))["items"]
    assert (doubtful[1]["check_id"], "identity_not_checked") in {
        (one["check_id"], one["objection"]) for one in objected
    }
    outcomes = [one["outcome"] for one in await house.told("OverrideReviewed")]
    assert outcomes == ["confirmed", "objected"]


@pytest.mark.timeout(300)
@pytest.mark.scenario("G13")
async def test_a_gate_answers_while_all_the_others_are_killed_and_they_catch_up(house: Gatehouse) -> None:
    stack = house.stack
    wang = await house.resident()
    device, before = await house.device(), await board(stack, HERE)
    others = ("registry", "observation", "sanitation", "reporting")
    for service in others:
        stack.kill(service)
    try:
        alone = [
            await house.check(device, wang.scanned),
            await house.check(device, wang.typed),
            await house.check(device, wang.scanned, temperature_c="37.4"),
            await house.check(device, wang.scanned),
        ]
        assert [one["verdict"] for one in alone] == ["admit", "admit_with_action", "refuse", "refuse"]
        assert codes(alone[3]) == ["under_quarantine"]
        listed = await stack.http.get(
            f"{stack.base('gate')}/v1/checkpoints/me/snapshot", headers=device, auth=device
        )
        assert listed.status_code == 200
    finally:
        for service in others:
            stack.launch(service)
        await asyncio.gather(*(stack.ready(service) for service in others))
    await stack.equal(within=60)
    line = await board(stack, HERE)
    assert (line["checks"] - before["checks"], line["fever"] - before["fever"]) == (4, 1)
    assert await pass_state(house, wang.pass_id) == "suspended"
