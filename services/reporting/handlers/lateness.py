"""How long read models have been without what was said: the time since the first event that they lack was heard of."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Source = tuple[str, str]
"""Producer and channel."""
Place = tuple[int, int]
"""Epoch and position."""
_MOST_KEPT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One consumer in one channel."""

    consumer: str
    source: Source
    at: Place


class Lateness:
    """Remembers when each channel was first heard to be how far; one of them in the process that leads."""

    def __init__(self) -> None:
        self._heard: dict[Source, deque[tuple[datetime, Place]]] = {}

    def look(
        self, now: datetime, heads: Mapping[Source, Place], standings: Iterable[Standing]
    ) -> dict[str, float]:
        """How many seconds each consumer is late, 0 when it has everything that was heard of."""
        standings = list(standings)
        for source, head in heads.items():
            self._hear(
                source, now, head, min((one.at for one in standings if one.source == source), default=head)
            )
        late: dict[str, float] = {}
        for one in standings:
            lacking = (when for when, place in self._heard.get(one.source, ()) if place > one.at)
            seconds = (now - next(lacking, now)).total_seconds()
            late[one.consumer] = max(late.get(one.consumer, 0.0), seconds)
        return late

    def _hear(self, source: Source, now: datetime, head: Place, slowest: Place) -> None:
        heard = self._heard.setdefault(source, deque())
        while heard and heard[0][1] <= slowest:  # everybody has these
            heard.popleft()
        if head > slowest and (not heard or heard[-1][1] < head):
            heard.append((now, head))
        if len(heard) > _MOST_KEPT:  # stuck for hours: fewer marks tell it as well
            self._heard[source] = deque(mark for nth, mark in enumerate(heard) if nth % 2 == 0)
