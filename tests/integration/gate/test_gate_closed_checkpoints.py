"""A closed checkpoint takes no new device; when it opens again, it does (R2.1)."""

from uuid import uuid4

import pytest

from shared.events.registry.places import CheckpointClosed, CheckpointOpened
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
