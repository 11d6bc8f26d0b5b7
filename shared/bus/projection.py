"""Projections: batches of events folded into few statements on read models and local copies."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, TypeVar, cast

from shared.bus.consumer import Consumer, Received
from shared.db.pool import Tx
from shared.events.base import Event

E = TypeVar("E", bound=Event)


class EventBatch:
    """A run of events, dense and in order."""

    def __init__(self, received: Sequence[Received]) -> None:
        self.received = received
        self._by_kind: defaultdict[type[Event], list[Received]] = defaultdict(list)
        for item in received:
            self._by_kind[type(item.event)].append(item)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [cast("E", item.event) for item in self._by_kind.get(kind, ())]

    def envelopes(self, kind: type[Event]) -> list[Received]:
        """The same with what the transport knows of them (id, time, version)."""
        return self._by_kind.get(kind, [])


class Projection(Consumer):
    """A named, versioned fold of events into tables.

    Class keywords:
        name: durable identity of the projection.
        version: raised when the fold changes; a new version is built beside the old one.
        reads: the events that it folds.
    """

    projection: ClassVar[str]
    version: ClassVar[int]
    tables: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, name: str, version: int, reads: tuple[type[Event], ...]) -> None:
        super().__init_subclass__()
        cls.projection, cls.version, cls.reads = name, version, reads
        cls.name = name if version == 1 else f"{name}.v{version}"

    @abstractmethod
    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Fold a batch into the tables; rows sorted by key, so that two writers never deadlock."""

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """A batch of up to 1,000 events."""
        await self.write(tx, EventBatch(items))
