"""How a device speaks to the gate: what came back, and whether it is worth asking again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from services.gate.client.keys import DeviceKey
from services.gate.client.queue import Kind

BATCH_SIZE = 200
_TICKET_SECONDS = 240.0
"""A ticket holds for five minutes of the server's; this is how long it is used."""
_ROUTES: dict[Kind, str] = {
    "entry": "/v1/entry-checks",
    "vehicle": "/v1/vehicle-checks",
    "arrival": "/v1/arrivals",
}


UNREADABLE = frozenset({400, 413, 422})
"""Statuses of a batch that is refused for what is in it, and not for who hands it in."""


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


@dataclass(slots=True)
class Wire:
    """The gate's routes for one device, which signs what it asks; single checks show the last heartbeat's ticket."""

    http: httpx.AsyncClient
    credential: str = field(repr=False)
    key: DeviceKey | None
    monotonic: Callable[[], float]
    _ahead: float = 0.0
    """By how many seconds the server's real time is ahead of this machine's, as far as its answers told."""
    _ticket: str = field(default="", repr=False)
    _ticket_until: float = 0.0

    async def ask(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """One check; the first answer, also to a repeat."""
        return await self._json("POST", _ROUTES[kind], body, ticket_will_do=kind == "entry")

    async def batch(self, kind: Kind, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Queued checks of one kind; one item for each, in order."""
        items: list[dict[str, Any]] = (
            await self._json("POST", f"{_ROUTES[kind]}/batch", {"checks": bodies})
        )["items"]
        return items

    async def heartbeat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say how the device is."""
        told = await self._json("POST", "/v1/devices/me/heartbeat", body)
        if ticket := told.get("ticket"):
            self._ticket, self._ticket_until = ticket, self.monotonic() + _TICKET_SECONDS
        return told

    async def rotate(self, request_id: UUID) -> str:
        """The next credential."""
        named = {"public_key": self.key.public()} if self.key else {}
        told = await self._json("POST", "/v1/devices/me/credential", {"request_id": str(request_id), **named})
        credential: str = told["credential"]
        return credential

    async def snapshot(self, since: str | None) -> tuple[bytes, str]:
        """The signed list, and the server's time at its answer."""
        answer = await self._send(
            "GET", "/v1/checkpoints/me/snapshot", params={"since": since} if since else {}
        )
        return answer.content, answer.headers["fk-now"]

    async def _json(
        self, method: str, path: str, body: dict[str, Any], *, ticket_will_do: bool = False
    ) -> dict[str, Any]:
        sent = await self._send(method, path, ticket_will_do=ticket_will_do, json=body)
        told: dict[str, Any] = sent.json()
        return told

    async def _send(
        self, method: str, path: str, *, ticket_will_do: bool = False, **content: Any
    ) -> httpx.Response:
        """A ticket that does not hold, or a signature for another time than the server's: signed once more."""
        request = self.http.build_request(method, path, **content)
        ticket = self._ticket if ticket_will_do and self.monotonic() < self._ticket_until else None
        self._prove(request, path, ticket=ticket)
        answer = await _sent(self.http, request)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self.key is not None:
            now = _servers_second(answer)
            if now is not None:
                self._ahead = now - time.time()
            if now is not None or ticket is not None:
                self._prove(request, path, ticket=None)
                answer = await _sent(self.http, request)
        return checked(answer)

    def _prove(self, request: httpx.Request, path: str, *, ticket: str | None) -> None:
        proof = ticket
        if proof is None and self.key is not None:
            query = request.url.query.decode()
            proof = self.key.proof(
                request.method,
                f"{path}?{query}" if query else path,
                UUID(self.credential.partition(".")[0]),
                int(time.time() + self._ahead),
                request.content,
            )
        request.headers["Authorization"] = " ".join(filter(None, ("Device", self.credential, proof)))


async def enrol(http: httpx.AsyncClient, code: str, device_id: UUID, key: DeviceKey) -> dict[str, Any]:
    """Exchange a one-time code for a credential; asked again with the same id and key, the answer is the same."""
    body = {"code": code, "device_id": str(device_id), "public_key": key.public()}
    request = http.build_request("POST", "/v1/devices", json=body)
    told: dict[str, Any] = checked(await _sent(http, request)).json()
    return told


def _servers_second(answer: httpx.Response) -> float | None:
    """The server's time, of a refusal that says that a signature was for another one."""
    try:
        told = answer.json()
        return float(told["now"]) if told["code"] == "proof_stale" else None
    except (ValueError, KeyError, TypeError):
        return None


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


async def _sent(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        return await http.send(request)
    except httpx.HTTPError as error:
        raise NoAnswerError(type(error).__name__) from error
