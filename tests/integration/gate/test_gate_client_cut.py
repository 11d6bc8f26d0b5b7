"""Connections that are cut after the gate has committed and before its answer is through (F6)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from services.gate.client.device import Device
from services.gate.client.shapes import Entry
from services.gate.domain.rulings import Direction, Verdict
from tests.integration.gate.test_gate_killed import running
from tests.integration.gate.town import GateTown

KEY = bytes(range(32))
CHECKS = 30


@dataclass(kw_only=True)
class Cutter:
    """A TCP proxy that passes everything on, and cuts where the first byte of an answer should come through."""

    port: int
    cutting: bool = False
    cuts: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        forth = asyncio.create_task(self._copy(reader, up_writer))
        self.tasks.add(forth)
        try:
            while chunk := await up_reader.read(65_536):
                if self.cutting:  # the gate has answered, so it has committed
                    self.cuts += 1
                    return
                writer.write(chunk)
                await writer.drain()
        finally:
            forth.cancel()
            for end in (writer, up_writer):
                end.close()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def cutting(port: int) -> AsyncIterator[tuple[Cutter, str]]:
    cutter = Cutter(port=port)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    try:
        yield cutter, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.requirement("F6")
@pytest.mark.scenario("G8")
async def test_repeats_after_a_cut_connection_get_the_first_answer(town: GateTown, tmp_path: Path) -> None:
    wang = await town.resident()
    async with (
        running(town) as (_, gate),
        cutting(gate.base_url.port or 0) as (cutter, url),
        httpx.AsyncClient(base_url=url, timeout=10) as http,
    ):
        device = await Device.enrol(tmp_path / "device.sqlite", KEY, http, await town.code())
        await device.heartbeat()
        cutter.cutting = True
        shown = [
            await device.check(
                Entry(
                    direction=Direction.ENTRY,
                    subject={"kind": "pass_token", "token": wang.token},
                    mask=nth % 3 != 0,
                    temperature_c=Decimal("36.5"),
                )
            )
            for nth in range(CHECKS)
        ]
        assert (await device.sync()).left == CHECKS
        cutter.cutting = False
        synced = await device.sync()
        assert (synced.handed_in, synced.left) == (CHECKS, 0)
        device.close()
    assert cutter.cuts >= CHECKS
    assert all(one.offline for one in shown)
    rows = await town.rows("select check_id, seq, verdict, offline from entry_check order by seq")
    assert [(row["check_id"], Verdict(row["verdict"])) for row in rows] == [
        (one.check_id, one.verdict) for one in shown
    ]
    assert {row["offline"] for row in rows} == {False}  # the first answer was the gate's own
    assert len(await town.published("EntryChecked")) == CHECKS
