"""Leads from telling to reward (R6.3, P13). Who told one is stored apart and never leaves with it."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.leads import (
    RECEIPT_LETTERS,
    Assignee,
    AssigneeUnknown,
    ClosingReason,
    Erasure,
    GateNotNamed,
    Lead,
    LeadChannel,
    LeadState,
    LeadUnknown,
    ReceiptUnknown,
    RewardedAlready,
    RewardState,
    decide_assignment,
    decide_closure,
    decide_merge,
    decide_receipt_of,
    decide_reward,
    decide_unmerge,
    receipt_from,
    receipt_read,
)
from services.registry.handlers import policy
from services.registry.store import leads as store
from services.registry.store import premises as premises_store
from services.registry.store.leads import NewLead
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.db.pool import Conn, Tx
from shared.events.policy import LeadCategory
from shared.events.registry.leads import (
    LeadAssigned,
    LeadClosed,
    LeadMerged,
    LeadReceived,
    LeadSeparated,
)
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

PLACE, TEXT, RECEIPT, CONTENT = "lead_place", "lead_text", "lead_receipt", "lead_content"
REPORTER_NAME, REPORTER_PHONE = "lead_reporter_name", "lead_reporter_phone"
"""Names of sealed fields and keyed indexes, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who tells it, as far as they say."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellLead:
    """Somebody tells something. `lead_id` is made by the client; `content` is the request as one text."""

    lead_id: UUID
    channel: LeadChannel
    category: LeadCategory
    compound: str
    place: str
    text: str
    observed_at: datetime
    complained_about: str | None
    reporter: Reporter | None
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a receipt tells: of the lead it was merged into, if it was."""

    state: LeadState
    valid: bool | None
    reward: RewardState
    erasure: Erasure


async def tell(cmd: TellLead, *, tx: Tx, vault: Vault) -> tuple[str, bool]:
    """Write a lead down; the receipt code, and whether the lead is new. The same lead twice is one.

    Raises:
        SameIdOtherContent: the id was used for another lead.
        CompoundUnknown, GateNotNamed, ObservedInFuture: the statement.
    """
    await store.lock_id(tx, cmd.lead_id)
    if (known := await store.first_answer(tx, cmd.lead_id)) is not None:
        if known["content_index"] not in vault.index_all(CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于另一条线索。This id was used for another lead.", field="lead_id"
            )
        return vault.open(await vault.key(known["key_ref"]), RECEIPT, known["receipt_sealed"]), False
    decide_receipt_of(cmd.observed_at, tx.now)
    if await premises_store.compound(tx, cmd.compound) is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    await _check_gate(tx, cmd.category, cmd.complained_about, cmd.compound)
    key_ref = uuid7()  # never an id that a client chose: it could be that of somebody else's key
    key = await vault.key(key_ref, create=True)
    receipt = receipt_from(secrets.token_bytes(RECEIPT_LETTERS))
    await store.add(
        tx,
        NewLead(
            lead_id=cmd.lead_id,
            compound=cmd.compound,
            channel=cmd.channel,
            category=cmd.category,
            key_ref=key_ref,
            place_sealed=vault.seal(key, PLACE, cmd.place),
            text_sealed=vault.seal(key, TEXT, cmd.text),
            complained_about=cmd.complained_about,
            observed_at=cmd.observed_at,
            receipt_sealed=vault.seal(key, RECEIPT, receipt),
            receipt_index=vault.index(RECEIPT, receipt_read(receipt)),
            content_index=vault.index(CONTENT, cmd.content),
        ),
    )
    if cmd.reporter is not None:
        await _keep_apart(tx, cmd.lead_id, cmd.reporter, vault)
    await tx.publish(
        LeadReceived(
            lead_id=cmd.lead_id,
            compound=CompoundId(cmd.compound),
            category=cmd.category,
            via=cmd.channel,
            observed_at=cmd.observed_at,
            received_at=tx.now,
        ),
        version=1,
    )
    return receipt, True


async def standing(conn: Conn, code: str, vault: Vault) -> Standing:
    """How the lead with a receipt code stands.

    Raises:
        ReceiptUnknown: no lead has it.
    """
    row = await store.by_receipt(conn, vault.index_all(RECEIPT, receipt_read(code)))
    if row is None:
        raise ReceiptUnknown("没有此回执。There is no such receipt.", field="code")
    return Standing(
        state=row["state"],
        valid=row["valid"],
        reward="granted" if row["rewarded"] else "none",
        erasure="done" if row["erased_at"] else "asked" if row["erasure_asked_at"] else "none",
    )


async def assign(lead_id: UUID, assignee: Assignee, *, complained_about: str | None, tx: Tx) -> None:
    """Let a grid of the compound or a unit look into a lead. The same again changes nothing.

    Raises:
        LeadUnknown, LeadMerged, LeadClosedAlready, AssigneeUnknown, GateNotNamed, AssignedToTheAccused.
    """
    lead = await _held(tx, lead_id)
    if complained_about is not None and lead.complained_about not in {None, complained_about}:
        raise GateNotNamed("线索反映的是另一处。The lead is about another place.", field="complained_about")
    accused = lead.complained_about or complained_about
    await _check_gate(tx, lead.category, accused, lead.compound)
    if assignee.kind == "grid" and not await store.grid_there(tx, assignee.code, lead.compound):
        raise AssigneeUnknown("该小区没有这个网格。The compound has no such grid.", field="assignee.code")
    named = replace(lead, complained_about=accused)
    due_at = decide_assignment(
        named,
        assignee,
        serves_the_accused=accused is not None and await store.serves_both(tx, accused, assignee, tx.today),
        rules=(await policy.in_force(tx, tx.today)).document.leads,
        now=tx.now,
    )
    if (lead.assignee_kind, lead.assignee) == (assignee.kind, assignee.code):
        return
    version = await store.assign(tx, lead_id, assignee, due_at, complained_about=accused)
    await tx.publish(
        LeadAssigned(
            lead_id=lead_id,
            compound=CompoundId(lead.compound),
            category=lead.category,
            assignee_kind=assignee.kind,
            assignee=assignee.code,
            assigned_at=tx.now,
            due_at=due_at,
        ),
        version=version,
    )


async def close(lead_id: UUID, *, valid: bool, reason: ClosingReason, tx: Tx) -> None:
    """Say what was found. The same again changes nothing.

    Raises:
        LeadUnknown, LeadMerged, LeadClosedAlready.
    """
    lead = await _held(tx, lead_id)
    if not decide_closure(lead, valid=valid, reason=reason):
        return
    version = await store.close(tx, lead_id, valid=valid, reason=reason)
    await tx.publish(
        LeadClosed(
            lead_id=lead_id,
            compound=CompoundId(lead.compound),
            category=lead.category,
            valid=valid,
            reason=reason,
            closed_at=tx.now,
            worker_ref=tx.worker_ref,
        ),
        version=version,
    )


async def merge(lead_id: UUID, kept_id: UUID, *, tx: Tx) -> None:
    """Keep a lead as a duplicate of another (并案). The same again changes nothing.

    Raises:
        LeadUnknown, NotMergeable.
    """
    lead = await _held(tx, lead_id)
    kept = lead if kept_id == lead_id else await store.for_update(tx, kept_id)
    if kept is None:
        raise LeadUnknown("没有这条主线索。There is no such lead to keep.", field="kept_lead_id")
    own, other = await store.reward_of(tx, lead_id), await store.reward_of(tx, kept_id)
    if not decide_merge(
        lead,
        kept,
        has_duplicates=bool(await store.duplicates(tx, lead_id)),
        both_rewarded=own is not None and other is not None,
    ):
        return
    version = await store.merge(tx, lead_id, kept_id)
    if own is not None:
        await store.move_reward(tx, lead_id, kept_id)
    merged = LeadMerged(
        lead_id=lead_id, compound=CompoundId(lead.compound), merged_into=kept_id, merged_at=tx.now
    )
    await tx.publish(merged, version=version)


async def unmerge(lead_id: UUID, *, tx: Tx) -> None:
    """Undo a merge: the lead is again as it was before.

    Raises:
        LeadUnknown, NotMerged, NotMergeable.
    """
    lead = await _held(tx, lead_id)
    reward = await store.reward_of(tx, lead.fact_id)
    decide_unmerge(lead, rewarded=reward is not None and reward["lead_id"] == lead_id)
    version = await store.merge(tx, lead_id, None)
    separated = LeadSeparated(lead_id=lead_id, compound=CompoundId(lead.compound), separated_at=tx.now)
    await tx.publish(separated, version=version)


async def reward(lead_id: UUID, *, tx: Tx) -> tuple[datetime, bool]:
    """Reward whoever told a fact that was found to be true; once a fact, however many told it.

    Returns:
        When it was decided, and whether it was decided now.

    Raises:
        LeadUnknown, NotRewardable: nothing to reward.
        RewardedAlready: another of the fact's leads was rewarded.
    """
    lead = await _held(tx, lead_id)
    head = lead if lead.merged_into is None else await store.for_update(tx, lead.merged_into)
    if head is None:
        raise AssertionError("unreachable: a foreign key keeps the lead that others were merged into")
    decide_reward(head)
    if (given := await store.reward_of(tx, head.lead_id)) is not None:
        if given["lead_id"] == lead_id:
            decided_at: datetime = given["decided_at"]
            return decided_at, False
        raise RewardedAlready("此事已奖励过。This fact was rewarded.")
    await store.add_reward(tx, head.lead_id, lead_id)
    return tx.now, True


async def open_reporter(lead_id: UUID, *, reason: str, role: str, tx: Tx, vault: Vault) -> Reporter | None:
    """Tell who told a lead; the reading and its reason are recorded, even when nobody said who they are."""
    row = await store.reporter(tx, lead_id)
    await note_reads(
        tx,
        action="lead.reporter_opened",
        role=role,
        refs=[] if row is None else [row["reporter_ref"]],
        scope=f"lead:{lead_id}",
        reason=await reasons.sealed(vault, reason),
    )
    if row is None:
        return None
    key = await vault.key(row["reporter_ref"])
    name, phone = row["name_sealed"], row["phone_sealed"]
    return Reporter(
        name=vault.open(key, REPORTER_NAME, name) if name else None,
        phone=vault.open(key, REPORTER_PHONE, phone) if phone else None,
    )


async def _held(tx: Tx, lead_id: UUID) -> Lead:
    place = await store.place_of(tx, lead_id)
    if place is None:
        raise LeadUnknown("没有这条线索。There is no such lead.")
    await store.lock_compound(tx, place["compound_id"])
    lead = await store.for_update(tx, lead_id)
    if lead is None:
        raise AssertionError("unreachable: leads are not deleted")
    return lead


async def _check_gate(conn: Conn, category: str, accused: str | None, compound: str) -> None:
    if (
        category == "gate_unattended"
        and accused is not None
        and not await store.checkpoint_there(conn, accused, compound)
    ):
        raise GateNotNamed(
            "该小区没有这个卡口。The compound has no such checkpoint.", field="complained_about"
        )


async def _keep_apart(tx: Tx, lead_id: UUID, reporter: Reporter, vault: Vault) -> None:
    reporter_ref = uuid7()  # a key of its own: erasing who told it leaves what was told
    key = await vault.key(reporter_ref, create=True)
    await store.add_reporter(
        tx,
        lead_id,
        reporter_ref,
        name_sealed=vault.seal(key, REPORTER_NAME, reporter.name) if reporter.name else None,
        phone_sealed=vault.seal(key, REPORTER_PHONE, reporter.phone) if reporter.phone else None,
    )
