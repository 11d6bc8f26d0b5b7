"""A checkpoint device as a process of its own: `python -m tests.integration.gate.device_worker STORE KEY URL TOKEN`.

Says every verdict that it shows on stdout, one line each, until it is killed.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

import httpx

from services.gate.client.device import Device
from services.gate.client.shapes import Entry
from services.gate.domain.rulings import Direction


async def work(store: Path, key: bytes, url: str, token: str) -> None:
    """Check somebody again and again, and hand in what waits beside it."""
    async with httpx.AsyncClient(base_url=url, timeout=5) as http:
        device = Device.open(store, key, http)
        uploading = asyncio.create_task(device.run())
        nth = 0
        while not uploading.done():
            nth += 1
            entry = Entry(
                direction=Direction.ENTRY if nth % 2 else Direction.EXIT,
                subject={"kind": "pass_token", "token": token},
                mask=nth % 5 != 0,
                temperature_c=Decimal("36.5"),
            )
            shown = await device.check(entry)
            print(shown.check_id, shown.seq, shown.verdict.value, flush=True)  # noqa: T201 -- what the guard sees


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3], sys.argv[4]))
