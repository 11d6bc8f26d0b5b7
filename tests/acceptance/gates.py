"""Devices at checkpoints, and the checks that they ask for."""

import time
from collections.abc import Generator
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.gate.client.keys import DeviceKey
from tests.acceptance.stack import Stack


class Device(dict[str, str], httpx.Auth):
    """A device's headers, and the signature that goes with each of its requests."""

    requires_request_body = True

    def __init__(self, credential: str, device_id: UUID, key: DeviceKey) -> None:
        super().__init__(Authorization=f"Device {credential}")
        self._device_id, self._key = device_id, key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign as the device would, at the machine's own time."""
        target = request.url.raw_path.decode()
        proof = self._key.proof(request.method, target, self._device_id, int(time.time()), request.content)
        request.headers["Authorization"] = f"{self['Authorization']} {proof}"
        yield request


async def enrol_device(stack: Stack, checkpoint: str) -> Device:
    """Take a device with a key of its own into service."""
    code = await stack.call(
        "POST",
        "gate",
        "/v1/enrolment-codes",
        headers=stack.as_role("ops"),
        json={"request_id": str(uuid4()), "checkpoint": checkpoint},
    )
    key, device_id = DeviceKey.make(), uuid4()
    asked = {"code": code["code"], "device_id": str(device_id), "public_key": key.public()}
    device = await stack.call("POST", "gate", "/v1/devices", headers={}, json=asked)
    return Device(device["credential"], device_id, key)


async def check(stack: Stack, device: Device, seq: int, subject: dict[str, str], **rest: Any) -> Any:
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
