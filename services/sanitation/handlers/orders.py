"""Orders to put something right: from what was found, through every hand, to somebody else's word that it is so."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.sanitation.domain.inspections import ItemUnknown
from services.sanitation.domain.orders import (
    OPEN,
    Act,
    ActKind,
    Order,
    OrderUnknown,
    Source,
    decide_act,
    decide_deadline,
    levels_due,
)
from services.sanitation.handlers.photos import use_photo
from services.sanitation.handlers.policy import in_force, inspection_rules
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from services.sanitation.store import orders as store
from services.sanitation.store.orders import KnownOrder
from shared.db.pool import Conn, Tx
from shared.events.policy_inspections import Finding, Inspected, InspectionRules
from shared.events.sanitation import (
    RectificationClosed,
    RectificationMended,
    RectificationOrdered,
    RectificationOverdue,
)
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

NOTE = "order_note"
"""Name of a sealed field, part of what is stored: never renamed."""
CONTENT = "order_content"
"""Name of an index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that somebody found, or found to be as residents reported it, and that policy wants put right."""

    compound: CompoundId
    source: Source
    inspection_id: UUID | None
    inspected: Inspected
    subject: str
    item: Finding
    by: str
    role: str
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderByHand:
    """An order without an inspection: something that was seen. `due_at` None: as policy says for the item."""

    order_id: UUID
    compound: CompoundId
    item: str
    due_at: datetime | None
    photo_id: UUID | None
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOnOrder:
    """Something to be done with an order."""

    act_id: UUID
    order_id: UUID
    kind: ActKind
    due_at: datetime | None
    photo_id: UUID | None
    note: str | None = field(repr=False)


async def order_for(tx: Tx, fault: Fault, *, rules: InspectionRules, vault: Vault) -> UUID:
    """Order that a fault is put right. The compound is locked.

    What is found while an order about the same thing is open is that order, found again: if it was said to be mended,
    it is not, and its deadline is the one it had.
    """
    open_id = await store.open_already(tx, fault.inspected, fault.subject, fault.item.code)
    if open_id is not None:
        known = await _known(tx, open_id)
        cmd = ActOnOrder(
            act_id=uuid7(),
            order_id=open_id,
            kind="found_again",
            due_at=None,
            photo_id=None,
            note=fault.note,
        )
        await _act(tx, known, cmd, by=fault.by, role=fault.role, rules=rules, vault=vault)
        return open_id
    key_ref = uuid7()
    note = await seal(vault, key_ref, NOTE, fault.note)
    known = KnownOrder(
        order_id=uuid7(),
        compound=fault.compound,
        source=fault.source,
        inspection_id=fault.inspection_id,
        inspected=fault.inspected,
        subject=fault.subject,
        item=fault.item.code,
        title=fault.item.title,
        basis=fault.item.basis,
        key_ref=key_ref,
        ordered_at=tx.now,
        order=_new(fault.by, tx.now + timedelta(hours=fault.item.mend_within_hours)),
        note=note.sealed if note else None,
    )
    await _begin(tx, known)
    return known.order_id


async def order_by_hand(cmd: OrderByHand, *, who: Principal, tx: Tx, vault: Vault) -> tuple[KnownOrder, bool]:
    """Order that something seen is put right. Asked twice, answered once; says whether it is new.

    Raises:
        OutOfScope, CompoundUnknown: see `require_compound`.
        SameIdOtherContent: the id was used for something else.
        ItemUnknown: policy names no such item.
        DeadlineImpossible, PhotoUnknown, PhotoUsed: as their names say.
        PolicySilent, PolicyUnknown: there is no rule for it.
    """
    await require_compound(tx, who, cmd.compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [cmd.compound])
    said = said_in(cmd)
    before = await store.order_for_update(tx, cmd.order_id)
    if before is not None:
        if not same(vault, CONTENT, before.content_index, said):
            raise SameIdOtherContent(
                "该编号已用于另一整改单。This id was used for another order.", field="order_id"
            )
        return before, False
    rules = inspection_rules((await in_force(tx, tx.today)).document)
    stated = [item for checklist in rules.checklists for item in checklist.items] + list(rules.findings)
    item = next((one for one in stated if one.code == cmd.item), None)
    if item is None:
        raise ItemUnknown("现行规则没有这一事项。Policy names no such item.", field="item")
    due_at = cmd.due_at or tx.now + timedelta(hours=item.mend_within_hours)
    decide_deadline(due_at, now=tx.now, longest=timedelta(hours=rules.longest_deadline_hours))
    await use_photo(tx, cmd.photo_id, cmd.compound)
    key_ref = uuid7()
    note = await seal(vault, key_ref, NOTE, cmd.note)
    known = KnownOrder(
        order_id=cmd.order_id,
        compound=cmd.compound,
        source="manual",
        item=item.code,
        title=item.title,
        basis=item.basis,
        key_ref=key_ref,
        photo_id=cmd.photo_id,
        ordered_at=tx.now,
        order=_new(who.subject, due_at),
        note=note.sealed if note else None,
        content_index=vault.index(CONTENT, said),
    )
    await _begin(tx, known)
    return known, True


async def act_on(
    cmd: ActOnOrder, *, role: str, who: Principal, tx: Tx, vault: Vault
) -> tuple[KnownOrder, bool]:
    """Do something with an order. Asked twice, answered once; says whether it was done by this very command.

    Raises:
        OrderUnknown, OutOfScope: there is none, or it is somebody else's.
        SameIdOtherContent: the id was used for something else.
        PhotoUnknown, PhotoUsed: see `use_photo`.
        Refusal: what `decide_act` raises.
    """
    known = await _known(tx, cmd.order_id)
    await require_compound(tx, who, known.compound)
    before = await store.act(tx, cmd.act_id)
    if before is not None:
        if before["order_id"] != cmd.order_id or not same(
            vault, CONTENT, before["content_index"], said_in(cmd)
        ):
            raise SameIdOtherContent(
                "该编号已用于其他操作。This id was used for something else.", field="act_id"
            )
        return known, False
    rules = inspection_rules((await in_force(tx, tx.today)).document)
    await _act(tx, known, cmd, by=who.subject, role=role, rules=rules, vault=vault)
    return await _known(tx, cmd.order_id), True


async def escalate(tx: Tx, *, limit: int) -> int:
    """Tell of each order that went up a level since the last look, each level once; tells of how many orders.

    After a standstill every level that was reached meanwhile is told, with the instant at which it was. Without a rule
    for it nothing goes up.
    """
    policy = await copies_store.policy_of(tx, tx.today)
    rules = policy.document.inspections if policy else None
    if rules is None:
        return 0
    hours = rules.escalate_after_hours
    found = await store.overdue(tx, hours, limit)
    for known in found:
        order = known.order
        for level, since in levels_due(order, hours, tx.now):
            order = replace(order, level=level)
            version = await store.save(tx, known, order, by=tx.actor or "")
            event = RectificationOverdue(
                order_id=known.order_id,
                compound=known.compound,
                level=level,
                due_at=order.due_at,
                overdue_since=since,
            )
            await tx.publish(event, version=version)
    return len(found)


async def custody(conn: Conn, order_id: UUID, who: Principal) -> tuple[KnownOrder, Sequence[asyncpg.Record]]:
    """An order within the caller's scope, with everything that was done with it, in order.

    Raises:
        OrderUnknown, OutOfScope: there is none, or it is somebody else's.
    """
    known = _existing(await store.order(conn, order_id))
    await require_compound(conn, who, known.compound)
    return known, await conn.fetch(store.ACTS, order_id)


async def _act(
    tx: Tx, known: KnownOrder, cmd: ActOnOrder, *, by: str, role: str, rules: InspectionRules, vault: Vault
) -> None:
    act = Act(
        kind=cmd.kind,
        by=by,
        noted=cmd.note is not None,
        shown=cmd.photo_id is not None,
        due_at=cmd.due_at,
    )
    longest = timedelta(hours=rules.longest_deadline_hours)
    after = decide_act(known.order, act, now=tx.now, longest=longest)
    await use_photo(tx, cmd.photo_id, known.compound)
    note = await seal(vault, known.key_ref, NOTE, cmd.note)
    await store.add_act(
        tx,
        cmd.act_id,
        known.order_id,
        act,
        role=role,
        note=note.sealed if note else None,
        photo_id=cmd.photo_id,
        index=vault.index(CONTENT, said_in(cmd)),
    )
    await _tell(tx, known, after, await store.save(tx, known, after, by=by))


async def _tell(tx: Tx, known: KnownOrder, after: Order, version: int) -> None:
    """What a change of an order means to everybody else; a reply means nothing to them."""
    before = known.order
    event: RectificationMended | RectificationClosed
    if after.state == "mended" and before.state != "mended":
        event = RectificationMended(order_id=known.order_id, compound=known.compound, mended_at=tx.now)
        await tx.publish(event, version=version)
    elif after.state not in OPEN:
        event = RectificationClosed(
            order_id=known.order_id, compound=known.compound, outcome=after.state, closed_at=tx.now
        )
        await tx.publish(event, version=version)
    elif after.state == "ordered" and before.state == "mended":
        await _tell_ordered(tx, known, after.due_at, version)


async def _begin(tx: Tx, known: KnownOrder) -> None:
    await store.add_order(tx, known)
    await _tell_ordered(tx, known, known.order.due_at, known.version)


async def _tell_ordered(tx: Tx, known: KnownOrder, due_at: datetime, version: int) -> None:
    event = RectificationOrdered(
        order_id=known.order_id,
        compound=known.compound,
        inspection_id=known.inspection_id,
        source=known.source,
        inspected=known.inspected,
        item=known.item,
        ordered_at=known.ordered_at,
        due_at=due_at,
    )
    await tx.publish(event, version=version)


async def _known(tx: Tx, order_id: UUID) -> KnownOrder:
    return _existing(await store.order_for_update(tx, order_id))


def _existing(known: KnownOrder | None) -> KnownOrder:
    if known is None:
        raise OrderUnknown("没有这张整改单。There is no such order.", field="order_id")
    return known


def _new(found_by: str, due_at: datetime) -> Order:
    return Order(state="ordered", due_at=due_at, level=0, found_by=found_by, mended_by=frozenset())
