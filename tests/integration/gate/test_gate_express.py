"""Plain checks are answered past ASGI; from outside nobody can tell, whatever is sent and however it arrives."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from services.gate.client.keys import DeviceKey
from shared.http.app import App
from shared.http.express import LONGEST, Express
from shared.http.limits import Rate
from shared.kernel.ids import uuid7
from shared.obs import tracing
from shared.runtime import assemble
from tests.integration.gate.town import GateTown
from tests.integration.http.sample import serving

PATH = "/v1/entry-checks"
USUAL = f"{PATH}?&"  # an express way is for the plain path only
OWN = {"check_id", "received_at", "checked_at", "correlation_id", "x-correlation-id", "date", "server"}
"""What two answers to two requests do not have in common, and what this server adds that no service does."""


class Watched:
    """The gate's express way, telling which requests it took."""

    def __init__(self, express: Express) -> None:
        self.express, self.took = express, list[bool]()

    def take(self, *args: Any) -> bool:
        self.took.append(self.express.take(*args))
        return self.took[-1]


@dataclass(kw_only=True)
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *parts: bytes) -> tuple[int, dict[str, str], Any]:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        assert len(headers) == len(head) - 3, "a header came twice"
        content = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(content)


@dataclass(kw_only=True)
class Door:
    """The gate behind a real server."""

    town: GateTown
    watched: Watched
    port: int
    open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> Wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open.append(writer)
        return Wire(reader=reader, writer=writer)

    def request(
        self, body: Any, path: str = PATH, more: Sequence[str] = (), *, device: str | None = ""
    ) -> bytes:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        credential = [] if device is None else [f"Authorization: Device {device or self.town.device}"]
        kind = (
            []
            if any(line.startswith("Content-Type") for line in more)
            else ["Content-Type: application/json"]
        )
        lines = [f"POST {path} HTTP/1.1", "Host: gate", *credential, *kind, *more]
        return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content


@pytest.fixture
async def door(town: GateTown) -> AsyncIterator[Door]:
    tracing.configure("gate", "1", {})  # as a process does: contexts travel, nothing records
    app = assemble(town.client.service, town.client.context)
    assert isinstance(app, App)
    watched = Watched(app.express[PATH.encode()])
    app.express[PATH.encode()] = watched  # type: ignore[assignment]
    async with serving(app) as port:
        made = Door(town=town, watched=watched, port=port)
        yield made
        for writer in made.open:
            writer.close()
    tracing.shutdown()


def plain(content: Any) -> Any:
    return {name: value for name, value in content.items() if name not in OWN}


async def test_both_ways_answer_alike(door: Door) -> None:
    town, wire = door.town, await door.connect()
    twins = [await town.resident("王"), await town.resident("王")]
    await wire.ask(
        door.request(town.body(await town.resident("张")))
    )  # the device proves itself, a key is learnt
    kept = [town.body(twin) for twin in twins]
    cases: list[tuple[str, Callable[[int], Any], dict[str, Any], bool]] = [  # what, body, head, taken at once
        ("a pass", lambda way: town.body(twins[way]), {}, True),
        ("kept", lambda way: kept[way], {}, True),
        ("again", lambda way: kept[way], {}, True),
        ("another under the same id", lambda way: kept[way] | {"mask": False}, {}, True),
        ("decided offline", lambda way: town.body(twins[way]) | {"offline": OFFLINE}, {}, True),
        ("fever, no mask", lambda way: town.body(twins[way], temperature_c=38.6, mask=False), {}, True),
        ("held by it", lambda way: town.body(twins[way]), {}, True),
        ("a visitor", lambda _: town.body({"kind": "visitor", "purpose": "courier"}), {}, True),
        ("no pass of ours", lambda _: town.body({"kind": "pass_token", "token": "EP1:ABC"}), {}, True),
        ("an unknown field", lambda way: town.body(twins[way]) | {"more": 1}, {}, False),
        ("no JSON", lambda _: b"{", {}, False),
        ("a number that is none", lambda way: _spoiled(town.body(twins[way]), "NaN"), {}, False),
        ("a number without end", lambda way: _spoiled(town.body(twins[way]), "1e999"), {}, False),
        ("NUL", lambda _: town.body({"kind": "document", "number": "3\0"}), {}, False),
        ("nobody", lambda way: town.body(twins[way]), {"device": None}, False),
        ("a stranger", lambda way: town.body(twins[way]), {"device": f"{uuid7()}.x"}, False),
        ("a wrong secret", lambda way: town.body(twins[way]), {"device": f"{town.device}x"}, False),
        ("two devices", lambda way: town.body(twins[way]), {"more": ["Authorization: Device x.y"]}, False),
        ("a text", lambda way: town.body(twins[way]), {"more": ["Content-Type: text/plain"]}, False),
    ]
    for what, body, head, at_once in cases:
        ways = []
        for way, path in enumerate((PATH, USUAL)):
            status, headers, content = await wire.ask(door.request(body(way), path, **head))
            assert headers["x-correlation-id"] == content.get("correlation_id", headers["x-correlation-id"])
            ways.append((status, plain(headers), plain(content)))
        assert ways[0] == ways[1], what
        assert door.watched.took[-1] is at_once, what


