"""Duty at a post over HTTP, with its events (R2.2, G15)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.gate.handlers.retention import forget_due
from tests.integration.gate.duty import Post, at
from tests.integration.gate.town import CHECKPOINT, HERE, NOW, OTHER_CHECKPOINT, THERE, GateTown


@pytest.fixture
async def post(town: GateTown) -> Post:
    """The checkpoint, from the morning of 24 February on; what was before is told as one gap."""
    made = Post(town=town, planner=town.client.as_role("hq_officer"))
    await made.watch("02-24 09:00")
    return made


@pytest.mark.scenario("G15")
async def test_a_hole_in_the_plan_opens_a_gap_with_its_minutes(post: Post) -> None:
    early, late = await post.worker(), await post.worker()
    await post.plan(early, "02-24 09:00", "02-24 14:00")
    await post.plan(late, "02-24 14:40", "02-24 22:00")
    turn = await post.comes(early)
    assert await post.told() == [("not_planned", at("02-04 09:00"), 28_800)]  # closed when somebody came
    await post.goes(early, turn, "02-24 14:00")
    await post.watch("02-24 14:10")
    assert (await post.told())[1:] == [("not_planned", at("02-24 14:00"), None)]
    await post.watch("02-24 14:20")
    assert len(await post.told()) == 2
    await post.comes(late, "02-24 14:40")
    assert (await post.told())[1:] == [("not_planned", at("02-24 14:00"), 40)]
    found = await post.get("coverage", checkpoint=CHECKPOINT)
    assert (found["minutes"], found["covered"]) == (880, 300)
    assert [(gap["cause"], gap["minutes"]) for gap in found["gaps"]] == [
        ("not_planned", 540),
        ("not_planned", 40),
    ]
    assert [gap["minutes"] for gap in found["not_planned"]] == [120]  # from 22:00 on nobody is planned


@pytest.mark.scenario("G15")
async def test_a_guard_who_does_not_come_opens_a_gap_that_relief_closes(post: Post) -> None:
    day, night, relief = await post.worker(), await post.worker(), await post.worker()
    await post.plan(day, "02-24 10:00", "02-24 22:00")
    await post.plan(night, "02-24 22:00", "02-25 06:00")
    await post.comes(day, "02-24 09:55")
    before = len(await post.told())
    await post.watch("02-24 22:09")  # the day's guard forgot to check out: the turn ends with its plan
    assert len(await post.told()) == before
    [ended] = await post.town.published("ShiftEnded")
    assert (ended["ended_by"], ended["minutes"]) == ("lapsed", 725)
    await post.watch("02-24 22:10")
    assert (await post.told())[before:] == [("not_checked_in", at("02-24 22:00"), None)]
    turn = await post.comes(relief, "02-24 22:25")
    assert turn["shift_id"] is None
    assert (await post.told())[before:] == [("not_checked_in", at("02-24 22:00"), 25)]
    late = await post.comes(night, "02-24 22:41")
    assert late["late_minutes"] == 41


@pytest.mark.scenario("G15")
async def test_a_night_over_the_end_of_february_counts_for_both_days(post: Post) -> None:
    before, night = await post.worker(), await post.worker()
    await post.plan(before, "02-29 10:00", "02-29 22:00")
    await post.plan(night, "02-29 22:00", "03-01 06:00")
    first = await post.comes(before, "02-29 09:50")
    second = await post.comes(night, "02-29 21:55")  # overlap is no gap
    await post.goes(before, first, "02-29 22:05")
    held = await post.goes(night, second, "03-01 06:00")
    assert held["minutes"] == 485
    told = await post.told()
    assert told[1:] == [("not_planned", at("03-01 06:00"), None)] or len(told) == 1
    await post.watch("03-02 00:30")
    for day, covered in (("2020-02-29", 850), ("2020-03-01", 360)):
        found = await post.get("coverage", checkpoint=CHECKPOINT, day=day)
        assert (found["minutes"], found["covered"]) == (1440, covered)
        assert found["covered"] + sum(gap["minutes"] for gap in found["gaps"]) == 1440
    record = await post.get(
        "service-record", worker_ref=str(night.ref), from_day="2020-02-29", until_day="2020-02-29"
    )
    assert (record["turns"], record["minutes"], record["late"]) == (1, 485, 0)
    backwards = {"from_day": "2020-03-01", "until_day": "2020-02-29"}
    for path, asked in (
        ("service-record", {"worker_ref": str(night.ref)}),
        ("shifts", {"checkpoint": str(CHECKPOINT)}),
    ):
        refused = await post.town.client.http.get(
            f"/v1/duty/{path}", params=asked | backwards, headers=post.planner
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "days_out_of_order")


@pytest.mark.scenario("G15")
async def test_after_a_downtime_every_gap_is_told_with_its_true_minutes(post: Post) -> None:
    one, two, three = await post.worker(), await post.worker(), await post.worker()
    await post.plan(one, "02-24 09:00", "02-24 12:00")
    await post.plan(two, "02-24 12:30", "02-24 18:00")
    await post.plan(three, "02-24 18:00", "02-25 06:00")
    await post.comes(one)
    before = len(await post.told())
    await post.watch("02-24 20:00")  # nobody looked for eleven hours
    assert (await post.told())[before:] == [
        ("not_planned", at("02-24 12:00"), 30),
        ("not_checked_in", at("02-24 12:30"), None),
    ]
    await post.watch("02-24 20:01")
    assert len(await post.told()) == before + 2


async def test_a_check_in_that_was_offline_takes_the_gap_back(post: Post) -> None:
    guard = await post.worker()
    await post.plan(guard, "02-24 10:00", "02-24 18:00")
    await post.watch("02-24 10:30")
    assert (await post.told())[-1] == ("not_checked_in", at("02-24 10:00"), None)
    body = {
        "turn_id": str(uuid4()),
        "badge": guard.badge,
        "checked_at": at("02-24 10:00").isoformat(),
    }
    answer = await post.at_device("check-ins", body)
    assert (answer.status_code, answer.json()["late_minutes"]) == (201, 0)
    assert (await post.told())[-1] == ("not_checked_in", at("02-24 10:00"), 0)
    again = await post.at_device("check-ins", body)
    assert (again.status_code, again.json()) == (200, answer.json())
    other = await post.at_device("check-ins", body | {"checked_at": at("02-24 10:01").isoformat()})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert len(await post.town.published("ShiftStarted")) == 1


async def test_who_stayed_beyond_the_plan_and_checks_out_was_there(post: Post) -> None:
    guard = await post.worker()
    await post.plan(guard, "02-24 09:00", "02-24 12:00")
    turn = await post.comes(guard)
    await post.watch("02-24 12:20")
    assert (await post.told())[-1] == ("not_planned", at("02-24 12:00"), None)
    held = await post.goes(guard, turn, "02-24 12:30")
    assert (held["ended_by"], held["minutes"]) == ("check_out", 210)
    assert (await post.told())[-1] == ("not_planned", at("02-24 12:00"), 0)
    found = await post.get("coverage", checkpoint=CHECKPOINT)
    assert found["covered"] == 210
    assert [event["minutes"] for event in await post.town.published("ShiftEnded")] == [180, 210]


async def test_a_handover_is_signed_by_two_and_carries_what_happened(post: Post) -> None:
    leaves, arrives = await post.worker(), await post.worker()
    await post.plan(leaves, "02-24 09:00", "02-24 14:00")
    await post.plan(arrives, "02-24 14:00", "02-24 22:00")
    turn = await post.comes(leaves)
    who = await post.town.resident()
    for changes in ({}, {"mask": False}, {"temperature_c": 37.5}, {"direction": "exit"}):
        await post.town.check(who, **changes)  # after the fever the person is held
    post.now("02-24 14:00")
    body: dict[str, Any] = {
        "handover_id": str(uuid4()),
        "outgoing_badge": leaves.badge,
        "incoming_badge": arrives.badge,
        "incoming_turn_id": str(uuid4()),
        "checked_at": at("02-24 14:00").isoformat(),
        "materials": {"masks": 40, "thermometers": 2},
        "note": "备用测温枪在抽屉",
    }
    alone = await post.at_device("handovers", body | {"incoming_badge": leaves.badge})
    assert (alone.status_code, alone.json()["code"]) == (422, "same_person")
    answer = await post.at_device("handovers", body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    counts = {name: told[name] for name in ("entered", "left", "refused", "cannot_verify", "fever")}
    assert counts == {"entered": 1, "left": 0, "refused": 3, "cannot_verify": 0, "fever": 1}
    assert told["materials"] == {"masks": 40, "thermometers": 2}
    assert (told["outgoing_turn"], told["incoming_turn"]) == (turn["turn_id"], body["incoming_turn_id"])
    again = await post.at_device("handovers", body)
    assert (again.status_code, again.json()) == (200, told)
    other = await post.at_device("handovers", body | {"materials": {"masks": 41}})
    assert other.json()["code"] == "same_id_other_content"
    headers = {"Authorization": f"Device {post.town.device}"}
    seen = (await post.town.client.http.get("/v1/duty/post", headers=headers)).json()
    assert [one["worker_ref"] for one in seen["on_duty"]] == [str(arrives.ref)]
    assert seen["last_handover"] == told
    kept = str(await post.town.rows("select * from duty_handover")) + str(
        await post.town.rows("select document from outbox")
    )
    assert "测温枪" not in kept
    assert len(await post.told()) == 1  # the post was manned at every minute

    post.town.client.move_to(NOW + timedelta(days=91))
    await forget_due(post.town.client.context.database)
    assert await post.town.rows("select 1 from duty_handover where note_sealed is not null") == []


async def test_a_badge_is_told_once_and_kept_as_an_index(post: Post) -> None:
    guard = await post.worker("gd 700778")
    kept = str(await post.town.rows("select * from duty_badge"))
    assert guard.badge not in kept
    assert "700778" not in kept.replace(str(guard.ref), "")
    body = {"badge_id": str(uuid4()), "worker_ref": str(guard.ref), "staff_number": "GD700778"}
    newer = await post.post("badges", body)
    assert newer.status_code == 201
    assert (await post.post("badges", body)).json() == newer.json()
    lost = await post.at_device(
        "check-ins",
        {"turn_id": str(uuid4()), "badge": guard.badge, "checked_at": at("02-24 09:00").isoformat()},
    )
    assert (lost.status_code, lost.json()["code"]) == (404, "badge_unknown")
    stranger = await post.post("badges", body | {"badge_id": str(uuid4()), "worker_ref": str(uuid4())})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "worker_unknown")
    other = await post.worker()
    taken = await post.post("badges", body | {"badge_id": str(uuid4()), "worker_ref": str(other.ref)})
    assert (taken.status_code, taken.json()["code"]) == (409, "badge_taken")


async def test_only_who_checked_in_checks_out_and_only_once(post: Post) -> None:
    guard, other = await post.worker(), await post.worker()
    turn = await post.comes(guard)
    twice = await post.at_device(
        "check-ins",
        {"turn_id": str(uuid4()), "badge": guard.badge, "checked_at": at("02-24 09:00").isoformat()},
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "already_on_duty")
    body = {
        "turn_id": turn["turn_id"],
        "badge": other.badge,
        "checked_at": at("02-24 09:00").isoformat(),
    }
    assert (await post.at_device("check-outs", body)).json()["code"] == "not_your_turn"
    elsewhere = await post.town.enrol(OTHER_CHECKPOINT)
    mine = body | {"badge": guard.badge}
    assert (await post.at_device("check-outs", mine, device=elsewhere)).json()["code"] == "turn_unknown"
    first = await post.goes(guard, turn, "02-24 10:00")
    again = await post.at_device("check-outs", mine | {"checked_at": at("02-24 10:00").isoformat()})
    assert (again.status_code, again.json()) == (200, first)
    later = await post.at_device("check-outs", mine | {"checked_at": at("02-24 09:59").isoformat()})
    assert (later.status_code, later.json()["code"]) == (409, "turn_over")


async def test_who_leaves_is_known_by_the_badge_alone(post: Post) -> None:
    guard, never = await post.worker(), await post.worker()
    turn = await post.comes(guard)
    post.now("02-24 10:00")
    body = {"badge": guard.badge, "checked_at": at("02-24 10:00").isoformat()}
    nobody = await post.at_device("check-outs", body | {"badge": never.badge})
    assert (nobody.status_code, nobody.json()["code"], nobody.json()["field"]) == (
        404,
        "turn_unknown",
        "badge",
    )
    elsewhere = await post.town.enrol(OTHER_CHECKPOINT)
    assert (await post.at_device("check-outs", body, device=elsewhere)).json()["code"] == "turn_unknown"
    first = await post.at_device("check-outs", body)
    assert (first.status_code, first.json()["turn_id"], first.json()["minutes"]) == (200, turn["turn_id"], 60)
    assert (await post.at_device("check-outs", body)).json() == first.json()
    later = await post.at_device("check-outs", body | {"checked_at": at("02-24 09:59").isoformat()})
    assert (later.status_code, later.json()["code"]) == (409, "turn_over")
    assert len(await post.town.published("ShiftEnded")) == 1


async def test_duty_is_planned_and_seen_within_the_callers_places_only(post: Post) -> None:
    guard = await post.worker()
    as_role = post.town.client.as_role
    body = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(guard.ref),
        "starts_at": at("02-25 08:00").isoformat(),
        "ends_at": at("02-25 16:00").isoformat(),
    }
    for role, scope, status in (
        ("community_clerk", "neighbourhood:nb-9", 403),
        ("property_manager", f"compound:{THERE}", 403),
        ("guard", "town", 403),
        ("community_clerk", "neighbourhood:nb-1", 201),
        ("shift_leader", f"checkpoint:{CHECKPOINT}", 200),
    ):
        answer = await post.post("shifts", body, role=as_role(role, scope))
        assert answer.status_code == status, (role, scope, answer.text)
    for scope, gaps in ((f"compound:{HERE}", 1), (f"compound:{THERE}", 1), ("neighbourhood:nb-9", 0)):
        answer = await post.town.client.http.get(
            "/v1/duty/gaps", params={"open": True}, headers=as_role("supervisor", scope)
        )
        assert len(answer.json()["items"]) == gaps


async def test_gaps_are_listed_page_by_page(post: Post) -> None:
    guard = await post.worker()
    for hour in (10, 12, 14):
        turn = await post.comes(guard, f"02-24 {hour}:00")
        await post.goes(guard, turn, f"02-24 {hour + 1}:00")
        await post.watch(f"02-24 {hour + 1}:30")
    every = [gap["gap_id"] for gap in (await post.get("gaps"))["items"]]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await post.get("gaps", limit=2, **after)
        found += [gap["gap_id"] for gap in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == every
    assert len(every) == 5  # four of this post, one of the other that nobody mans


async def test_a_gap_starts_where_somebody_turned_out_to_have_left(post: Post) -> None:
    guard = await post.worker()
    await post.plan(guard, "02-24 09:00", "02-24 18:00")
    turn = await post.comes(guard)
    await post.watch("02-24 12:00")
    body = {
        "turn_id": turn["turn_id"],
        "badge": guard.badge,
        "checked_at": (at("02-24 12:00") - timedelta(minutes=45)).isoformat(),
    }
    post.now("02-24 12:01")
    assert (await post.at_device("check-outs", body)).status_code == 200
    assert (await post.told())[-1] == ("not_checked_in", at("02-24 11:15"), None)
