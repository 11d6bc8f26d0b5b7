"""Database and transaction: the one place where facts and their events are committed together.

`Tx.publish` collects events; they become outbox rows as the last statement before the commit, so that their
ids are drawn after every row lock of the transaction is held. The relay's numbering relies on that order.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import asyncpg

from shared.bus import outbox
from shared.db import reach
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.kernel.clock import Clock
from shared.kernel.days import local_day
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.obs.logging import current_correlation, get_logger
from shared.obs.tracing import current_traceparent

log = get_logger(__name__)

TRANSIENT = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the server dies under a statement
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.InternalServerError,
)
"""Trouble of the moment with the database: the same call may succeed later, and nothing was half done."""

Rejections = Mapping[str, Refusal]
"""What a violated constraint means to the caller: constraint name -> refusal (style: invariants are constraints)."""


looking: ContextVar[bool] = ContextVar("looking", default=False)
"""Is this work only a look whether something is due? That it committed is no reason for others to look."""


class Committed(asyncio.Event):
    """Set when something was committed for the relay, who clears it; `count` grows with all that may concern others."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def set(self) -> None:
        """Something was published."""
        self.count += 1
        super().set()


class Conn:
    """A connection narrowed to what stores use."""

    def __init__(self, raw: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.raw = raw

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """All rows of a query."""
        return await self.raw.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """The first row, or nothing."""
        return await self.raw.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first column of the first row, or nothing."""
        return await self.raw.fetchval(query, *args)


class Tx(Conn):
    """One transaction of one command or reaction; only it publishes."""

    def __init__(
        self,
        raw: "asyncpg.Connection[asyncpg.Record]",
        *,
        now: datetime,
        actor: str | None,
        cause: Cause,
        worker_ref: UUID | None = None,
    ) -> None:
        super().__init__(raw)
        self.now = now
        self.today: date = local_day(now)
        self.actor = actor
        self.worker_ref = worker_ref
        """Who of the workers it is that acts, where the issuer says so: their work is credited (R7.3)."""
        self.cause = cause
        self.pending: list[outbox.Row] = []

    @property
    def by(self) -> str:
        """Who acts, for what names somebody: the log of reads, whose export it is.

        Raises:
            RuntimeError: the transaction began without saying; a note of nobody would be none.
        """
        if self.actor is None:
            raise RuntimeError("this transaction has to say who acts: Database.begin(actor=...)")
        return self.actor

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; returns PostgreSQL's command tag."""
        return await self.raw.execute(query, *args)

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None:
        """Run a statement for many rows."""
        await self.raw.executemany(query, args)

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """COPY rows in binary: the fast way for bulk imports."""
        await self.raw.copy_records_to_table(table, columns=list(columns), records=rows)

    async def copy_to_places(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """COPY rows into a table under row-level security, into which PostgreSQL copies by way of another only."""
        named = ", ".join(columns)
        # Names of the program's own, never a caller's.
        await self.raw.execute(
            f"create temp table copied on commit drop as select {named} from {table} limit 0"
        )
        await self.raw.copy_records_to_table("copied", columns=list(columns), records=rows)
        await self.raw.execute(
            f"insert into {table} ({named}) select {named} from copied"  # nosec B608
        )
        await self.raw.execute("drop table copied")

    async def publish(self, event: Event, *, version: int, cause: Cause | None = None) -> UUID:
        """Record an event with the facts of this transaction.

        Args:
            event: the fact, past tense; it leaves nothing that identifies a person in the clear.
            version: the aggregate's version after this fact, from 1; readers tell old news from new by it.
            cause: why, where one transaction serves several requests; else the transaction's own.

        Returns:
            The event's id.
        """
        event_id, cause = uuid7(), cause or self.cause
        self.pending.append(
            outbox.Row(
                channel=event.channel_name(),
                subject=event.subject(),
                document=encode(event, event_id=event_id, time=self.now, version=version, cause=cause),
                traceparent=cause.traceparent or current_traceparent(),
            )
        )
        return event_id

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail alone: its rows and its events go together."""
        kept = len(self.pending)
        try:
            async with self.raw.transaction():
                yield
        except BaseException:
            del self.pending[kept:]
            raise

    @asynccontextmanager
    async def beyond(self) -> AsyncIterator[None]:
        """A part that writes in places that are not the caller's, because a rule says so: what follows from an act.

        Whoever uses it says which rule; that the caller may act at all was asked before.
        """
        before = reach.current().writes
        if before == reach.EVERYWHERE:
            yield
            return
        await self.fetchval(reach.WIDEN, reach.EVERYWHERE)
        with reach.reaching(reach.TOWN):
            yield
        await self.fetchval(reach.WIDEN, before)  # not after an error: the transaction is over then

    @asynccontextmanager
    async def caused_by(self, event_id: UUID, correlation: UUID) -> AsyncIterator[None]:
        """Events published inside name this one as their cause."""
        before, self.cause = self.cause, Cause(correlation=correlation, causation=event_id)
        try:
            yield
        finally:
            self.cause = before


class Database:
    """A service's own database.

    With `schema` only what lies in this schema can be named: a copy that is built beside the tables in use. What it
    loses when the server dies is built again, so its commits do not wait for the disk.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        clock: Clock,
        rejections: Rejections | None = None,
        size: int = 10,
        schema: str | None = None,
    ) -> None:
        self.url, self.service, self.clock, self.size, self.schema = url, service, clock, size, schema
        self.rejections: Rejections = rejections or {}
        self.committed = Committed()
        self.outbox_numbered = asyncio.Event()
        """Something has got its position."""
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._in_order = set[int]()
        """Connections, by the server's process, that are given back after what was done on them ended in order."""

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        service: str,
        clock: Clock,
        rejections: Rejections | None = None,
        size: int = 10,
        schema: str | None = None,
    ) -> Self:
        """A database that is connected. Raises as `connect` does."""
        database = cls(url, service=service, clock=clock, rejections=rejections, size=size, schema=schema)
        await database.connect()
        return database

    async def connect(self) -> None:
        """Open the pool. Raises `OSError` or `asyncpg.PostgresError` when the server cannot be reached."""
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=self.size,
            init=self._prepare,
            reset=self._take_back,
            timeout=10,
            command_timeout=60,
            server_settings={
                "application_name": f"fangkong-{self.service}",
                "timezone": "UTC",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "30s",
                "jit": "off",  # statements are short; compiling them costs more than running them
                **reach.SESSION,
                **({"search_path": self.schema, "synchronous_commit": "off"} if self.schema else {}),
            },
        )

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The connections. Raises `ConnectionError` before `connect`."""
        if self._pool is None:
            raise ConnectionError("the database is not connected")
        return self._pool

    async def close(self) -> None:
        """Wait for the transactions in flight, then close."""
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def begin(
        self, *, actor: str | None = None, worker_ref: UUID | None = None, cause: Cause | None = None
    ) -> AsyncIterator[Tx]:
        """One transaction: its facts and its events are committed together or not at all.

        Raises:
            Refusal: the typed meaning of a violated constraint, where the service named one.
        """
        try:
            async with self._transaction() as connection:
                await _narrow(connection)
                tx = Tx(
                    connection,
                    now=self.clock.now(),
                    actor=actor,
                    worker_ref=worker_ref,
                    cause=cause or Cause(correlation=current_correlation() or uuid7()),
                )
                yield tx
                published = bool(tx.pending)
                await outbox.insert(connection, tx.pending)
        except asyncpg.IntegrityConstraintViolationError as error:
            refusal = self.rejections.get(error.constraint_name or "")
            if refusal is None:
                raise
            raise refusal from error
        except asyncpg.InsufficientPrivilegeError as error:
            if reach.current() == reach.TOWN:
                raise
            log.exception("written_beyond_reach", subject=actor)
            raise reach.BeyondReach from error
        if published:
            self.committed.set()
        elif not looking.get():
            self.committed.count += 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Conn]:
        """One consistent view of the database, without writing."""
        async with self._transaction(isolation="repeatable_read", readonly=True) as connection:
            await _narrow(connection)
            yield Conn(connection)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection for statements that each commit by themselves."""
        async with self.pool.acquire() as raw:
            yield raw_connection(raw)
            self._in_order.add(raw.get_server_pid())

    @asynccontextmanager
    async def _transaction(self, **how: Any) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        async with self.statements() as raw, raw.transaction(**how):
            yield raw

    async def _prepare(self, raw: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._in_order.discard(raw.get_server_pid())
        for name in ("json", "jsonb"):
            await raw.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")

    async def _take_back(self, raw: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Reset a connection, unless what was done on it ended in order: that would cost each use a round trip.

        Nothing outlives a transaction here: no statement sets a session's variables, listens, or takes a session's
        advisory lock on a connection of the pool. But one that was cancelled outside of a transaction, between its
        preparing and its running, leaves the server in a transaction of which the driver knows nothing.
        """
        pid = raw.get_server_pid()
        if pid in self._in_order:
            self._in_order.remove(pid)
        else:
            await raw.reset()


def raw_connection(proxy: Any) -> "asyncpg.Connection[asyncpg.Record]":
    """The connection behind a pool's proxy, for typing only: the proxy forwards everything."""
    connection: asyncpg.Connection[asyncpg.Record] = proxy
    return connection


async def _narrow(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Say how far this transaction reaches, where that is less than the town."""
    if (asked := reach.current()) != reach.TOWN:
        await raw.execute(reach.NARROW, asked.reads, asked.writes)
