"""What is done to the stream itself: wiped, doubled, in the wrong order, poisoned. What was done is written down."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar
from uuid import uuid4

import asyncpg
import nats
from nats.js import JetStreamContext
from nats.js.api import StreamState

from deploy.live.checker.bus import Meddled
from shared.bus.credentials import Credentials
from shared.bus.link import APIError, BusError

READ = ("fk_gate_checks", "fk_observation_declarations", "fk_sanitation_rounds", "fk_registry_passes")
"""Streams on which much is told; all of them are read by headquarters."""


PATIENCE = 40.0
"""Seconds: servers that have just lost their leader choose another one first."""
_LATER = (*BusError, APIError)
T = TypeVar("T")


class Meddler:
    """Somebody who may do anything on the bus."""

    def __init__(self, url: str, who: Credentials, meddled: Meddled) -> None:
        self._url, self._who, self.meddled = url, who, meddled

    async def wipe(self, stream: str) -> None:
        """Everything on it is gone; who had not read it asks the producer."""
        await self._patiently(lambda js: js.purge_stream(stream))
        self.meddled.wiped.add(_channel(stream))

    async def remove(self, stream: str) -> None:
        """The stream itself is gone, with its consumers; the keeper makes it again."""
        self.meddled.wiped.add(_channel(stream))
        await self._patiently(lambda js: js.delete_stream(stream))

    async def forget_reader(self, stream: str) -> None:
        """Headquarters' position on the stream is gone; the one in its database is not."""
        await self._patiently(lambda js: js.delete_consumer(stream, "reporting"))

    async def double(self, luck: Random, number: int) -> None:
        """Old messages come once more, newest first: beyond the window in which the server would drop them."""
        for stream in READ:
            state = await self._state(stream)
            if state.messages:
                seqs = {luck.randint(state.first_seq, state.last_seq) for _ in range(number)}
                for seq in sorted(seqs, reverse=True):
                    await self._again(stream, seq)

    async def _state(self, stream: str) -> StreamState:
        return (await self._patiently(lambda js: js.stream_info(stream))).state

    async def _again(self, stream: str, seq: int) -> None:
        message = await self._patiently(lambda js: js.get_msg(stream, seq=seq))
        subject, body = message.subject, message.data or b""
        assert subject is not None  # noqa: S101  # a stored message has one
        # Without the server's own headers: by them it would be a part of a batch that is over.
        headers = {
            name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-")
        }
        service, channel = _channel(stream)
        # One id for all attempts: where an answer was lost, the next attempt is the same message to the server.
        headers["Nats-Msg-Id"] = f"again:{uuid4()}"
        await self._patiently(lambda js: js.publish(subject, body, headers=headers))
        self.meddled.planted[service, channel, int(headers["Fk-Epoch"]), int(headers["Fk-Pos"])] += 1

    async def _patiently(self, act: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """Try again while nobody leads; a thing that is gone already is no trouble of ours."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                client = await nats.connect(
                    self._url.split(","), nkeys_seed_str=self._who.seed, connect_timeout=3
                )
                try:
                    return await act(client.jetstream(timeout=5))
                finally:
                    await client.close()
            except _LATER:
                if loop.time() > end:
                    raise
                await asyncio.sleep(0.3)


_VERSIONS = """
select quote_ident(attname) as name from pg_attribute
where attrelid = 'outbox'::regclass and attname like 'version\\_%' and not attisdropped order by attnum
"""


async def poison(database: str, meddled: Meddled) -> None:
    """An event that no reader can understand, in its right place: told by the gate of a check that never was."""
    connection = await asyncpg.connect(database, timeout=10)
    try:
        row = await connection.fetchrow(
            "select id, subject, document from outbox where channel = 'checks' and subject like '%.EntryChecked.%'"
            " order by id desc limit 1"
        )
        if row is None:
            return
        document = json.loads(row["document"])
        fresh = str(uuid4())
        document |= {"id": fresh, "partitionkey": fresh, "subject": fresh, "sequence": "1"}
        document["data"] = {"check_id": fresh, "compound": document["data"]["compound"], "verdict": "?"}
        written_by = [column["name"] for column in await connection.fetch(_VERSIONS)]
        # Of the version that wrote the one before it: an upgrade may ask for that by now.
        await connection.execute(
            f"insert into outbox ({', '.join(('channel', 'subject', 'document', *written_by))})"  # nosec B608
            f" select {', '.join(('channel', 'subject', '$2', *written_by))} from outbox where id = $1",
            row["id"],
            json.dumps(document),
        )
        meddled.poisoned.append(fresh)
    finally:
        await connection.close()


def _channel(stream: str) -> tuple[str, str]:
    _, service, channel = stream.split("_", 2)
    return service, channel
