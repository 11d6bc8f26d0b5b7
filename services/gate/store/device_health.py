"""How devices are: their own reports, and what is missing of what they sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db.pool import Conn, Tx

# The row stays locked until the commit, so that two reports of one device are told one after the other.
KEEP_REPORT = """
insert into device_report (device_id, seen_at, app_version, queue_length, oldest_queued_at, quarantined, rejected,
  list_made_at, clock_skew_seconds)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (device_id) do update
set seen_at = excluded.seen_at, app_version = excluded.app_version, queue_length = excluded.queue_length,
  oldest_queued_at = excluded.oldest_queued_at, quarantined = excluded.quarantined, rejected = excluded.rejected,
  list_made_at = excluded.list_made_at, clock_skew_seconds = excluded.clock_skew_seconds
returning told_at
"""
MARK_TOLD = "update device_report set told_at = $2 where device_id = $1"
# One sequence of versions for all that is told of a device, so that its last word is its last word.
NEXT_VERSION = "update device set version = version + 1 where device_id = $1 returning version"
SKEWS = "select device_id, clock_skew_seconds from device_report where device_id = any($1::uuid[])"
DEVICES = """
select d.device_id, d.compound, d.checkpoint, d.enrolled_at, d.revoked_at, d.revoked_by, r.seen_at, r.app_version,
  r.queue_length, r.oldest_queued_at, r.quarantined, r.rejected, r.list_made_at, r.clock_skew_seconds,
  (select count(*)::int from quarantined_item q where q.device_id = d.device_id and q.state = 'held') as held
from device d left join device_report r on r.device_id = d.device_id
where d.device_id > $1 and ($2::text[] is null or d.checkpoint = any($2))
  and ($3::text is null or d.compound = $3) and ($4::text is null or d.checkpoint = $4)
  and ($5::boolean is null or (d.revoked_at is not null) = $5)
order by d.device_id
limit $6
"""
DEVICE_AS_LISTED = """
select d.device_id, d.compound, d.checkpoint, d.enrolled_at, d.revoked_at, d.revoked_by, r.seen_at, r.app_version,
  r.queue_length, r.oldest_queued_at, r.quarantined, r.rejected, r.list_made_at, r.clock_skew_seconds,
  (select count(*)::int from quarantined_item q where q.device_id = d.device_id and q.state = 'held') as held
from device d left join device_report r on r.device_id = d.device_id
where d.device_id = $1
"""
# A device numbers what it does without a gap: what lies between two numbers that came is still with it, or is lost.
GAPS = """
with kept as (
  select seq, lag(seq, 1, 0::bigint) over (order by seq) as before
  from (
    select seq from entry_check where device_id = $1
    union
    select seq from vehicle_check where device_id = $1
  ) numbered
)
select before + 1 as first, seq - 1 as last from kept where seq > before + 1 order by seq limit 20
"""
HIGHEST_SEQ = """
select greatest((select max(seq) from entry_check where device_id = $1),
  (select max(seq) from vehicle_check where device_id = $1))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a device says of itself. Its queue is what it has decided and not handed in yet."""

    app_version: str
    queue_length: int
    oldest_queued_at: datetime | None
    quarantined: int
    rejected: int
    list_made_at: datetime | None
    clock_skew_seconds: int


async def keep_report(tx: Tx, device_id: UUID, report: Report, *, real_now: datetime) -> datetime | None:
    """Keep how a device is; tells when the others were last told."""
    told_at: datetime | None = await tx.fetchval(
        KEEP_REPORT,
        device_id,
        real_now,
        report.app_version,
        report.queue_length,
        report.oldest_queued_at,
        report.quarantined,
        report.rejected,
        report.list_made_at,
        report.clock_skew_seconds,
    )
    return told_at


async def next_version(tx: Tx, device_id: UUID) -> int:
    """The version under which the next word about a device is told."""
    version: int = await tx.fetchval(NEXT_VERSION, device_id)
    return version


async def gaps(conn: Conn, device_id: UUID) -> tuple[int | None, list[tuple[int, int]]]:
    """The highest number that came from a device, and the first runs of numbers that did not come."""
    rows: Sequence[Any] = await conn.fetch(GAPS, device_id)
    return await conn.fetchval(HIGHEST_SEQ, device_id), [(row["first"], row["last"]) for row in rows]
