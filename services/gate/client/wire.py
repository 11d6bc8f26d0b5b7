"""How a device speaks to the gate: what came back, and whether it is worth asking again."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from services.gate.client.queue import Kind

BATCH_SIZE = 200
_ROUTES: dict[Kind, str] = {
    "entry": "/v1/entry-checks",
    "vehicle": "/v1/vehicle-checks",
    "arrival": "/v1/arrivals",
}


class NoAnswerError(Exception):
    """Nobody answered, or not now. `retry_after`: seconds that the server asked for."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class DeviceStoppedError(Exception):
    """The device was revoked: it decides nothing any more, and hands in what it holds."""


class RefusedError(Exception):
    """The server understood, and does not take it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Wire:
    """The gate's routes for one device."""

    http: httpx.AsyncClient
    credential: str = field(repr=False)

    async def ask(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """One check; the first answer, also to a repeat."""
        return await self._json("POST", _ROUTES[kind], body)

    async def batch(self, kind: Kind, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Queued checks of one kind; one item for each, in order."""
        items: list[dict[str, Any]] = (
            await self._json("POST", f"{_ROUTES[kind]}/batch", {"checks": bodies})
        )["items"]
        return items

    async def heartbeat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say how the device is."""
        return await self._json("POST", "/v1/devices/me/heartbeat", body)

    async def rotate(self, request_id: UUID) -> str:
        """The next credential."""
        told = await self._json("POST", "/v1/devices/me/credential", {"request_id": str(request_id)})
        credential: str = told["credential"]
        return credential

    async def snapshot(self, since: str | None) -> tuple[bytes, str]:
        """The signed list, and the server's time at its answer."""
        answer = await self._send(
            "GET", "/v1/checkpoints/me/snapshot", params={"since": since} if since else {}
        )
        return answer.content, answer.headers["fk-now"]

    async def _json(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = (await self._send(method, path, json=body)).json()
        return told

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Authorization": f"Device {self.credential}"}
        return checked(await _asked(self.http, method, path, headers=headers, **content))


async def enrol(http: httpx.AsyncClient, code: str, device_id: UUID) -> dict[str, Any]:
    """Exchange a one-time code for a credential; asked again with the same id, the answer is the same."""
    body = {"code": code, "device_id": str(device_id)}
    told: dict[str, Any] = checked(await _asked(http, "POST", "/v1/devices", json=body)).json()
    return told


def checked(answer: httpx.Response) -> httpx.Response:
    """An answer of 2xx, or what the other ones mean to a device.

    Raises:
        NoAnswerError: ask again later.
        DeviceStoppedError: the device was revoked.
        RefusedError: never to be taken like this.
    """
    if answer.is_success:
        return answer
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        wished = answer.headers.get("retry-after", "")
        raise NoAnswerError(str(answer.status_code), float(wished) if wished.isdecimal() else None)
    try:
        code = str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        raise NoAnswerError(f"{answer.status_code}, not from the gate") from None
    if code == "device_revoked":
        raise DeviceStoppedError
    raise RefusedError(answer.status_code, code)


async def _asked(http: httpx.AsyncClient, method: str, path: str, **content: Any) -> httpx.Response:
    try:
        return await http.request(method, path, **content)
    except httpx.HTTPError as error:
        raise NoAnswerError(type(error).__name__) from error
