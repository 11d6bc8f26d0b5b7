"""Reactions to other services' events. Delivered twice, a reaction acts once: its position is in the transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from shared.bus.consumer import Consumer, Received
from shared.db.closing import is_closed
from shared.db.pool import Tx
from shared.events.base import Event
from shared.obs.logging import use_correlation
from shared.obs.tracing import span, use_traceparent

E_contra = TypeVar("E_contra", bound=Event, contravariant=True)
E = TypeVar("E", bound=Event)


class Reaction(Protocol[E_contra]):
    """What a reaction looks like."""

    def __call__(self, event: E_contra, /, *, tx: Tx) -> Awaitable[None]:
        """React within the transaction that also moves the position."""


class Reactor(Consumer):
    """A named set of reactions. The name is part of the contract and never changes.

    Where the measures are over nothing follows from anything any more, but for what closes down itself
    (`after_closing`): what was still on its way is passed over.
    """

    def __init__(self, name: str, *, after_closing: bool = False) -> None:
        self.name, self._after_closing = name, after_closing
        self.reads: tuple[type[Event], ...] = ()
        self._reactions: dict[type[Event], Callable[..., Awaitable[None]]] = {}

    def on(self, kind: type[E]) -> Callable[[Reaction[E]], Reaction[E]]:
        """Declare the reaction to one kind of event."""

        def declare(reaction: Reaction[E]) -> Reaction[E]:
            if kind in self._reactions:
                raise TypeError(f"{self.name} reacts to {kind.__name__} already")
            self._reactions[kind] = reaction
            self.reads = (*self.reads, kind)
            return reaction

        return declare

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """Each reaction in the order of the channel; what it publishes names the event as its cause."""
        if not self._after_closing and await is_closed(tx):
            return
        for item in items:
            reaction: Any = self._reactions[type(item.event)]
            with (
                use_correlation(item.correlation),
                use_traceparent(item.raw.traceparent),
                span(
                    f"react {self.name}", fangkong__event=item.event.event_name, fangkong__consumer=self.name
                ),
            ):
                async with tx.caused_by(item.id, item.correlation):
                    await reaction(item.event, tx=tx)
