"""Messages: queued, taken up for an attempt, settled. What one says is sealed and goes when it has left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.observation.domain.messages import Channel, Kind, MessageState, Unsent
from services.observation.store.desk import Reach
from shared.db.pool import Conn, Tx

CONTACTS = "select person_ref, phone_sealed from contact_card where person_ref = any($1::uuid[])"
ADD = """
insert into message (message_id, case_id, person_ref, day, window_name, kind, channel, state, reason, content_sealed,
  queued_at, due_at, settled_at)
select message_id, case_id, person_ref, day, window_name, kind, channel, state, reason, content_sealed,
  $11::timestamptz, due_at, case when state = 'not_sent' then $11::timestamptz end
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::bytea[], $12::timestamptz[]) with ordinality as m (message_id, case_id, person_ref, day, window_name, kind,
  channel, state, reason, content_sealed, due_at, nth)
order by nth
"""
SUPERSEDE = """
update message m set state = 'not_sent', reason = 'superseded', content_sealed = null, settled_at = $2
where m.case_id = any($1::uuid[]) and m.channel = 'sms' and m.state = 'queued' and m.attempts = 0
  and exists (select from message newer
    where newer.case_id = m.case_id and newer.channel = 'sms' and newer.state = 'queued' and newer.number > m.number)
"""
DROP_NEEDLESS = """
update message m set state = 'not_sent', reason = 'not_needed', content_sealed = null, settled_at = $1
from observation_case c
where c.case_id = m.case_id and m.state = 'queued' and m.due_at <= $1 and (m.try_at is null or m.try_at <= $2)
  and (c.state <> 'under_observation' or exists (select from declaration d
    where d.case_id = m.case_id and d.day = m.day and d.window_name = m.window_name and d.standing <> 'after'))
"""
HOLD = """
update message set due_at = $3 where state = 'queued' and due_at <= $1 and (try_at is null or try_at <= $2)
"""
ANY_DUE = """
select exists (select from message where state = 'queued' and due_at <= $1 and (try_at is null or try_at <= $2))
"""
TAKE_UP = """
update message m set attempts = m.attempts + 1, try_at = $3
from (select message_id from message
  where state = 'queued' and due_at <= $1 and (try_at is null or try_at <= $2)
  order by due_at, number limit $4 for update skip locked) due
where m.message_id = due.message_id
returning m.message_id, m.number, m.person_ref, m.channel, m.kind, m.content_sealed, m.attempts,
  (select w.closed_at from missed_window w
   where w.case_id = m.case_id and w.day = m.day and w.window_name = m.window_name) as closed_at
"""
SETTLE = """
update message m set state = s.state, reason = s.reason, content_sealed = null, try_at = null,
  sent_at = case when s.state = 'sent' then $4::timestamptz end,
  settled_at = case when s.state <> 'sent' then $4::timestamptz end
from unnest($1::uuid[], $2::text[], $3::text[]) as s (message_id, state, reason)
where m.message_id = s.message_id and m.state = 'queued' returning m.message_id
"""
PUT_OFF = """
update message m set try_at = p.try_at from unnest($1::uuid[], $2::timestamptz[]) as p (message_id, try_at)
where m.message_id = p.message_id and m.state = 'queued'
"""
RECEIVE = """
update message set state = $2, reason = $3, content_sealed = null, try_at = null, settled_at = $4,
  sent_at = coalesce(sent_at, $4)
where message_id = $1 and state in ('queued', 'sent') and attempts > 0 returning message_id
"""
STATE_OF = "select state from message where message_id = $1 and attempts > 0"
ERASE = """
update message set state = 'not_sent', reason = 'erased', content_sealed = null, try_at = null, settled_at = $2
where person_ref = any($1::uuid[]) and state = 'queued'
"""
PAGE = """
select m.number, m.message_id, m.case_id, m.person_ref, c.compound, c.grid, m.day, m.window_name as window, m.kind,
  m.channel, m.state, m.reason, m.attempts, m.queued_at, m.due_at, m.sent_at, m.settled_at
from message m join observation_case c using (case_id) left join compound_place p using (compound)
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5) and ($6::text is null or c.grid = $6)
  and ($7::text is null or m.state = $7) and ($8::text is null or m.channel = $8)
  and ($9::uuid is null or m.case_id = $9) and m.number > $10
