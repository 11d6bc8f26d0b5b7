"""The same through a real uvicorn on a real socket."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest

from shared.obs import logging as obs_logging
from tests.integration.http.sample import Sample, serving

JSON = {"Content-Type": "application/json"}


async def test_bodies_are_cut_off_while_they_stream(sample: Sample) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    async with serving(sample.app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with suppress(httpx.WriteError, httpx.ReadError):  # it answers and closes while we are still sending
            answer = await client.post("/v1/raw", content=endless(), headers=JSON)
            assert answer.status_code == 413
    assert sent < 50_000_000


async def test_an_announced_giant_is_refused_before_it_is_sent(sample: Sample) -> None:
    async with serving(sample.app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n{"
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
    assert head.startswith(b"HTTP/1.1 413")


async def test_a_caller_who_hangs_up_in_the_middle_is_no_error(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    obs_logging.configure("sample", "info")
    async with serving(sample.app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/v1/open")).status_code == 200
    assert "request_failed" not in capsys.readouterr().out


async def test_an_error_in_the_middle_of_a_stream_is_logged_and_the_answer_broken_off(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    obs_logging.configure("sample", "info")
    async with serving(sample.app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/broken-stream")
        assert (await client.get("/v1/open")).status_code == 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["exception"]["message"] for line in lines if line["event"] == "request_failed"] == ["later"]
    assert all(line["service"] == "sample" for line in lines)
