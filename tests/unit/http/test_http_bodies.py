"""Bodies: JSON that is let in, JSON that is not, and lengths that are announced."""

import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from shared.http.bodies import BodyGuard, MalformedJson, parse_json


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[1, 2.5, null, true]",
        '{"name": "张小明 😷"}'.encode(),
        b'"\\ud83d\\ude37"',
        b'"\\\\u0000 is only written"',
        b"1e100",
        b"[" * 150 + b"]" * 150,
        b"9" * 400,
    ],
)
def test_ordinary_json_is_parsed(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e400",
        b'{"a": [-1e999]}',
        b'"\\u0000"',
        b'{"a\\u0000": 1}',
        b'[["\\u0000"]]',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\x00"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        b"[1,]",
        b"// no\n{}",
    ],
)
def test_hostile_json_is_a_refusal_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(MalformedJson) as caught:
        parse_json(body)
    assert caught.value.status == 400
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(("method", "first"), [("POST", "start"), ("GET", "start"), ("GET", "receive")])
async def test_a_length_that_is_announced_does_not_break_an_answer_under_way(method: str, first: str) -> None:
    """An answer that is sent in parts receives meanwhile, to hear that the caller hung up."""

    async def file(_scope: Scope, receive: Receive, send: Send) -> None:
        if first == "receive":
            await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        await send({"type": "http.response.body", "body": b"whole"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "headers": [(b"content-length", b"1000000000")]}
    await BodyGuard(file, limits={})(scope, receive, send)
    assert [message["type"] for message in said] == ["http.response.start", "http.response.body"]
