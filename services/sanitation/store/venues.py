"""Venues and the approvals to reopen them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.venues import Status
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "venue_once": SameIdOtherContent(
        "该编号已用于另一场所。This id was used for another venue.", field="venue_id"
    ),
    "venue_approval_once": SameIdOtherContent(
        "该编号已用于另一次批准。This id was used for another approval.", field="approval_id"
    ),
}

VENUE_COMPOUND = "select compound from venue where venue_id = $1"
VENUE_FOR_UPDATE = """
select venue_id, compound, kind, name, place, status, status_at, version, content_index
from venue where venue_id = $1 for no key update
"""
ADD_VENUE = """
insert into venue (venue_id, compound, kind, name, place, status, status_at, content_index, registered_at,
                   registered_by, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
"""
SET_STATUS = """
update venue set status = $2, status_at = $3, version = version + 1 where venue_id = $1 returning version
"""
NOTE_LOOKED = "update venue set status_at = $2 where venue_id = $1"
VENUES = """
select v.venue_id, v.compound, v.kind, v.name, v.place, v.status, v.status_at, v.version, v.content_index,
       a.from_day as approved_from, a.last_day as approved_until
from venue v
left join lateral (
  select from_day, last_day from venue_approval
  where venue_id = v.venue_id and revoked_at is null and last_day >= $5 order by from_day limit 1
) a on true
where v.compound = $1 and ($2::text is null or v.kind = $2) and ($3::text is null or v.status = $3) and v.venue_id > $4
order by v.venue_id limit $6
"""
APPROVED_ON = """
select exists (
  select from venue_approval
  where venue_id = $1 and $2::date between from_day and last_day and approved_at <= $3
    and (revoked_at is null or revoked_at > $3))
"""
OVERLAPS = """
select exists (
  select from venue_approval
  where venue_id = $1 and revoked_at is null and from_day <= $3 and last_day >= $2)
"""
ADD_APPROVAL = """
insert into venue_approval
  (approval_id, venue_id, from_day, last_day, key_ref, reason_sealed, content_index, approved_at, approved_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
APPROVAL = """
select approval_id, venue_id, from_day, last_day, content_index, approved_at, approved_by, revoked_at, revoked_by
from venue_approval where approval_id = $1
"""
REVOKE = "update venue_approval set revoked_at = $2, revoked_by = $3 where approval_id = $1"
APPROVALS = """
select approval_id, from_day, last_day, key_ref, reason_sealed, approved_at, approved_by, revoked_at, revoked_by
from venue_approval where venue_id = $1 order by from_day desc, approval_id limit $2
"""
# Venues that stand otherwise than their approvals say for today.
TURNED = """
select v.venue_id, v.compound, v.kind, v.name, v.place, v.status, v.status_at, v.version, v.content_index
from venue v
where (v.status = 'approved_open') <> exists (
  select from venue_approval a
  where a.venue_id = v.venue_id and a.revoked_at is null and $1 between a.from_day and a.last_day)
order by v.venue_id limit $2 for no key update skip locked
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVenue:
    """A venue as it stands."""

    venue_id: UUID
    compound: CompoundId
    kind: str
    name: str
    place: str | None
    status: Status
    status_at: datetime
    version: int
    content_index: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVenue:
    """A venue with the approval that holds or comes next."""

    known: KnownVenue
    approved_from: date | None
    approved_until: date | None


def _known(row: asyncpg.Record) -> KnownVenue:
    return KnownVenue(
        venue_id=row["venue_id"],
        compound=row["compound"],
        kind=row["kind"],
        name=row["name"],
        place=row["place"],
        status=row["status"],
        status_at=row["status_at"],
        version=row["version"],
        content_index=row["content_index"],
    )


async def venue_for_update(tx: Tx, venue_id: UUID) -> KnownVenue | None:
    """A venue, with everyone else waiting."""
    row = await tx.fetchrow(VENUE_FOR_UPDATE, venue_id)
    return _known(row) if row else None


async def venue_compound(conn: Conn, venue_id: UUID) -> CompoundId | None:
    """The compound of a venue, which never changes."""
    found: CompoundId | None = await conn.fetchval(VENUE_COMPOUND, venue_id)
    return found


async def add_venue(tx: Tx, venue: KnownVenue) -> None:
    """Write a new venue."""
    await tx.execute(
        ADD_VENUE,
        venue.venue_id,
        venue.compound,
        venue.kind,
        venue.name,
        venue.place,
        venue.status,
        venue.status_at,
        venue.content_index,
        tx.now,
        tx.actor,
    )


async def set_status(tx: Tx, venue_id: UUID, status: Status, at: datetime) -> int:
    """Write how a venue stands since when; returns its version."""
    version: int = await tx.fetchval(SET_STATUS, venue_id, status, at)
    return version


async def note_looked(tx: Tx, venue_id: UUID, at: datetime) -> None:
    """Somebody looked, and it stands as before."""
    await tx.execute(NOTE_LOOKED, venue_id, at)


async def venues_of(
    conn: Conn,
    compound: CompoundId,
    *,
    kind: str | None,
    status: Status | None,
    after: UUID,
    today: date,
    limit: int,
) -> list[ListedVenue]:
    """A compound's venues."""
    return [
        ListedVenue(
            known=_known(row), approved_from=row["approved_from"], approved_until=row["approved_until"]
        )
        for row in await conn.fetch(VENUES, compound, kind, status, after, today, limit)
    ]


async def approved_at(conn: Conn, venue_id: UUID, day: date, at: datetime) -> bool:
    """Say whether the venue was approved to be open at an instant of a day."""
    found: bool = await conn.fetchval(APPROVED_ON, venue_id, day, at)
    return found


async def turned(tx: Tx, limit: int) -> Sequence[KnownVenue]:
    """Venues whose approval begins or is over, locked."""
    return [_known(row) for row in await tx.fetch(TURNED, tx.today, limit)]
