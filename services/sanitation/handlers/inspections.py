"""Inspections: what was looked at by a checklist, and the orders that follow from what failed (R5.3, R5.4, S5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import asyncpg

from services.sanitation.domain.inspections import (
    Answered,
    Found,
    FoundMissing,
    Result,
    SubjectUnknown,
    Verdict,
    decide_result,
    decide_time,
)
from services.sanitation.domain.late import by_our_clock
from services.sanitation.domain.orders import Source
from services.sanitation.handlers.orders import Fault, order_for
from services.sanitation.handlers.photos import use_photo
from services.sanitation.handlers.policy import (
    checklist_of,
    clock_tolerance,
    finding,
    in_force,
    inspection_rules,
)
from services.sanitation.handlers.sites import require_compound
from services.sanitation.handlers.venues import look_at, venue_within
from services.sanitation.store import copies as copies_store
from services.sanitation.store import inspections as store
from services.sanitation.store import sites as sites_store
from services.sanitation.store import venues as venues_store
from shared.db.pool import Conn, Tx
from shared.events.policy_inspections import Finding, Inspected, InspectionRules
from shared.events.sanitation import InspectionRecorded
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

NOTE = "inspection_note"
CONTENT = "inspection_content"
"""Names of a sealed field and of an index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the checklist as the inspector found it."""

    code: str
    verdict: Verdict
    photo_id: UUID | None
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInspection:
    """Somebody looked at something. `inspected_at` and `sent_at` are what the phone said; `found` is of venues."""

    inspection_id: UUID
    inspected: Inspected
    subject: str
    found: Found | None
    items: tuple[Item, ...]
    photo_id: UUID | None
    inspected_at: datetime
    sent_at: datetime | None
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An inspection as it was answered the first time. `fresh`: by this very command."""

    fresh: bool
    row: asyncpg.Record
    items: Sequence[asyncpg.Record]
    orders: Sequence[UUID]


async def record(cmd: RecordInspection, *, role: str, who: Principal, tx: Tx, vault: Vault) -> Recorded:
    """Keep an inspection and order what failed to be put right. Asked twice, answered once.

    Raises:
        SubjectUnknown, CompoundUnknown, OutOfScope: about what was looked at.
        FoundMissing, ItemUnknown, ChecklistIncomplete, EvidenceMissing: about what was found.
        InTheFuture, RecordedTooLate: about when.
        PhotoUnknown, PhotoUsed: see `use_photo`.
        SameIdOtherContent: the id was used for something else.
        PolicySilent, PolicyUnknown: there is no checklist.
    """
    compound = await _compound(tx, cmd)
    await require_compound(tx, who, compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [compound])
    if await recorded_before(tx, cmd.inspection_id, said_in(cmd), vault):
        return await recorded(tx, cmd.inspection_id, fresh=False)
    if (cmd.found is None) != (cmd.inspected != "venue"):
        raise FoundMissing(
            "检查场所须填写是否营业，其他不填。Of a venue, and of nothing else, say whether it was open.",
            field="found",
        )
    policy = await in_force(tx, tx.today)
    rules = inspection_rules(policy.document)
    at = timely(
        cmd.inspected_at, cmd.sent_at, now=tx.now, tolerance=clock_tolerance(policy.document), rules=rules
    )
    violation: Finding | None = None
    checklist = checklist_of(rules, cmd.inspected)
    if cmd.inspected == "venue":
        venue = await venue_within(tx, who, UUID(cmd.subject))
        _, approved = await look_at(tx, venue, found_open=cmd.found == "open", at=at)
        if cmd.found == "open" and not approved:
            violation = finding(rules, "venue_open")
        if cmd.found == "closed" or not approved:
            checklist = ()  # nobody goes through the list of a venue that is shut, or has no business to be open
    answers = [
        Answered(code=item.code, verdict=item.verdict, evident=bool(item.note or item.photo_id))
        for item in cmd.items
    ]
    result = decide_result(answers, checklist, violation=violation)
    await keep(tx, cmd, compound, result, at=at, policy_version=policy.version, vault=vault)
    notes = {item.code: item.note for item in cmd.items}
    await order_failed(
        tx,
        cmd,
        compound,
        result,
        notes=notes,
        source="inspection",
        who=who,
        role=role,
        rules=rules,
        vault=vault,
    )
    return await recorded(tx, cmd.inspection_id, fresh=True)


