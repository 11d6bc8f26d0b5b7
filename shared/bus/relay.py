"""The relay: numbers what was committed, publishes it in order, says how far it is, and answers from the outbox.

Correct with any number of relays at once (numbering takes a lock, a repeated position is dropped by every reader);
one at a time is only cheaper, so the runtime starts one per service.
"""

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from shared.bus import metrics, names, outbox
from shared.bus.durability import ForgetfulBusError, assert_kept
from shared.bus.link import BatchRefusedError, BusError, Link, Message
from shared.db.pool import TRANSIENT, Database
from shared.events.envelope import CONTENT_TYPE
from shared.kernel.tasks import stop_if_cancelled

log = structlog.get_logger(__name__)

NUMBER_AT_ONCE = 5_000
BATCH = 500
BEAT_SECONDS = 5.0
POLL_SECONDS, IDLE_SECONDS = 0.1, 0.5
"""What this process commits wakes its relay; for what others commit it looks, less often the longer it is quiet."""
GATHER_SECONDS = 0.1
"""From the beginning of one pass to the next while events keep coming: a pass costs nearly the same for one event as
for fifty, so a busy service does not pay for one after every commit. The first event after a pause goes at once."""
REPLAY_ROWS = 500
REPLAY_BYTES = 600_000  # one answer stays under the server's 1 MB payload limit, escapes included
_AWAY = (*BusError, *TRANSIENT, ForgetfulBusError)


