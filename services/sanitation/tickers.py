"""What falls due by business time. Everything is found from state: a service that was down catches up day by day."""

from services.sanitation.handlers import day_close
from shared.db.pool import Database
from shared.runtime import Ticker

DAY_CLOSE = "sanitation.day_close"


def closing() -> Ticker:
    """Close the days that are over, the oldest first."""

    async def act(database: Database) -> None:
        await close_days(database)

    return Ticker(name=DAY_CLOSE, act=act)


async def close_days(database: Database, *, batch: int = day_close.BATCH) -> int:
    """Close everything that is due now; tells how many transactions it took."""
    done = 0
    while True:
        async with database.begin(actor=DAY_CLOSE) as tx:
            if not await day_close.close_next(tx, limit=batch):
                return done
        done += 1
