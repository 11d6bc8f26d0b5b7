"""Events that a consumer could not apply: kept whole, in its own database, until a person settles them.

Later events of the same key are parked behind a dead letter, so that order is kept; a replay takes the whole row of
them in order. Nothing is ever dropped silently.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import asyncpg

from shared.db.pool import Tx
from shared.kernel.refusal import Refusal

BLOCKED = """
select distinct consumer, partition_key from dead_letter where consumer = any($1::text[]) and state = 'waiting'
"""
BURY = """
insert into dead_letter
  (consumer, producer, channel, epoch, pos, event_type, partition_key, document, reason, error)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (consumer, producer, channel, epoch, pos) do nothing
"""
LIST = """
select id, consumer, producer, channel, epoch, pos, event_type, reason, error, state, created_at
from dead_letter where state = 'waiting' order by consumer, id
"""
COUNT = "select consumer, count(*) as waiting from dead_letter where state = 'waiting' group by consumer"
ROW_OF = """
select id, consumer, producer, channel, epoch, pos, event_type, partition_key, document
from dead_letter
where state = 'waiting' and consumer = (select consumer from dead_letter where id = $1)
  and (id = $1 or partition_key = (select partition_key from dead_letter where id = $1))
order by producer, channel, epoch, pos for update
"""
SETTLE = """
update dead_letter set state = $2, settled_at = clock_timestamp(), note = $3 where id = $1 and state = 'waiting'
"""


class Reason(StrEnum):
    """Why an event was set aside."""

    UNDECODABLE = "undecodable"
    POISON = "poison"
    PARKED = "parked"


class NoSuchDeadLetterError(Exception):
    """No waiting dead letter has this number."""


def describe(error: Exception) -> str:
    """An error in words that carry nothing of the event's content: class, code, constraint."""
    parts = [type(error).__name__]
    if isinstance(error, Refusal):
        parts.append(error.code)
    if isinstance(error, asyncpg.PostgresError):
        parts.extend(str(part) for part in (error.sqlstate, getattr(error, "constraint_name", None)) if part)
    return " ".join(parts)


async def blocked_keys(tx: Tx, consumers: Sequence[str]) -> set[tuple[str, str | None]]:
    """Consumer and key of which an earlier event waits."""
    return {(row["consumer"], row["partition_key"]) for row in await tx.fetch(BLOCKED, consumers)}


def text_of(document: bytes | str) -> str:
    """A document as PostgreSQL can store it, whatever it is: without NUL."""
    text = document.decode("utf-8", "backslashreplace") if isinstance(document, bytes) else document
    return text.replace("\x00", "\\x00")


async def list_dead(connection: Any) -> list[Mapping[str, Any]]:
    """Everything that waits, oldest first per consumer."""
    return [dict(row) for row in await connection.fetch(LIST)]
