"""An observation process for the kill -9 tests: does one part of its work with the settings in argv[2], then ends."""

import asyncio
import sys
from pathlib import Path

from services.observation.handlers.messages import deliver_due
from services.observation.handlers.webhook import Outlets
from services.observation.settings import Settings
from services.observation.tickers import close_due
from shared.context import open_context
from shared.kernel.clock import clock_from


async def run(part: str, settings: Settings) -> None:
    context = await open_context("observation", settings, clock_from(settings))
    if part == "close":
        await close_due(context.database, batch=1)
    else:
        await deliver_due(context.database, context.vault, Outlets.of(settings))
    await context.close()


if __name__ == "__main__":
    told = Settings.model_validate_json(Path(sys.argv[2]).read_text(encoding="utf-8"))
    asyncio.run(run(sys.argv[1], told))
