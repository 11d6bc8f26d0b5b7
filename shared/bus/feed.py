"""A channel of a producer as its reader sees it: dense and in order, whatever the transport does.

Messages come from the stream; what is missing comes from the producer's outbox. The reader hands in the position it
has committed and gets what follows it, or nothing yet.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from shared.bus import metrics, names
from shared.bus.link import APIError, BusError, Link

log = structlog.get_logger(__name__)

FETCH = 500
SILENT_AFTER = 3  # replays in a row without one message from the stream: the subscription is dead


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a reader has come in a channel."""

    epoch: int
    pos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One document at its position, not yet understood."""

    epoch: int
    pos: int
    document: bytes | str
    traceparent: str | None
    message: Any = None

    @property
    def at(self) -> Position:
        """Its position."""
        return Position(self.epoch, self.pos)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a producer last said of a channel."""

    epoch: int
    pos: int
    epochs: dict[int, int]

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> "Head":
        """From a heartbeat or a replay's answer."""
        return cls(
            epoch=int(raw["epoch"]),
            pos=int(raw["pos"]),
            epochs={int(epoch): int(after) for epoch, after in raw["epochs"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEpoch:
    """The producer was restored: go on in `to`; `lost` positions of the old epoch are held here and no longer there."""

    to: Position
    lost: int


class Feed:
    """Reads one channel for one service."""

    def __init__(self, link: Link, *, producer: str, channel: str, durable: str) -> None:
        self.link, self.producer, self.channel, self.durable = link, producer, channel, durable
        self.head: Head | None = None
        self._asked = False
        self._held: deque[Raw] = deque()
        self.subscription: Any = None
        self._replays_without_stream = 0
        self._labels = (producer, channel)

    def heard(self, head: Head) -> None:
        """A heartbeat came."""
        self.head = head

    async def next(self, at: Position, *, wait: float) -> list[Raw] | NewEpoch:
        """What follows `at`, without a hole; empty when nothing came within `wait` seconds or the producer is away.

        Raises:
            BusError: the bus is away.
        """
        if self.head is None and not self._asked:
            # After a crash the stream redelivers only when its patience is over; the producer answers at once.
            self._asked = True
            missed = await self.replay(at)
            if missed:
                return missed
        if self.head and self.head.epoch > at.epoch:
            return await self.replay(at)
        if not self._held:
            await self._fetch(wait)
        ready, repeated = self._take(at)
        if repeated:
            metrics.REDELIVERED.labels(*self._labels).inc(len(repeated))
            if not ready:
                await self.acknowledge(repeated)
        if ready:
            self._replays_without_stream = 0
            metrics.GAP_OPEN.labels(*self._labels).set(0)
            return ready
        if self._held or (self.head and self.head.pos > at.pos):
            return await self._fill(at)
        metrics.GAP_OPEN.labels(*self._labels).set(0)
        return []

    async def acknowledge(self, done: Iterable[Raw]) -> None:
        """Tell the stream that these are committed; losing this only costs a repeat."""
        last = next((raw.message for raw in reversed(list(done)) if raw.message is not None), None)
        if last is not None:
            try:
                await last.ack()
            except BusError:
                log.debug("ack_lost", channel=self.channel)

    def _take(self, at: Position) -> tuple[list[Raw], list[Raw]]:
        """The run of held messages that follows `at`, and those that were applied before."""
        ready: list[Raw] = []
        repeated: list[Raw] = []
        follows = at
        while self._held:
            raw = self._held[0]
            if raw.at <= follows:
                repeated.append(self._held.popleft())
            elif raw.at == Position(follows.epoch, follows.pos + 1):
                ready.append(self._held.popleft())
                follows = raw.at
            else:
                break
        return ready, repeated

    async def _fetch(self, wait: float) -> None:
        if self.subscription is None:
            try:
                self.subscription = await self.link.pull(
                    names.stream(self.producer, self.channel), self.durable
                )
            except (APIError, *BusError):
                await asyncio.sleep(min(wait, 0.5))  # no stream yet, or the bus is away: replay still works
                return
        try:
            messages = await self.subscription.fetch(FETCH, timeout=wait)
        except TimeoutError:
            return
        except (APIError, *BusError) as error:
            log.info("fetch_failed", channel=self.channel, producer=self.producer, error=type(error).__name__)
            await self._resubscribe()
            await asyncio.sleep(0.1)
            return
        for message in messages:
            headers = message.headers or {}
            try:
                epoch, pos = int(headers["Fk-Epoch"]), int(headers["Fk-Pos"])
            except (KeyError, ValueError):
                log.warning("message_without_position", producer=self.producer, channel=self.channel)
                continue  # nobody of ours published it; its place, if any, is filled by replay
            self._held.append(
                Raw(
                    epoch=epoch,
                    pos=pos,
                    document=message.data,
                    traceparent=headers.get("traceparent"),
                    message=message,
                )
            )

    async def _resubscribe(self) -> None:
        old, self.subscription = self.subscription, None
        self._replays_without_stream = 0
        if old is not None:
            metrics.RESUBSCRIBED.labels(*self._labels).inc()
            try:
                await old.unsubscribe()
            except BusError:
                log.debug("unsubscribe_failed", channel=self.channel)

    async def _fill(self, at: Position) -> list[Raw] | NewEpoch:
        """Positions are missing: ask the producer. Until it answers this channel waits; others go on."""
        metrics.GAP_OPEN.labels(*self._labels).set(1)
        answer = await self.replay(at)
        if isinstance(answer, NewEpoch) or not answer:
            return answer
        metrics.REPLAYED.labels(*self._labels).inc(len(answer))
        self._replays_without_stream = 0 if self._held else self._replays_without_stream + 1
        if self._replays_without_stream >= SILENT_AFTER:
            log.warning("subscription_silent", producer=self.producer, channel=self.channel)
            await self._resubscribe()
        return answer

    async def replay(self, at: Position) -> list[Raw] | NewEpoch:
        """What follows `at`, from the producer's outbox; empty while it does not answer.

        Across a restore: first everything of the old epoch that the producer still has, then the new epoch.
        """
        request = json.dumps({"epoch": at.epoch, "from": at.pos + 1}).encode()
        try:
            answer = json.loads(
                await self.link.ask(names.replay(self.producer, self.channel), request, timeout=5)
            )
        except BusError as error:
            log.info("replay_waits", producer=self.producer, channel=self.channel, error=type(error).__name__)
            await asyncio.sleep(0.5)
            return []
        if not answer.get("head"):
            return []
        self.head = Head.parse(answer["head"])
        rows = [
            Raw(epoch=at.epoch, pos=pos, document=document, traceparent=traceparent)
            for pos, _subject, traceparent, document in answer["items"]
        ]
        if self.head.epoch > at.epoch:
            start = self.head.epochs[at.epoch + 1]
            rows = [raw for raw in rows if raw.pos <= start]
            if not rows:
                return NewEpoch(to=Position(at.epoch + 1, start), lost=at.pos - start)
        return [raw for nth, raw in enumerate(rows, start=1) if raw.pos == at.pos + nth]
