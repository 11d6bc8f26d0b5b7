"""A person settles a dead letter: replayed in order with what is parked behind it, or let go with a reason."""

from collections.abc import Mapping

from shared.bus import dead_letters
from shared.bus.consumer import Consumer, Received, understand
from shared.bus.feed import Raw
from shared.db.pool import Database


async def replay(database: Database, consumers: Mapping[str, Consumer], letter: int) -> int:
    """Apply a dead letter and what is parked behind it, in order and in one transaction; returns how many.

    Raises:
        dead_letters.NoSuchDeadLetterError: it is unknown or settled already.
        Exception: what the consumer raises; then everything waits as before.
    """
    async with database.begin() as tx:
        rows = await tx.fetch(dead_letters.ROW_OF, letter)
        if not rows or letter not in {row["id"] for row in rows}:
            raise dead_letters.NoSuchDeadLetterError(letter)
        consumer = consumers[rows[0]["consumer"]]
        for row in rows:
            item = understand(
                Raw(epoch=row["epoch"], pos=row["pos"], document=row["document"], traceparent=None),
                producer=row["producer"],
                channel=row["channel"],
                wanted=consumer.wanted,
            )
            if isinstance(item, Received):
                await consumer.apply(tx, [item])
            elif item is not None:
                raise ValueError(item.error)
            await tx.execute(dead_letters.SETTLE, row["id"], "replayed", None)
    return len(rows)


async def discard(database: Database, letter: int, reason: str) -> None:
    """Let a dead letter go, with the reason kept; what is parked behind it stays and may be replayed.

    Raises:
        dead_letters.NoSuchDeadLetterError: it is unknown or settled already.
    """
    async with database.begin() as tx:
        if await tx.execute(dead_letters.SETTLE, letter, "discarded", reason) != "UPDATE 1":
            raise dead_letters.NoSuchDeadLetterError(letter)
