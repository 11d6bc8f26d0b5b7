"""A closed checkpoint takes no new device; when it opens again, it does (R2.1)."""

from uuid import uuid4

import pytest

from shared.events.registry.places import CheckpointClosed, CheckpointOpened
from tests.integration.gate.duty import Post, at
from tests.integration.gate.town import CHECKPOINT, HERE, NOW, OTHER_CHECKPOINT, GateTown


async def ask_code(town: GateTown, checkpoint: str = CHECKPOINT) -> tuple[int, str]:
    answer = await town.client.http.post(
        "/v1/enrolment-codes",
        json={"request_id": str(uuid4()), "checkpoint": checkpoint},
        headers=town.client.as_role("ops"),
    )
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.requirement("R2.1")
async def test_no_device_is_enrolled_at_a_closed_checkpoint_until_it_opens_again(town: GateTown) -> None:
    held = await town.code()
    opened = CheckpointOpened(checkpoint=CHECKPOINT, compound=HERE, name="北门", policy_version=1)
    closed = CheckpointClosed(checkpoint=CHECKPOINT, compound=HERE, reason="closed", closed_at=NOW)
    await town.tell(closed)
    assert await ask_code(town) == (409, "checkpoint_closed")
    late = await town.client.http.post("/v1/devices", json={"code": held})
    assert (late.status_code, late.json()["code"]) == (409, "checkpoint_closed")
    assert (await ask_code(town, OTHER_CHECKPOINT))[0] == 201
    await town.tell(opened, closed, opened)
    assert (await town.client.http.post("/v1/devices", json={"code": held})).status_code == 201
    await town.tell(opened, closed)
    assert await ask_code(town) == (409, "checkpoint_closed")


@pytest.mark.requirement("R2.2")
async def test_nobody_takes_up_duty_at_a_closed_post_and_who_was_there_leaves_or_is_told_of_later(
    town: GateTown,
) -> None:
    post = Post(town=town, planner=town.client.as_role("hq_officer"))
    stays, relief, late = await post.worker(), await post.worker(), await post.worker()
    turn = await post.comes(stays, "02-24 09:30")
    closed = CheckpointClosed(
        checkpoint=CHECKPOINT, compound=HERE, reason="closed", closed_at=at("02-24 12:00")
    )
    await town.tell(closed)
    post.now("02-24 12:00")
    arrives = {"turn_id": str(uuid4()), "badge": late.badge, "checked_at": at("02-24 12:00").isoformat()}
    refused = await post.at_device("check-ins", arrives)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        409,
        "checkpoint_closed",
        "checked_at",
    )
    signed = {
        "handover_id": str(uuid4()),
        "outgoing_badge": stays.badge,
        "incoming_badge": relief.badge,
        "incoming_turn_id": str(uuid4()),
        "checked_at": at("02-24 12:00").isoformat(),
    }
    assert (await post.at_device("handovers", signed)).json()["code"] == "checkpoint_closed"
    assert (await post.goes(stays, turn, "02-24 12:05"))["minutes"] == 155
    queued = arrives | {"checked_at": at("02-24 11:59").isoformat()}
    assert (await post.at_device("check-ins", queued)).status_code == 201