OFFLINE = {"verdict": "admit", "reasons": ["list_aged"], "action": None, "policy_version": 1}


def _spoiled(body: dict[str, Any], number: str) -> bytes:
    return json.dumps(body | {"temperature_c": 36.5}).replace("36.5", number).encode()


async def test_a_request_may_arrive_in_any_pieces_and_several_at_a_time(door: Door) -> None:
    town, wire = door.town, await door.connect()
    resident = await town.resident("李")
    first = door.request(town.body(resident), more=["Expect: 100-continue"])
    head, _, content = first.partition(b"\r\n\r\n")
    wire.writer.write(head + b"\r\n\r\n")
    assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await wire.ask(content))[0] == 201
    whole = door.request(town.body(resident))
    assert (await wire.ask(whole[:40], whole[40:300], whole[300:301], whole[301:]))[0] == 201
    assert door.watched.took[-1:] == [True]
    bodies = [town.body(resident) for _ in range(3)]
    wire.writer.write(b"".join(door.request(body) for body in bodies))
    answers = [await wire.answer() for _ in bodies]
    assert [content["check_id"] for _, _, content in answers] == [body["check_id"] for body in bodies]
    long = town.body(resident) | {"answers": {"unwell": False}, "x" * LONGEST: 1}
    assert (await wire.ask(door.request(long)))[0] == 422
    assert (await wire.ask(door.request(town.body(resident))))[0] == 201


async def test_a_caller_names_the_request_and_may_leave(door: Door) -> None:
    town, wire = door.town, await door.connect()
    resident, named = await town.resident("赵"), str(uuid7())
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    await wire.ask(door.request(town.body(resident)))
    body = town.body(resident)
    more = [f"X-Correlation-Id: {named}", f"traceparent: {trace}"]
    _, headers, _ = await wire.ask(door.request(body, more=more))
    assert (headers["x-correlation-id"], door.watched.took[-1]) == (named, True)
    told = await town.rows(
        "select document, traceparent from outbox where document like $1", f"%{body['check_id']}%"
    )
    assert [(json.loads(row["document"])["correlationid"], row["traceparent"]) for row in told] == [
        (named, trace)
    ]
    left = town.body(resident)
    wire.writer.write(door.request(left))
    await wire.writer.drain()
    wire.writer.close()
    again = await door.connect()
    status, _, content = await again.ask(door.request(left))
    assert (status in {200, 201}, content["check_id"]) == (True, left["check_id"])
    closing = await again.ask(door.request(town.body(resident), more=["Connection: close"]))
    assert (closing[0], closing[1]["connection"], await again.reader.read()) == (201, "close", b"")


async def test_a_device_that_is_too_fast_is_told_so_whichever_way_its_check_takes(door: Door) -> None:
    town, wire = door.town, await door.connect()
    resident = await town.resident("周")
    await wire.ask(door.request(town.body(resident)))  # known from here on
    calls = door.watched.express._calls
    assert calls is not None
    calls.rate = Rate(burst=3, per_minute=1)
    calls._kept.clear()
    paths = (PATH, USUAL, PATH, PATH, USUAL)
    answers = [await wire.ask(door.request(town.body(resident), path)) for path in paths]
    assert [status for status, _, _ in answers] == [201, 201, 201, 429, 429]
    assert {content["code"] for _, _, content in answers[3:]} == {"too_many_requests"}
    assert all(int(headers["retry-after"]) > 0 for _, headers, _ in answers[3:])


async def test_a_device_with_a_key_is_answered_at_once_by_its_ticket_and_the_usual_way_by_a_signature(
    door: Door,
) -> None:
    town, wire, key = door.town, await door.connect(), DeviceKey.make()
    told = await town.client.http.post(
        "/v1/devices", json={"code": await town.code(), "public_key": key.public()}
    )
    credential, device_id = told.json()["credential"], UUID(told.json()["device_id"])

    def signed(path: str, body: Any) -> str:
        content = json.dumps(body).encode()
        return f"{credential} {key.proof('POST', path, device_id, int(time.time()), content)}"

    beat = {"device_time": "2020-02-24T09:00:00+08:00", "app_version": "1.0", "queue_length": 0}
    path = "/v1/devices/me/heartbeat"
    _, _, content = await wire.ask(door.request(beat, path, device=signed(path, beat)))
    for _ in range(2):  # the first one lets the process know the device
        body = town.body({"kind": "visitor"})
        status, _, _ = await wire.ask(door.request(body, device=f"{credential} {content['ticket']}"))
        assert status == 201
    assert door.watched.took[-1:] == [True]
    body = town.body({"kind": "visitor"})
    assert (await wire.ask(door.request(body, device=signed(PATH, body))))[0] == 201
    assert door.watched.took[-1:] == [False]
    for proof in ("", " t.1.x", f" {content['ticket']}0"):
        body = town.body({"kind": "visitor"})
        status, _, refused = await wire.ask(door.request(body, device=f"{credential}{proof}"))
        assert (status, refused["code"]) == (401, "proof_needed"), proof
