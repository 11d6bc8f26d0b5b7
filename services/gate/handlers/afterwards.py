"""What is said of a check afterwards: overridden, reviewed by headquarters, corrected (gate rules, G18)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gate.domain.entry import GateRules
from services.gate.domain.overrides import (
    CheckUnknown,
    KeptCheck,
    NotOverridden,
    Objection,
    OverrideReason,
    decide_correction,
    decide_override,
    decide_review,
)
from services.gate.domain.overrides import Outcome as ReviewOutcome
from services.gate.handlers.checks import Answered, Outcome, check_entries
from services.gate.handlers.judging import CheckEntry
from services.gate.sealing import OVERRIDE_CONTENT, OVERRIDE_NOTE, REVIEW_CONTENT, REVIEW_NOTE
from services.gate.store import afterwards as store
from shared.db.pool import Tx
from shared.events.gate import CheckOverridden, FeverWithdrawn, OverrideReviewed
from shared.http.access import Principal
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideCheck:
    """A shift leader lets somebody pass. `content` spells out all that makes a repeat a repeat."""

    override_id: UUID
    check_id: UUID
    reason: OverrideReason
    note: str | None = field(repr=False)
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOverride:
    """Headquarters' word on an override. `content` spells out all that makes a repeat a repeat."""

    review_id: UUID
    check_id: UUID
    outcome: ReviewOutcome
    objection: Objection | None
    note: str | None = field(repr=False)
    content: str = field(repr=False)


async def override(
    cmd: OverrideCheck, *, who: Principal, tx: Tx, rules: GateRules, vault: Vault
) -> tuple[datetime, KeptCheck | None]:
    """Record that a verdict was overridden; tells when, and what was overridden if that is new.

    Raises:
        CheckUnknown, OutOfScope, NothingToOverride, NoteNeeded, AlreadyOverridden: as their names say.
        SameIdOtherContent: the id was used for another override.
    """
    row = await _check_of(tx, cmd.check_id, who)
    if before := await tx.fetchrow(store.OVERRIDE, cmd.override_id):
        if before["content"] not in vault.index_all(OVERRIDE_CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于其他内容。This id was used for something else.", field="override_id"
            )
        at: datetime = before["overridden_at"]
        return at, None
    check = store.kept_check(row)
    decide_override(check, cmd.reason, cmd.note)
    key = await vault.key(check.person_ref or check.check_id, create=True) if cmd.note else None
    await tx.execute(
        store.ADD_OVERRIDE,
        *(cmd.override_id, check.check_id, check.compound, check.checkpoint, check.verdict, cmd.reason),
        vault.seal(key, OVERRIDE_NOTE, cmd.note) if key and cmd.note else None,
        *(who.subject, tx.now, vault.index(OVERRIDE_CONTENT, cmd.content)),
    )
    await tx.publish(
        CheckOverridden(
            check_id=check.check_id,
            compound=check.compound,
            checkpoint=check.checkpoint,
            verdict=check.verdict.value,
            reason=cmd.reason,
            overridden_at=tx.now,
            review_due_at=tx.now + timedelta(hours=rules.overrides.review_within_hours)
            if rules.overrides
            else None,
        ),
        version=1,
    )
    return tx.now, check


async def review(cmd: ReviewOverride, *, who: Principal, tx: Tx, vault: Vault) -> tuple[datetime, bool]:
    """Close the review of an override; tells when, and whether it is new.

    Raises:
        CheckUnknown, NotOverridden, AlreadyReviewed, OwnOverride, ObjectionNeeded, NoteNeeded: as their names say.
        SameIdOtherContent: the id was used for another review.
    """
    row = await _check_of(tx, cmd.check_id, who)
    if before := await tx.fetchrow(store.REVIEW, cmd.review_id):
        if before["content"] not in vault.index_all(REVIEW_CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于其他内容。This id was used for something else.", field="review_id"
            )
        at: datetime = before["reviewed_at"]
        return at, False
    overridden = await tx.fetchrow(store.OVERRIDDEN, cmd.check_id)
    if overridden is None:
        raise NotOverridden("该次查验没有被人工放行。Nobody overrode this check.", field="check_id")
    decide_review(
        overridden_by=overridden["overridden_by"],
        reviewer=who.subject,
        outcome=cmd.outcome,
        objection=cmd.objection,
        note=cmd.note,
    )
    key = await vault.key(row["person_ref"] or cmd.check_id, create=True) if cmd.note else None
    await tx.execute(
        store.ADD_REVIEW,
        *(cmd.review_id, cmd.check_id, cmd.outcome, cmd.objection),
        vault.seal(key, REVIEW_NOTE, cmd.note) if key and cmd.note else None,
        *(who.subject, tx.now, vault.index(REVIEW_CONTENT, cmd.content)),
    )
    await tx.publish(
        OverrideReviewed(
            check_id=cmd.check_id,
            compound=row["compound"],
            checkpoint=row["checkpoint"],
            outcome=cmd.outcome,
            objection=cmd.objection,
            reviewed_at=tx.now,
        ),
        version=2,
    )
    return tx.now, True


async def correct(corrects: UUID, command: CheckEntry, *, tx: Tx, rules: GateRules, vault: Vault) -> Outcome:
    """Judge a new check that puts a mistyped one right. Both are kept, and the event names the corrected one.

    A fever that was mistyped holds nobody any more, unless another one stands; who acted on it is told.

    Raises:
        CheckUnknown, AlreadyCorrected, CorrectsAnother: as their names say.
    """
    row = await tx.fetchrow(store.CHECK_FOR_UPDATE, corrects)
    if row is None or row["checkpoint"] != command.station.checkpoint:
        raise _unknown("corrects")
    corrected = store.kept_check(row)
    if corrected.fever and corrected.person_ref is not None and row["corrected_by"] is None:
        others = await tx.fetchval(store.OTHER_FEVERS, corrected.person_ref, corrects)
        if not others:
            await tx.execute(store.END_HOLD, corrected.person_ref)
    anew = replace(command, corrects=corrects, lookup=replace(command.lookup, corrects=corrects))
    [outcome] = await check_entries([anew], tx=tx, rules=rules, vault=vault)
    if isinstance(outcome, Answered):
        new = KeptCheck(
            check_id=command.check_id,
            compound=command.station.compound,
            checkpoint=command.station.checkpoint,
            direction=command.direction.value,
            person_ref=outcome.answer.person_ref,
            verdict=outcome.answer.verdict,
            fever="fever" in outcome.answer.reasons,
            happened_at=outcome.answer.checked_at,
        )
        decide_correction(corrected, row["corrected_by"], new)
        await tx.execute(store.ADD_CORRECTION, command.check_id, corrects, tx.now)
        if outcome.created and corrected.fever and corrected.person_ref is not None:
            await tx.publish(
                FeverWithdrawn(
                    check_id=command.check_id,
                    corrects=corrects,
                    person_ref=corrected.person_ref,
                    compound=corrected.compound,
                    withdrawn_at=tx.now,
                ),
                version=1,
            )
    return outcome


async def _check_of(tx: Tx, check_id: UUID, who: Principal) -> Any:
    """A check of the caller's places, locked.

    Raises:
        CheckUnknown: there is none, or it is somebody else's.
    """
    row = await tx.fetchrow(store.CHECK_FOR_UPDATE, check_id)
    if row is None or not who.reaches(
        compound=row["compound"], neighbourhood=row["neighbourhood"], checkpoint=row["checkpoint"]
    ):
        raise _unknown("check_id")
    return row


def _unknown(field: str) -> CheckUnknown:
    return CheckUnknown("没有该次查验。There is no such check.", field=field)
