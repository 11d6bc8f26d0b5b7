"""What people do with findings: enter their own, reply, settle, review (R7.2, screens 4.14)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.reporting import queries
from services.reporting.domain.finding_custody import (
    Act,
    ActKind,
    Custody,
    FindingUnknown,
    decide_act,
    decide_deadline,
)
from services.reporting.domain.findings import Finding
from services.reporting.domain.owners import Measure
from services.reporting.handlers.findings import assignments, closed, opened, owner_now
from services.reporting.handlers.report_days import policy_of
from services.reporting.store import compounds
from services.reporting.store import finding_custody as store
from services.reporting.store import findings as findings_store
from services.reporting.store import known as known_store
from services.reporting.store.finding_custody import HeldFinding, Within
from services.reporting.store.findings import SeenAct
from shared.db.pool import Conn, Tx
from shared.events.policy import PolicyDocument
from shared.events.policy_inspections import Finding as Item
from shared.events.policy_supervision import SupervisionRules
from shared.http.access import TOWN, OutOfScope, Principal
from shared.kernel.ids import NeighbourhoodId, uuid7
from shared.kernel.refusal import PolicySilent, Refusal, SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

NOTE = "finding_note"
"""Name of a sealed field, part of what is stored: never renamed."""
CONTENT = "finding_content"
"""Name of an index, part of what is stored: never renamed."""


class PlaceUnknown(Refusal):
    """The registry has told of no such compound or unit (yet)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "place_unknown"


class ItemUnknown(Refusal):
    """Policy names no such item."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "item_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindByHand:
    """What somebody found by looking: in a compound, or with a unit. `due_at` None: as policy says for the item."""

    finding_id: UUID
    compound: str | None
    unit: str | None
    item: str
    measure: Measure | None
    inspection_id: UUID | None
    due_at: datetime | None
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOnFinding:
    """Something to be done with a finding, in words."""

    act_id: UUID
    finding_id: UUID
    kind: ActKind
    due_at: datetime | None
    note: str = field(repr=False)


async def find_by_hand(cmd: FindByHand, *, who: Principal, tx: Tx, vault: Vault) -> tuple[HeldFinding, bool]:
    """Keep what somebody found. Asked twice, answered once; says whether it is new.

    Raises:
        OutOfScope, PlaceUnknown: it is not theirs, or nobody knows the place.
        SameIdOtherContent: the id was used for something else.
        ItemUnknown, DeadlineImpossible: as their names say.
        PolicySilent, PolicyUnknown: there is no rule for it.
    """
    unit = await _unit(tx, cmd, who)
    await tx.execute(findings_store.TURN)
    await tx.execute(known_store.NOW, tx.now)
    said = said_in(cmd)
    before = await store.finding(tx, cmd.finding_id)
    if before is not None:
        if not same(vault, CONTENT, before.content_index, said):
            raise SameIdOtherContent(
                "该编号已用于另一督查事项。This id was used for another finding.", field="finding_id"
            )
        return before, False
    document, rules = await _rules(tx)
    item = _item(document, cmd.item)
    due_at = cmd.due_at or tx.now + timedelta(hours=item.mend_within_hours)
    decide_deadline(due_at, now=tx.now, longest=timedelta(hours=rules.longest_deadline_hours))
    key_ref = uuid7()
    note = await seal(vault, key_ref, NOTE, cmd.note)
    finding = Finding(
        finding_id=cmd.finding_id,
        rule="inspection",
        subject=str(cmd.finding_id),
        compound=cmd.compound,
        unit=unit,
        state="open",
        opened_at=tx.now,
        due_at=due_at,
        evidence={"inspection_id": str(cmd.inspection_id)} if cmd.inspection_id else {},
        owner=owner_now(await assignments(tx), "inspection", cmd.compound, cmd.measure),
    )
    held = HeldFinding(
        finding=finding,
        custody=_custody(finding, who.subject),
        measure=cmd.measure,
        basis=item.basis,
        item=item.code,
        title=item.title,
        settled_last_by=None,
        reviewed_by=None,
        version=1,
        key_ref=key_ref,
        note=note.sealed if note else None,
        content_index=vault.index(CONTENT, said),
    )
    await store.add_by_hand(tx, held)
    begun = SeenAct(
        act_id=uuid7(), finding_id=finding.finding_id, kind="opened", at=tx.now, due_at=finding.due_at
    )
    await findings_store.add_acts(tx, [begun])
    await tx.publish(opened(finding), version=1)
    return held, True


async def act_on(cmd: ActOnFinding, *, role: str, who: Principal, tx: Tx, vault: Vault) -> bool:
    """Do something with a finding. Asked twice, done once; says whether it was done by this very command.

    Raises:
        FindingUnknown, OutOfScope: there is none, or it is somebody else's.
        SameIdOtherContent: the id was used for something else.
        PolicySilent, PolicyUnknown: there is no rule for it.
        Refusal: what `decide_act` raises.
    """
    await tx.execute(findings_store.TURN)
    await tx.execute(known_store.NOW, tx.now)
    held = await held_within(tx, cmd.finding_id, who)
    before = await store.act(tx, cmd.act_id)
    if before is not None:
        if before["finding_id"] != cmd.finding_id or not same(
            vault, CONTENT, before["content_index"], said_in(cmd)
        ):
            raise SameIdOtherContent(
                "该编号已用于其他操作。This id was used for something else.", field="act_id"
            )
        return False
    _, rules = await _rules(tx)
    act = Act(kind=cmd.kind, by=who.subject, due_at=cmd.due_at)
    after = decide_act(held.custody, act, now=tx.now, longest=timedelta(hours=rules.longest_deadline_hours))
    key_ref = held.key_ref or uuid7()
    note = await seal(vault, key_ref, NOTE, cmd.note)
    await store.add_act(
        tx,
        cmd.act_id,
        cmd.finding_id,
        act,
        role=role,
        note=note.sealed if note else None,
        index=vault.index(CONTENT, said_in(cmd)),
    )
    await tx.execute(store.KEEP_KEY, cmd.finding_id, key_ref)
    if act.kind != "replied":
        await _save(tx, held, after, act)
    return True


async def held_within(conn: Conn, finding_id: UUID, who: Principal) -> HeldFinding:
    """A finding that the caller may see.

    Raises:
        FindingUnknown, OutOfScope: there is none, or it is somebody else's.
    """
    held = await store.finding(conn, finding_id)
    if held is None:
        raise FindingUnknown("没有这一督查事项。There is no such finding.", field="finding_id")
    within = await within_scope(conn, who)
    one = held.finding
    if within.compounds is not None and not (
        one.compound in within.compounds if one.compound else one.unit in within.units
    ):
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
    return held


async def within_scope(conn: Conn, who: Principal) -> Within:
    """Which findings the caller may see: whoever has the whole town sees the town's own, too."""
    if TOWN in who.scopes_for():
        return Within(compounds=None, units=())
    rows = await conn.fetch(compounds.COMPOUNDS)
    return Within(
        compounds=[
            row["compound"] for row in rows if queries.sees(who, row["compound"], row["neighbourhood"])
        ],
        units=[unit for unit in _units(rows) if who.reaches(neighbourhood=NeighbourhoodId(unit))],
    )


