"""Venues: closed by default, approved to reopen for a period, found open or closed (R5.3, S5)."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.venues import (
    ApprovalUnknown,
    Status,
    VenueUnknown,
    decide_approval,
    decide_kind,
    status_found,
    status_now,
)
from services.sanitation.handlers.policy import in_force, venue_rules
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from services.sanitation.store import orders as orders_store
from services.sanitation.store import venues as store
from services.sanitation.store.venues import KnownVenue
from shared.db.pool import Tx
from shared.events.sanitation import VenueStatusChanged
from shared.http.access import Principal
from shared.kernel.days import local_day, start_of
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

REASON = "approval_reason"
CONTENT = "venue_content"
"""Names of a sealed field and of an index, part of what is stored: never renamed."""
VIOLATION = "venue_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterVenue:
    """A venue that policy wants closed."""

    venue_id: UUID
    compound: CompoundId
    kind: str
    name: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveReopening:
    """Headquarters let a venue reopen for some days."""

    approval_id: UUID
    venue_id: UUID
    from_day: date
    last_day: date
    reason: str = field(repr=False)


async def register(cmd: RegisterVenue, *, who: Principal, tx: Tx, vault: Vault) -> tuple[KnownVenue, bool]:
    """Enter a venue: it is closed from now on. Asked twice, answered once; says whether it is new.

    Raises:
        OutOfScope, CompoundUnknown: see `require_compound`.
        SameIdOtherContent: the id was used for another venue.
        VenueKindUnknown, PolicySilent, PolicyUnknown: about its kind.
    """
    await require_compound(tx, who, cmd.compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [cmd.compound])
    before = await store.venue_for_update(tx, cmd.venue_id)
    if before is not None:
        if not same(vault, CONTENT, before.content_index, said_in(cmd)):
            raise SameIdOtherContent(
                "该编号已用于另一场所。This id was used for another venue.", field="venue_id"
            )
        return before, False
    decide_kind(cmd.kind, venue_rules((await in_force(tx, tx.today)).document).kinds)
    venue = KnownVenue(
        venue_id=cmd.venue_id,
        compound=cmd.compound,
        kind=cmd.kind,
        name=cmd.name,
        place=cmd.place,
        status="closed",
        status_at=start_of(tx.today),  # a look of this morning, handed in after the entry, still counts
        version=1,
        content_index=vault.index(CONTENT, said_in(cmd)),
    )
    await store.add_venue(tx, venue)
    await _tell(tx, venue, "closed", tx.now, 1)
    return venue, True


async def venue_within(tx: Tx, who: Principal, venue_id: UUID) -> KnownVenue:
    """A venue of the caller's, with everyone else waiting.

    Raises:
        VenueUnknown, OutOfScope: there is none, or it is somebody else's.
    """
    venue = await store.venue_for_update(tx, venue_id)
    if venue is None:
        raise VenueUnknown("没有这个场所。There is no such venue.", field="venue_id")
    await require_compound(tx, who, venue.compound)
    return venue


async def approve(
    cmd: ApproveReopening, *, who: Principal, tx: Tx, vault: Vault
) -> tuple[KnownVenue, asyncpg.Record, bool]:
    """Let a venue reopen for some days. Asked twice, answered once; says whether it is new.

    Raises:
        VenueUnknown, OutOfScope: see `venue_within`.
        SameIdOtherContent: the id was used for another approval.
        ApprovalDays, ViolationOpen: see `decide_approval`.
    """
    venue = await venue_within(tx, who, cmd.venue_id)
    before = await tx.fetchrow(store.APPROVAL, cmd.approval_id)
    if before is not None:
        if not same(vault, CONTENT, before["content_index"], said_in(cmd)):
            raise SameIdOtherContent(
                "该编号已用于另一次批准。This id was used for another approval.", field="approval_id"
            )
        return venue, before, False
    rules = venue_rules((await in_force(tx, tx.today)).document)
    decide_approval(
        cmd.from_day,
        cmd.last_day,
        today=tx.today,
        longest_days=rules.approval_days,
        overlaps=await tx.fetchval(store.OVERLAPS, cmd.venue_id, cmd.from_day, cmd.last_day),
        violated=await orders_store.open_already(tx, "venue", str(cmd.venue_id), VIOLATION) is not None,
    )
    key_ref = uuid7()
    reason = await seal(vault, key_ref, REASON, cmd.reason)
    await tx.execute(
        store.ADD_APPROVAL,
        cmd.approval_id,
        cmd.venue_id,
        cmd.from_day,
        cmd.last_day,
        key_ref,
        reason.sealed if reason else None,
        vault.index(CONTENT, said_in(cmd)),
        tx.now,
        tx.actor,
    )
    venue = await turn(tx, venue)
    added = await tx.fetchrow(store.APPROVAL, cmd.approval_id)
    assert added is not None  # noqa: S101 -- its row was just written
    return venue, added, True


async def revoke(
    venue_id: UUID, approval_id: UUID, *, who: Principal, tx: Tx
) -> tuple[KnownVenue, asyncpg.Record]:
    """Take an approval back, from now on; again: the same.

    Raises:
        VenueUnknown, OutOfScope: see `venue_within`.
        ApprovalUnknown: the venue has no such approval.
    """
    venue = await venue_within(tx, who, venue_id)
    found = await tx.fetchrow(store.APPROVAL, approval_id)
    if found is None or found["venue_id"] != venue_id:
        raise ApprovalUnknown("该场所没有这次批准。The venue has no such approval.", field="approval_id")
    if found["revoked_at"] is not None:
        return venue, found
    await tx.execute(store.REVOKE, approval_id, tx.now, tx.actor)
    venue = await turn(tx, venue)
    ended = await tx.fetchrow(store.APPROVAL, approval_id)
    assert ended is not None  # noqa: S101 -- its row is held
    return venue, ended


async def turn(tx: Tx, venue: KnownVenue) -> KnownVenue:
    """Let a locked venue stand as its approvals say for today; what changes is told."""
    approved = await store.approved_at(tx, venue.venue_id, tx.today, tx.now)
    return await _stand(tx, venue, status_now(venue.status, approved=approved), tx.now)


async def turn_due(tx: Tx, *, limit: int) -> int:
    """Turn venues whose approval began or is over; tells how many."""
    found = await store.turned(tx, limit)
    for venue in found:
        await turn(tx, venue)
    return len(found)


async def look_at(tx: Tx, venue: KnownVenue, *, found_open: bool, at: datetime) -> tuple[KnownVenue, bool]:
    """A locked venue was looked at; says how it stands, and whether it was approved to be open then.

    A look that comes late, after a newer one or a newer status, changes nothing of how it stands.
    """
    approved = await store.approved_at(tx, venue.venue_id, local_day(at), at)
    if at < venue.status_at:
        return venue, approved
    status = status_found(approved=approved, found_open=found_open, before=venue.status)
    return await _stand(tx, venue, status, at), approved


async def _stand(tx: Tx, venue: KnownVenue, status: Status, at: datetime) -> KnownVenue:
    if status == venue.status:
        await store.note_looked(tx, venue.venue_id, max(at, venue.status_at))
        return venue
    version = await store.set_status(tx, venue.venue_id, status, at)
    await _tell(tx, venue, status, at, version)
    return replace(venue, status=status, status_at=at, version=version)


async def _tell(tx: Tx, venue: KnownVenue, status: Status, at: datetime, version: int) -> None:
    event = VenueStatusChanged(
        venue_id=venue.venue_id, compound=venue.compound, kind=venue.kind, status=status, changed_at=at
    )
    await tx.publish(event, version=version)
