"""The chain over the log of reads: whoever changes, removes, inserts or reorders what was noted breaks it.

A read is noted in the transaction that reads, without a place in the chain: a place that is known at once would make
all readers wait for each other. The leader gives places afterwards, as the relay numbers the outbox. Until then, for
about a second, a read stands in the queue and is shown as not linked yet.

    hash = SHA-256(hash of the link before | service, place, instant of linking and every column of the read, as JSON)

The chain alone cannot tell that all of it was made anew, or that its end was cut off: for that a head that was noted
elsewhere has to be in it. The leader writes heads into the log, and `./fangkong audit` keeps those that it has seen.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
import structlog

from shared.db.pool import Conn, Database
from shared.leader import Ticker

log = structlog.get_logger(__name__)

LOCK = "select pg_advisory_xact_lock(hashtextextended('fangkong.audit.chain', 0))"
WAITING = "select exists (select from audit_unlinked)"
UNLINKED = """
select r.id, r.at, r.actor, r.role, r.action, r.person_ref, r.scope, r.reason, r.correlation_id
from audit_unlinked u join audit_read r on r.id = u.read_id order by r.id limit $1
"""
HEAD = "select pos, hash from audit_link order by pos desc limit 1"
ADD_LINKS = """
insert into audit_link (pos, read_id, linked_at, hash)
select pos, read_id, $4, hash from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as link (pos, read_id, hash)
"""
TAKE_FROM_QUEUE = "delete from audit_unlinked where read_id = any($1::bigint[])"
LINKS = """
select l.pos, l.read_id, l.linked_at, l.hash, r.id, r.at, r.actor, r.role, r.action, r.person_ref, r.scope, r.reason,
  r.correlation_id
from audit_link l left join audit_read r on r.id = l.read_id where l.pos > $1 order by l.pos limit $2
"""
PAST_THE_QUEUE = """
select id from audit_read r
where not exists (select from audit_link where read_id = r.id)
  and not exists (select from audit_unlinked where read_id = r.id)
order by id limit 1
"""
GONE_FROM_THE_QUEUE = """
select read_id from audit_unlinked u where not exists (select from audit_read where id = u.read_id)
order by read_id limit 1
"""
QUEUED = "select count(*) as reads, min(r.at) as oldest from audit_unlinked u join audit_read r on r.id = u.read_id"

BATCH = 2_000
HEAD_TOLD_SECONDS = 3_600.0
_READ = ("id", "at", "actor", "role", "action", "person_ref", "scope", "reason", "correlation_id")


class Link(NamedTuple):
    """A place in a chain and the hash of everything up to it."""

    pos: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a chain is broken, and how that shows."""

    pos: int | None
    read_id: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A chain that was walked: how far it goes, what waits for a place, and its first fault."""

    head: Link
    queued: int
    oldest_queued: datetime | None
    fault: Fault | None


def beginning(service: str) -> Link:
    """Before the first link: a hash of the service's name, so that no chain passes for another service's."""
    return Link(0, hashlib.sha256(f"fangkong.audit.{service}".encode()).digest())


def hash_of(before: bytes, pos: int, linked_at: datetime, read: Mapping[str, Any] | asyncpg.Record) -> bytes:
    """The hash of a link."""
    told = [pos, _plain(linked_at), *(_plain(read[name]) for name in _READ)]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, int) else str(value)


async def link(database: Database, *, limit: int = BATCH) -> int:
    """Give reads that wait their places, in the order of their ids; tells how many. Several callers take turns."""
    async with database.begin() as tx:
        await tx.execute(LOCK)
        reads = await tx.fetch(UNLINKED, limit)
        if not reads:
            return 0
        last, at = await head(tx, database.service), database.clock.real_now()
        links: list[Link] = []
        for read in reads:
            last = Link(last.pos + 1, hash_of(last.hash, last.pos + 1, at, read))
            links.append(last)
        ids = [read["id"] for read in reads]
        await tx.execute(ADD_LINKS, [one.pos for one in links], ids, [one.hash for one in links], at)
        await tx.execute(TAKE_FROM_QUEUE, ids)
    return len(links)


async def head(conn: Conn, service: str) -> Link:
    """The last link, or what stands before the first."""
    row = await conn.fetchrow(HEAD)
    return Link(row["pos"], row["hash"]) if row else beginning(service)


def linking() -> Ticker:
    """Link what was read in the last second, and write the head into the log once an hour while it moves."""
    told_at, told = float("-inf"), 0

    async def act(database: Database) -> None:
        nonlocal told_at, told
        async with database.read() as conn:
            waiting = await conn.fetchval(WAITING)
        while waiting:
            waiting = await link(database) == BATCH
        if database.clock.monotonic() - told_at < HEAD_TOLD_SECONDS:
            return
        async with database.read() as conn:
            last = await head(conn, database.service)
        if last.pos != told:
            log.info("audit_head", pos=last.pos, hash=last.hash.hex())
            told_at, told = database.clock.monotonic(), last.pos

    return Ticker(name="audit_chain", act=act)


async def check(conn: Conn, service: str, *, noted: Link | None = None) -> Checked:
    """Walk a chain to its first fault.

    Args:
        conn: one consistent view of the database.
        service: whose chain it is.
        noted: a head that was seen before and kept elsewhere; it must be in the chain.
    """
    last, fault = await _walk(conn, beginning(service), noted)
    [queued] = await conn.fetch(QUEUED)
    return Checked(
        head=last,
        queued=queued["reads"],
        oldest_queued=queued["oldest"],
        fault=fault or await _unlinked(conn),
    )


async def _walk(conn: Conn, last: Link, noted: Link | None) -> tuple[Link, Fault | None]:
    while rows := await conn.fetch(LINKS, last.pos, BATCH):
        for row in rows:
            if row["pos"] != last.pos + 1:
                return last, Fault(pos=last.pos + 1, read_id=None, what="link_missing")
            if row["id"] is None:
                return last, Fault(pos=row["pos"], read_id=row["read_id"], what="read_missing")
            if row["hash"] != hash_of(last.hash, row["pos"], row["linked_at"], row):
                return last, Fault(pos=row["pos"], read_id=row["read_id"], what="hash_differs")
            last = Link(row["pos"], row["hash"])
            if noted and noted.pos == last.pos and noted.hash != last.hash:
                return last, Fault(pos=last.pos, read_id=row["read_id"], what="made_anew")
    if noted and noted.pos > last.pos:
        return last, Fault(pos=last.pos + 1, read_id=None, what="cut_off")
    return last, None


async def _unlinked(conn: Conn) -> Fault | None:
    """A read that is neither linked nor waits, or one that waits and is gone."""
    for statement, what in ((PAST_THE_QUEUE, "not_linked"), (GONE_FROM_THE_QUEUE, "read_missing")):
        if (read_id := await conn.fetchval(statement)) is not None:
            return Fault(pos=None, read_id=read_id, what=what)
    return None