async def _unit(tx: Tx, cmd: FindByHand, who: Principal) -> str:
    """The unit that a person's finding is with: the compound's own, or the one that was named."""
    rows = await tx.fetch(compounds.COMPOUNDS)
    within = await within_scope(tx, who)
    unit: str | None
    if cmd.compound is not None:
        unit = next((row["neighbourhood"] for row in rows if row["compound"] == cmd.compound), None)
        theirs = within.compounds is None or cmd.compound in within.compounds
    else:
        unit = cmd.unit if cmd.unit in _units(rows) else None
        theirs = within.compounds is None or unit in within.units
    if not theirs:
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
    if unit is None:
        raise PlaceUnknown(
            "没有这个小区或社区。There is no such compound or unit.",
            field="compound" if cmd.compound is not None else "unit",
        )
    return unit


def _units(rows: Sequence[asyncpg.Record]) -> set[str]:
    return {row["neighbourhood"] for row in rows}


async def _rules(conn: Tx) -> tuple[PolicyDocument, SupervisionRules]:
    _, document = await policy_of(conn, conn.today)
    if document.supervision is None:
        raise PolicySilent("supervision")
    return document, document.supervision


def _item(document: PolicyDocument, code: str) -> Item:
    if document.inspections is None:
        raise PolicySilent("inspections")
    rules = document.inspections
    stated = [item for checklist in rules.checklists for item in checklist.items] + list(rules.findings)
    item = next((one for one in stated if one.code == code), None)
    if item is None:
        raise ItemUnknown("现行规则没有这一事项。Policy names no such item.", field="item")
    return item


def _custody(finding: Finding, found_by: str) -> Custody:
    return Custody(
        rule=finding.rule,
        state=finding.state,
        due_at=finding.due_at,
        found_by=found_by,
        settled_by=frozenset(),
    )


async def _save(tx: Tx, held: HeldFinding, after: Custody, act: Act) -> None:
    """Write how it stands, and tell who has to know: what waits for its reviewer is nobody's news."""
    version = await store.save(tx, held, after, act)
    if after.state == "closed":
        await tx.publish(closed(held.finding, by="person", at=tx.now), version=version)
    elif act.kind == "sent_back":
        await tx.publish(opened(held.finding, reopened=True, due_at=after.due_at), version=version)
