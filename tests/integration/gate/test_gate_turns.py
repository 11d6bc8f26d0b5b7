"""Turns of duty that are ended or begun too late (R2.2)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.gate.duty import Post, Worker, at
from tests.integration.gate.town import GateTown


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


def handover(leaves: Worker, arrives: Worker, when: str, *, turn: str | None = None) -> dict[str, Any]:
    return {
        "handover_id": str(uuid4()),
        "outgoing_badge": leaves.badge,
        "incoming_badge": arrives.badge,
        "incoming_turn_id": turn or str(uuid4()),
        "checked_at": at(when).isoformat(),
    }
