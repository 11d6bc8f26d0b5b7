"""The outbox's statements: insert with the facts, number densely, read in order."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from shared.db.home import moved

_COPY_FROM = 500  # above this many rows COPY is faster than one statement with arrays

INSERT = """
insert into outbox (channel, subject, document, traceparent)
select channel, subject, document, traceparent
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
  as row (channel, subject, document, traceparent, nth)
order by nth
"""

ADD_CHANNELS = """
with added as (
  insert into outbox_channel (channel) select unnest($1::text[]) on conflict do nothing returning channel
)
insert into outbox_epoch (channel, epoch, starts_after) select channel, 1, 0 from added
"""

# Visible rows only, by row id. A row whose transaction is still open is not visible; it gets its (higher) position
# when it is. Per aggregate this is commit order, because its row lock was held when the id was drawn.
NUMBER = """
with fresh as (
  select id, recorded_at, channel from outbox where pos is null order by id limit $1
), placed as (
  select id, recorded_at, channel, row_number() over (partition by channel order by id) as nth from fresh
), head as (
  update outbox_channel c set max_pos = c.max_pos + k.n
  from (select channel, count(*) as n from fresh group by channel) k
  where c.channel = k.channel
  returning c.channel, c.epoch, c.max_pos - k.n as base
)
update outbox o set epoch = head.epoch, pos = head.base + placed.nth
from placed join head using (channel)
where o.id = placed.id and o.recorded_at = placed.recorded_at
"""

# By their index, however few rows the statistics know of: an outbox grows by thousands before anybody counts again.
LOCK_NUMBERING = """
select pg_advisory_xact_lock(hashtextextended('fangkong.outbox.numbering', 0)),
  set_config('enable_seqscan', 'off', true)
"""

# Both parts are answered by an index or by a table of a few rows: what an idle relay asks twice a second. The order
# makes it the index, also where nobody has counted the rows yet.
WAITING = """
select (select id from outbox where pos is null order by id limit 1) is not null
  or exists (select from outbox_channel where published_pos < max_pos)
"""

CHANNELS = "select channel, epoch, max_pos, published_pos from outbox_channel order by channel"

EPOCHS = "select channel, epoch, starts_after from outbox_epoch order by channel, epoch"

EPOCH_STARTS = "select starts_after from outbox_epoch where channel = $1 and epoch = $2"

READ = """
select epoch, pos, subject, document, traceparent from outbox
where channel = $1 and epoch = $2 and pos >= $3 order by pos limit $4
"""

MARK_PUBLISHED = """
update outbox_channel set published_pos = $3
where channel = $1 and epoch = $2 and published_pos < $3
"""

PENDING = """
select (select count(*) from outbox where pos is null)
     + (select coalesce(sum(max_pos - published_pos), 0) from outbox_channel) as pending,
  least(
    (select recorded_at from outbox where pos is null order by id limit 1),
    (select min(o.recorded_at) from outbox_channel c join lateral (
       select recorded_at from outbox o
       where o.channel = c.channel and o.epoch = c.epoch and o.pos = c.published_pos + 1) o on true
     where c.max_pos > c.published_pos)
  ) as oldest
"""

UNNUMBERED_SECONDS = """
select extract(epoch from clock_timestamp() - recorded_at) from outbox where pos is null order by id limit 1
"""

BEGIN_EPOCH = """
with next as (
  update outbox_channel set epoch = epoch + 1, published_pos = max_pos returning channel, epoch, max_pos
)
insert into outbox_epoch (channel, epoch, starts_after) select channel, epoch, max_pos from next
"""

# The text is searched before it is parsed: erasing is rare, and an index would cost every event that is published.
BLANK = """
update outbox set document = jsonb_set(document::jsonb, array['data', $4::text], 'null')::text
where channel like $1 and document like any($2::text[]) and document::jsonb -> 'data' ->> $5 = any($3::text[])
"""

ENSURE_MONTHS = "select outbox_ensure_months(2)"


class Row(NamedTuple):
    """An event on its way into the outbox."""

    channel: str
    subject: str
    document: str
    traceparent: str | None


async def insert(connection: "asyncpg.Connection[asyncpg.Record]", rows: Sequence[Row]) -> None:
    """Add rows as the transaction's last statement."""
    if not rows:
        return
    if len(rows) > _COPY_FROM:
        await connection.copy_records_to_table(
            "outbox",
            columns=["channel", "subject", "document", "traceparent"],
            records=[(row.channel, row.subject, row.document, row.traceparent) for row in rows],
        )
        return
    await connection.execute(
        INSERT,
        [row.channel for row in rows],
        [row.subject for row in rows],
        [row.document for row in rows],
        [row.traceparent for row in rows],
    )


async def blank(
    connection: Any, *, channels: str, refs: Sequence[UUID], field: str, key: str = "person_ref"
) -> None:
    """Empty a field in everything told of somebody or something; the positions stay, so a replay has no gap.

    Args:
        connection: inside the transaction of the erasure.
        channels: a LIKE pattern.
        refs: of whom, or of what.
        field: a field of the event that may be null.
        key: the field of the event that says of whom.
    """
    texts = sorted(str(ref) for ref in refs)
    if texts:
        await connection.execute(BLANK, channels, [f"%{text}%" for text in texts], texts, field, key)


async def number(connection: Any, *, limit: int) -> int:
    """Give visible rows their positions; returns how many. Safe with several callers: a lock makes them take turns.

    In a database that was restored or moved every channel goes on in a new epoch first, which names the position from
    which it continues. What was committed there and not yet numbered goes into the new epoch, with what callers
    commit from now on: nothing tells the two apart, and told twice is what reactions bear, while a reader that holds
    positions of the old epoch would drop what it never saw.
    """
    async with connection.transaction():
        await connection.execute(LOCK_NUMBERING)
        if await moved(connection):
            await connection.execute(BEGIN_EPOCH)
        tag = await connection.execute(NUMBER, limit)
    return int(tag.rsplit(" ", 1)[1])


async def epochs(connection: Any) -> dict[str, dict[int, int]]:
    """Per channel: epoch -> the position after which it starts."""
    found: dict[str, dict[int, int]] = {}
    for row in await connection.fetch(EPOCHS):
        found.setdefault(row["channel"], {})[row["epoch"]] = row["starts_after"]
    return found
