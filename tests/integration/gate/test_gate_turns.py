"""Turns of duty that are sent twice, too late, or for who stands elsewhere (R2.2)."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.gate.duty import Post, Worker, at
from tests.integration.gate.town import CHECKPOINT, OTHER_CHECKPOINT, GateTown


@pytest.fixture
async def post(town: GateTown) -> Post:
    made = Post(town=town, planner=town.client.as_role("hq_officer"))
    await made.watch("02-24 09:00")
    return made


async def test_who_forgot_to_check_out_did_not_stand_there_for_days(post: Post) -> None:
    guard, relief = await post.worker(), await post.worker()
    await post.plan(guard, "02-24 09:00", "02-24 12:00")
    turn = await post.comes(guard)
    await post.watch("02-24 12:00")  # lapses; whoever waits for relief may do so for twelve hours
    post.now("02-25 00:01")
    body = {"badge": guard.badge, "checked_at": at("02-25 00:01").isoformat()}
    over = await post.at_device("check-outs", body | {"turn_id": turn["turn_id"]})
    assert (over.status_code, over.json()["code"], over.json()["field"]) == (409, "turn_over", "turn_id")
    handed = await post.at_device("handovers", handover(guard, relief, "02-25 00:01"))
    assert (handed.status_code, handed.json()["field"]) == (409, "outgoing_badge")
    truly = await post.at_device("check-outs", body | {"checked_at": at("02-25 00:00").isoformat()})
    assert (truly.status_code, truly.json()["minutes"]) == (200, 900)


async def test_a_time_that_somebody_held_is_not_held_again(post: Post) -> None:
    guard = await post.worker()
    await post.goes(guard, await post.comes(guard), "02-24 12:00")
    post.now("02-24 12:30")
    body = {"turn_id": str(uuid4()), "badge": guard.badge, "checked_at": at("02-24 11:49").isoformat()}
    late = await post.at_device("check-ins", body)  # came by a device that was offline
    assert (late.status_code, late.json()["code"], late.json()["field"]) == (409, "already_on_duty", "badge")
    assert (
        await post.at_device("check-ins", body | {"checked_at": at("02-24 11:50").isoformat()})
    ).status_code == 201


async def test_who_is_on_duty_elsewhere_is_told_where(post: Post) -> None:
    guard, relief = await post.worker(), await post.worker()
    elsewhere = await post.town.enrol(OTHER_CHECKPOINT)
    body = {"turn_id": str(uuid4()), "badge": relief.badge, "checked_at": at("02-24 09:00").isoformat()}
    assert (await post.at_device("check-ins", body, device=elsewhere)).status_code == 201
    await post.comes(guard)
    refused = [
        await post.at_device("check-ins", body | {"turn_id": str(uuid4())}),
        await post.at_device("handovers", handover(guard, relief, "02-24 09:00")),
    ]
    assert [(one.json()["code"], one.json()["field"], one.json()["checkpoint"]) for one in refused] == [
        ("already_on_duty", "badge", OTHER_CHECKPOINT),
        ("already_on_duty", "incoming_badge", OTHER_CHECKPOINT),
    ]


async def test_what_comes_several_times_at_once_is_done_once(post: Post) -> None:
    guard, relief = await post.worker(), await post.worker()
    body = {"turn_id": str(uuid4()), "badge": guard.badge, "checked_at": at("02-24 09:00").isoformat()}
    both = handover(guard, relief, "02-24 09:00")
    shift = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(guard.ref),
        "starts_at": at("02-25 08:00").isoformat(),
        "ends_at": at("02-25 16:00").isoformat(),
    }
    for send in (
        partial(post.at_device, "check-ins", body),
        partial(post.at_device, "handovers", both),
        partial(post.post, "shifts", shift),
    ):
        answers = await asyncio.gather(*(send() for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        assert len({answer.text for answer in answers}) == 1
    used = await post.at_device("handovers", handover(relief, guard, "02-24 09:00", turn=body["turn_id"]))
    assert (used.status_code, used.json()["field"]) == (422, "incoming_turn_id")


def handover(leaves: Worker, arrives: Worker, when: str, *, turn: str | None = None) -> dict[str, Any]:
    return {
        "handover_id": str(uuid4()),
        "outgoing_badge": leaves.badge,
        "incoming_badge": arrives.badge,
        "incoming_turn_id": turn or str(uuid4()),
        "checked_at": at(when).isoformat(),
    }
