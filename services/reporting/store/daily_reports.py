"""Daily reports: what units said, and every version as it was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.reporting.domain.daily_report import ActKind, Change, Difference
from shared.db.pool import Conn, Tx

# Acts and sendings of one day follow each other; $1 is the day's number.
LOCK_DAY = "select pg_advisory_xact_lock(hashtextextended('fangkong.daily_report', $1))"
LOCK_NUMBERS = "select pg_advisory_xact_lock(hashtextextended('fangkong.daily_report_numbers', 0))"
ADD_ACT = """
insert into daily_report_act
  (act_id, day, compound, kind, late, derived, changes, reason_sealed, content_index, acted_at, acted_by, role)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
ACT = """
select act_id, day, compound, kind, late, changes, reason_sealed, content_index, acted_at, acted_by, role
from daily_report_act where act_id = $1
"""
ACTS_OF_DAY = """
select act_id, day, compound, kind, late, changes, reason_sealed, content_index, acted_at, acted_by, role
from daily_report_act where day = $1 order by nth
"""
REPORT_OF_DAY = "select report_id, day, number from daily_report where day = $1"
NEXT_NUMBER = "select coalesce(max(number), 0) + 1 from daily_report"
ADD_REPORT = "insert into daily_report (report_id, day, number, units) values ($1, $2, $3, $4)"
ADD_VERSION = """
insert into daily_report_version
  (report_id, version, sending_id, document, differences, policy_version, units_missing, made_at, made_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
VERSIONS = """
select r.report_id, r.day, r.number, v.version, v.sending_id, v.document, v.differences, v.policy_version,
       v.units_missing, v.made_at, v.made_by
from daily_report r join daily_report_version v using (report_id)
where r.day = $1 order by v.version
"""
SENDING = """
select r.report_id, r.day, r.number, v.version, v.sending_id, v.document, v.differences, v.policy_version,
       v.units_missing, v.made_at, v.made_by
from daily_report r join daily_report_version v using (report_id)
where v.sending_id = $1
"""
NEWEST = """
select r.report_id, r.day, r.number, v.version, v.sending_id, v.document, v.differences, v.policy_version,
       v.units_missing, v.made_at, v.made_by
from daily_report r join daily_report_version v using (report_id)
where r.day = $1 order by v.version desc limit 1
"""
REPORTS = """
select r.day, r.number, count(*)::int as versions, min(v.made_at) as sent_at, max(v.made_at) as newest_at,
       (array_agg(v.units_missing order by v.version desc))[1] as units_missing
from daily_report r join daily_report_version v using (report_id)
where r.day < $1 group by r.report_id order by r.day desc limit $2
"""
SENT_SINCE = """
select r.day, max(v.made_at) as newest_at from daily_report r join daily_report_version v using (report_id)
where r.day >= $1 group by r.day order by r.day
"""
LAST_DAY = "select max(day) from daily_report"
LAST_SENT = "select made_at, units_missing from daily_report_version order by made_at desc limit 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a unit said of its figures, by whom and when. `late`: after its hour, or after the report went out."""

    act_id: UUID
    day: date
    compound: str
    kind: ActKind
    late: bool
    changes: tuple[Change, ...]
    reason_sealed: bytes | None = field(repr=False)
    content_index: bytes = field(repr=False)
    acted_at: datetime
    acted_by: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A report as it was sent. `document`: its content (`handlers.daily_reports`)."""

    report_id: UUID
    day: date
    number: int
    version: int
    sending_id: UUID
    document: dict[str, Any] = field(repr=False)
    differences: tuple[Difference, ...]
    policy_version: int
    units_missing: int
    made_at: datetime
    made_by: str


async def lock_day(tx: Tx, day: date) -> None:
    """Let what concerns a day follow one after the other."""
    await tx.execute(LOCK_DAY, day.toordinal())


async def add_act(tx: Tx, act: Act, *, derived: Mapping[str, int | None]) -> None:
    """Keep what a unit said, and the figures it was said of."""
    changes = [{"figure": one.figure, "original": one.original, "value": one.value} for one in act.changes]
    await tx.execute(
        ADD_ACT,
        act.act_id,
        act.day,
        act.compound,
        act.kind,
        act.late,
        dict(derived),
        changes,
        act.reason_sealed,
        act.content_index,
        act.acted_at,
        act.acted_by,
        act.role,
    )


async def act(conn: Conn, act_id: UUID) -> Act | None:
    """One act."""
    row = await conn.fetchrow(ACT, act_id)
    return _act(row) if row else None


async def acts_of(conn: Conn, day: date) -> list[Act]:
    """What units said of a day, oldest first."""
    return [_act(row) for row in await conn.fetch(ACTS_OF_DAY, day)]


async def versions_of(conn: Conn, day: date) -> list[Version]:
    """A day's report as it was sent each time."""
    return [_version(row) for row in await conn.fetch(VERSIONS, day)]


async def newest_of(conn: Conn, day: date) -> Version | None:
    """A day's report as it stands."""
    row = await conn.fetchrow(NEWEST, day)
    return _version(row) if row else None


async def sending(conn: Conn, sending_id: UUID) -> Version | None:
    """What was sent under this id."""
    row = await conn.fetchrow(SENDING, sending_id)
    return _version(row) if row else None


async def begin_report(tx: Tx, report_id: UUID, day: date, *, units: Sequence[str]) -> int:
    """Give a day's report its number, and keep whose word it waited for."""
    await tx.execute(LOCK_NUMBERS)
    number: int = await tx.fetchval(NEXT_NUMBER)
    await tx.execute(ADD_REPORT, report_id, day, number, list(units))
    return number


async def add_version(tx: Tx, version: Version) -> None:
    """Keep a version as it is sent."""
    told = [
        {"unit": one.unit, "figure": one.figure, "before": one.before, "after": one.after}
        for one in version.differences
    ]
    await tx.execute(
        ADD_VERSION,
        version.report_id,
        version.version,
        version.sending_id,
        version.document,
        told,
        version.policy_version,
        version.units_missing,
        version.made_at,
        version.made_by,
    )


async def reports_before(conn: Conn, day: date, limit: int) -> list[asyncpg.Record]:
    """Reports of earlier days, newest first."""
    return await conn.fetch(REPORTS, day, limit)


async def sent_since(conn: Conn, day: date) -> dict[date, datetime]:
    """When the newest version of each report went out, of this day and later ones."""
    return {row["day"]: row["newest_at"] for row in await conn.fetch(SENT_SINCE, day)}


async def last_day(conn: Conn) -> date | None:
    """The last day whose report was sent."""
    found: date | None = await conn.fetchval(LAST_DAY)
    return found


def _act(row: asyncpg.Record) -> Act:
    return Act(**dict(row) | {"changes": tuple(Change(**one) for one in row["changes"])})


def _version(row: asyncpg.Record) -> Version:
    return Version(**dict(row) | {"differences": tuple(Difference(**one) for one in row["differences"])})
