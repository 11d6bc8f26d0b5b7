"""A process that closes days, for the kill -9 test: told everything by argv[1]."""

import asyncio
import json
import sys
from pathlib import Path

from services.sanitation.tickers import close_days
from shared.db.pool import Database
from shared.kernel.clock import SteppedClock


async def main(plan: dict[str, str]) -> None:
    """Close everything that is due, a compound at a time."""
    database = await Database.open(
        plan["url"], service="sanitation", clock=SteppedClock(Path(plan["clock"])), size=2
    )
    await close_days(database, batch=1)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
