"""What all read models share: they say up to which business time each source is in them."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from services.reporting.metrics import PROJECTION_LAG
from services.reporting.store import as_of as store
from shared.bus.consumer import Received
from shared.bus.projection import Projection
from shared.db.pool import Tx

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ReadModel(Projection, name="read_model", version=1, reads=()):
    """A projection that HQ reads.

    The order of one key's events is the order of the channel, which the position guarantees; so the last event
    of a key in a batch is its newest, and rows carry no version.
    """

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """Fold the batch, and note the business time of its newest event."""
        await super().apply(tx, items)
        newest = max(item.time for item in items)
        await tx.execute(store.NOTE_AS_OF, self.name, items[0].producer, items[0].channel, newest)
        PROJECTION_LAG.labels(self.projection).set(max(0.0, (tx.now - newest).total_seconds()))


def columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as the arrays that `unnest` takes, one per column."""
    found: list[list[object]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(found, row, strict=True):
            column.append(value)
    return found