order by m.number limit $11
"""
COUNTS = """
select m.channel, m.state, m.reason, count(*) as messages
from message m join observation_case c using (case_id) left join compound_place p using (compound)
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5) and ($6::text is null or c.grid = $6)
group by m.channel, m.state, m.reason order by m.channel, m.state, m.reason
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message as it is kept: queued with its sealed content, or not sent with the reason."""

    message_id: UUID
    case_id: UUID
    person_ref: UUID
    day: date
    window: str
    kind: Kind
    channel: Channel
    due_at: datetime
    sealed: bytes | None = field(default=None, repr=False)
    reason: Unsent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of a message."""

    message_id: UUID
    state: MessageState
    reason: Unsent | None = None


async def phones(conn: Conn, people: Sequence[UUID]) -> dict[UUID, bytes]:
    """Read the sealed phone numbers of people; whoever has none has no entry."""
    rows = await conn.fetch(CONTACTS, list(people))
    return {row["person_ref"]: row["phone_sealed"] for row in rows if row["phone_sealed"] is not None}


async def add(tx: Tx, messages: Sequence[NewMessage]) -> None:
    """Keep messages in their order. Of several to one person that wait, the newest alone is sent."""
    if not messages:
        return
    await tx.execute(
        ADD,
        [new.message_id for new in messages],
        [new.case_id for new in messages],
        [new.person_ref for new in messages],
        [new.day for new in messages],
        [new.window for new in messages],
        [new.kind for new in messages],
        [new.channel for new in messages],
        ["queued" if new.reason is None else "not_sent" for new in messages],
        [new.reason for new in messages],
        [new.sealed for new in messages],
        tx.now,
        [new.due_at for new in messages],
    )
    if told := sorted({new.case_id for new in messages if new.channel == "sms" and new.reason is None}):
        await tx.execute(SUPERSEDE, told, tx.now)


async def any_due(conn: Conn, *, now: datetime, real_now: datetime) -> bool:
    """Say whether a message waits to be sent."""
    return bool(await conn.fetchval(ANY_DUE, now, real_now))


async def drop_needless(tx: Tx, *, real_now: datetime) -> None:
    """Settle what is not needed any more: nobody is reminded after they declared."""
    await tx.execute(DROP_NEEDLESS, tx.now, real_now)


async def hold(tx: Tx, *, real_now: datetime, until: datetime) -> None:
    """Let what is due wait."""
    await tx.execute(HOLD, tx.now, real_now, until)


async def take_up(tx: Tx, *, real_now: datetime, until: datetime, limit: int) -> list[asyncpg.Record]:
    """Take messages up for an attempt, the oldest first; nobody else takes them before `until` (real time)."""
    rows = await tx.fetch(TAKE_UP, tx.now, real_now, until, limit)
    return sorted(rows, key=lambda row: row["number"])


async def settle(tx: Tx, settled: Sequence[Settlement]) -> set[UUID]:
    """Keep what became of messages that were under way; tells which: others were settled meanwhile."""
    rows = await tx.fetch(
        SETTLE,
        [one.message_id for one in settled],
        [one.state for one in settled],
        [one.reason for one in settled],
        tx.now,
    )
    return {row["message_id"] for row in rows}


async def put_off(tx: Tx, again: Sequence[tuple[UUID, datetime]]) -> None:
    """Keep when messages are tried again (real time)."""
    await tx.execute(PUT_OFF, [one for one, _ in again], [at for _, at in again])


async def receive(tx: Tx, receipt: Settlement) -> bool:
    """Keep what the receiver tells of a message that left; the first word holds. False: there is no such message."""
    if await tx.fetchval(RECEIVE, receipt.message_id, receipt.state, receipt.reason, tx.now) is not None:
        return True
    return await tx.fetchval(STATE_OF, receipt.message_id) is not None


async def erase(tx: Tx, people: Sequence[UUID]) -> None:
    """Forget what was to be told to people."""
    await tx.execute(ERASE, list(people), tx.now)


async def page(
    conn: Conn,
    reach: Reach,
    *,
    state: MessageState | None,
    channel: Channel | None,
    case_id: UUID | None,
    after: int,
    limit: int,
) -> list[asyncpg.Record]:
    """Tell messages within reach, in the order in which they were queued. Not what they say."""
    return await conn.fetch(PAGE, *reach.values(), state, channel, case_id, after, limit)


async def counts(conn: Conn, reach: Reach) -> list[asyncpg.Record]:
    """Count messages within reach by channel, state and reason."""
    return await conn.fetch(COUNTS, *reach.values())
