"""Devices at checkpoints, and the checks that they ask for."""

from typing import Any
from uuid import uuid4

from tests.acceptance.stack import Stack


async def enrol_device(stack: Stack, checkpoint: str) -> dict[str, str]:
    """Take a device into service; the headers with which it speaks."""
    code = await stack.call(
        "POST",
        "gate",
        "/v1/enrolment-codes",
        headers=stack.as_role("ops"),
        json={"request_id": str(uuid4()), "checkpoint": checkpoint},
    )
    device = await stack.call(
        "POST", "gate", "/v1/devices", headers={}, json={"code": code["code"], "device_id": str(uuid4())}
    )
    return {"Authorization": f"Device {device['credential']}"}


async def check(stack: Stack, device: dict[str, str], seq: int, subject: dict[str, str], **rest: Any) -> Any:
    """One person at the gate, masked and without a fever; the answer."""
    return await stack.call(
        "POST",
        "gate",
        "/v1/entry-checks",
        headers=device,
        json={
            "check_id": str(uuid4()),
            "seq": seq,
            "direction": "entry",
            "subject": subject,
            "mask": True,
            "temperature_c": "36.5",
            "checked_at": stack.now().isoformat(),
            **rest,
        },
    )
