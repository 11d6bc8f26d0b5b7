"""What all read models share: they say up to which business time each source is in them."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

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
        """Note the business time of the batch's newest event, and fold it."""
        newest = max(item.time for item in items)
        await tx.execute(store.NOTE_AS_OF, self.name, items[0].producer, items[0].channel, newest, tx.now)
        await super().apply(tx, items)


_GETTERS: dict[object, Callable[[object], tuple[object, ...]]] = {}


def values(row: Any) -> tuple[object, ...]:
    """The fields of a dataclass as they are: `astuple` would copy every value."""
    kind = type(row)
    if kind not in _GETTERS:
        _GETTERS[kind] = attrgetter(*(field.name for field in fields(kind)))
    return _GETTERS[kind](row)


def columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as the arrays that `unnest` takes, one per column."""
    found: list[list[object]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(found, row, strict=True):
            column.append(value)
    return found