class Relay:
    """Moves a service's outbox onto the bus."""

    def __init__(self, database: Database, link: Link, *, channels: list[str]) -> None:
        self.database, self.link, self.channels = database, link, channels
        self.service = database.service

    async def run(self) -> None:
        """Until cancelled: pump, beat and answer."""
        await self._prepare()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(), name="relay-pump")
            group.create_task(self._beat(), name="relay-beat")
            group.create_task(self._answer(), name="relay-answer")

    async def drain(self, seconds: float) -> None:
        """Before stopping: publish what is committed, as far as the bus and the time allow."""
        with suppress(*_AWAY, TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.step():
                    pass

    async def step(self) -> int:
        """Number and publish once; returns how many rows moved."""
        async with self.database.statements() as connection:
            if not await connection.fetchval(outbox.WAITING):
                return 0
            numbered = await outbox.number(connection, limit=NUMBER_AT_ONCE)
        if numbered:
            self.database.outbox_numbered.set()
        return numbered + await self._publish()

    async def _prepare(self) -> None:
        while True:
            try:
                async with self.database.statements() as connection:
                    await connection.execute(outbox.ADD_CHANNELS, self.channels)
                    await outbox.number(connection, limit=0)  # a moved database says so before anything else
                    await connection.execute(outbox.ENSURE_MONTHS)
            except TRANSIENT as error:
                log.warning("relay_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(1)
            else:
                return

    async def _pump(self) -> None:
        wait = POLL_SECONDS
        while True:
            stop_if_cancelled()
            self.database.committed.clear()
            next_pass = time.monotonic() + GATHER_SECONDS
            try:
                moved = await self.step()
            except _AWAY as error:
                log.info("relay_waits", error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
                continue
            wait = POLL_SECONDS if moved else min(wait * 2, IDLE_SECONDS)
            if not moved:
                with suppress(TimeoutError):  # the poll finds what other processes committed
                    async with asyncio.timeout(wait):
                        await self.database.committed.wait()
            elif moved < BATCH:
                await asyncio.sleep(next_pass - time.monotonic())

    async def _publish(self) -> int:
        await assert_kept(self.link)
        moved = 0
        async with self.database.statements() as connection:
            for channel in await connection.fetch(outbox.CHANNELS):
                done: int = channel["published_pos"]
                while done < channel["max_pos"]:
                    rows = await connection.fetch(
                        outbox.READ, channel["channel"], channel["epoch"], done + 1, BATCH
                    )
                    if not rows:
                        break
                    await self._send(channel["channel"], rows)
                    done = rows[-1]["pos"]
                    await connection.execute(
                        outbox.MARK_PUBLISHED, channel["channel"], channel["epoch"], done
                    )
                    metrics.PUBLISHED.labels(channel["channel"]).inc(len(rows))
                    moved += len(rows)
        return moved

    async def _send(self, channel: str, rows: list[asyncpg.Record]) -> None:
        messages = [self._message(channel, row) for row in rows]
        if len(messages) > 1:
            try:
                await self.link.publish_batch(messages)
            except BatchRefusedError as refused:
                # Usually a crash between publishing and marking: some are stored already. One by one they dedupe.
                metrics.BATCH_REFUSED.inc()
                log.info("batch_refused", channel=channel, code=str(refused), rows=len(rows))
            else:
                return
        for message in messages:
            await self.link.publish(message)

    def _message(self, channel: str, row: asyncpg.Record) -> Message:
        headers = {
            "Nats-Msg-Id": names.message_id(self.service, channel, row["epoch"], row["pos"]),
            "Content-Type": CONTENT_TYPE,
            "Fk-Epoch": str(row["epoch"]),
            "Fk-Pos": str(row["pos"]),
        }
        if row["traceparent"]:
            headers["traceparent"] = row["traceparent"]
        return Message(subject=row["subject"], body=row["document"].encode(), headers=headers)

    async def _beat(self) -> None:
        """Every few seconds: how far each channel is, so that a lost tail is noticed without any later event."""
        while True:
            stop_if_cancelled()
            try:
                async with self.database.statements() as connection:
                    body = {"service": self.service, "channels": await self._heads(connection)}
                    pending = await connection.fetchrow(outbox.PENDING)
                if pending:
                    metrics.OUTBOX_PENDING.set(pending["pending"])
                    oldest: datetime | None = pending["oldest"]
                    metrics.OLDEST_PENDING.set(oldest.timestamp() if oldest else 0)
                body["at"] = datetime.now(UTC).isoformat()
                await self.link.tell(names.heartbeat(self.service), json.dumps(body).encode())
            except _AWAY as error:
                log.info("heartbeat_waits", error=type(error).__name__)
            await asyncio.sleep(BEAT_SECONDS)

    @staticmethod
    async def _heads(connection: Any) -> dict[str, Any]:
        epochs = await outbox.epochs(connection)
        return {
            row["channel"]: {
                "epoch": row["epoch"],
                "pos": row["published_pos"],
                "epochs": epochs[row["channel"]],
            }
            for row in await connection.fetch(outbox.CHANNELS)
        }

    async def _answer(self) -> None:
        await self.link.up.wait()
        while True:
            stop_if_cancelled()
            try:
                for channel in self.channels:
                    await self.link.listen(
                        names.replay(self.service, channel), self._replay, queue=self.service
                    )
            except BusError:
                await asyncio.sleep(0.5)
            else:
                await asyncio.Event().wait()  # the client re-subscribes by itself

    async def _replay(self, request: Any) -> None:
        channel = request.subject.rsplit(".", 1)[1]
        try:
            asked = json.loads(request.data)
            epoch, start = int(asked["epoch"]), int(asked["from"])
            limit = min(int(asked.get("limit", REPLAY_ROWS)), REPLAY_ROWS)
            async with self.database.statements() as connection:
                heads = await self._heads(connection)
                rows = await connection.fetch(outbox.READ, channel, epoch, start, limit)
        except (KeyError, TypeError, ValueError) as error:
            await request.respond(json.dumps({"error": type(error).__name__}).encode())
            return
        except TRANSIENT as error:
            log.warning("replay_unanswered", error=type(error).__name__)
            await request.respond(b'{"error": "away"}')  # the asker asks again
            return
        items: list[list[Any]] = []
        size = 0
        for row in rows:
            size += len(row["document"].encode())
            if items and size > REPLAY_BYTES:
                break
            items.append([row["pos"], row["subject"], row["traceparent"], row["document"]])
        await request.respond(
            json.dumps({"head": heads.get(channel), "items": items}, ensure_ascii=False).encode()
        )