def timely(
    stated: datetime, sent_at: datetime | None, *, now: datetime, tolerance: timedelta, rules: InspectionRules
) -> datetime:
    """The instant of an inspection by our clock, where it may still be handed in.

    Raises:
        InTheFuture, RecordedTooLate: see `decide_time`.
    """
    at = by_our_clock(stated, sent_at=sent_at, now=now, tolerance=tolerance)
    decide_time(at, now=now, tolerance=tolerance, within=timedelta(hours=rules.record_within_hours))
    return at


async def recorded_before(tx: Tx, inspection_id: UUID, said: str, vault: Vault) -> bool:
    """Say whether this very inspection was handed in before.

    Raises:
        SameIdOtherContent: the id was used for another one.
    """
    row = await store.inspection(tx, inspection_id)
    if row is None:
        return False
    if not same(vault, CONTENT, row["content_index"], said):
        raise SameIdOtherContent(
            "该编号已用于另一次检查。This id was used for another inspection.", field="inspection_id"
        )
    return True


async def recorded(conn: Conn, inspection_id: UUID, *, fresh: bool) -> Recorded:
    """An inspection as it is kept."""
    row = await store.inspection(conn, inspection_id)
    assert row is not None  # noqa: S101 -- its row was just written or seen
    return Recorded(
        fresh=fresh,
        row=row,
        items=await conn.fetch(store.ITEMS, inspection_id),
        orders=await store.orders_of(conn, inspection_id),
    )


async def keep(
    tx: Tx,
    cmd: RecordInspection,
    compound: CompoundId,
    result: Result,
    *,
    at: datetime,
    policy_version: int,
    vault: Vault,
) -> None:
    """Write an inspection with its items, texts sealed under a key of its own, and tell of it."""
    key_ref = uuid7()
    await use_photo(tx, cmd.photo_id, compound)
    note = await seal(vault, key_ref, NOTE, cmd.note)
    await store.add_inspection(
        tx,
        cmd.inspection_id,
        compound=compound,
        inspected=cmd.inspected,
        subject=cmd.subject,
        found=cmd.found,
        result=result.verdict,
        key_ref=key_ref,
        note=note.sealed if note else None,
        photo_id=cmd.photo_id,
        index=vault.index(CONTENT, said_in(cmd)),
        inspected_at=at,
        device_at=cmd.inspected_at,
        policy_version=policy_version,
    )
    items = []
    for item in cmd.items:
        await use_photo(tx, item.photo_id, compound)
        sealed = await seal(vault, key_ref, NOTE, item.note)
        items.append((item.code, item.verdict, sealed.sealed if sealed else None, item.photo_id))
    await store.add_items(tx, cmd.inspection_id, items)
    event = InspectionRecorded(
        inspection_id=cmd.inspection_id,
        compound=compound,
        inspected=cmd.inspected,
        result=result.verdict,
        failed_items=tuple(one.code for one in result.failed),
        inspected_at=at,
    )
    await tx.publish(event, version=1)


async def order_failed(
    tx: Tx,
    cmd: RecordInspection,
    compound: CompoundId,
    result: Result,
    *,
    notes: dict[str, str | None],
    source: Source,
    who: Principal,
    role: str,
    rules: InspectionRules,
    vault: Vault,
) -> None:
    """Order every failed item to be put right, in the words of the inspector."""
    for item in result.failed:
        fault = Fault(
            compound=compound,
            source=source,
            inspection_id=cmd.inspection_id,
            inspected=cmd.inspected,
            subject=cmd.subject,
            item=item,
            by=who.subject,
            role=role,
            note=notes.get(item.code, cmd.note),
        )
        await order_for(tx, fault, rules=rules, vault=vault)


async def _compound(tx: Tx, cmd: RecordInspection) -> CompoundId:
    """Where what was looked at lies. Nothing is locked yet: the compound is the first thing that everybody locks."""
    found: CompoundId | None
    match cmd.inspected:
        case "site":
            found = await sites_store.site_compound(tx, SiteId(cmd.subject))
        case "venue":
            venue_id = _venue_id(cmd.subject)
            found = await venues_store.venue_compound(tx, venue_id) if venue_id else None
        case "property_company":
            found = CompoundId(cmd.subject)
        case "post":
            found = await store.checkpoint_compound(tx, cmd.subject)
        case "round":  # a round is looked at again by a spot check, which has a way of its own
            found = None
        case _:
            assert_never(cmd.inspected)
    if found is None:
        raise SubjectUnknown("没有这个检查对象。What was inspected is not known.", field="subject")
    return found


def _venue_id(subject: str) -> UUID | None:
    """A venue's id as it is always spelled: spelled otherwise it would be another subject."""
    try:
        venue_id = UUID(subject)
    except ValueError:
        return None
    return venue_id if str(venue_id) == subject else None
