"""What is said of a check afterwards: overridden by a shift leader, corrected by a new one (gate rules, G18)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.gate.domain.entry import GateRules
from services.gate.domain.overrides import (
    CheckUnknown,
    KeptCheck,
    OverrideReason,
    decide_correction,
    decide_override,
)
from services.gate.handlers.checks import Answered, CheckEntry, Outcome, check_entries
from services.gate.sealing import OVERRIDE_CONTENT, OVERRIDE_NOTE
from services.gate.store import afterwards as store
from shared.db.pool import Tx
from shared.events.gate import CheckOverridden, FeverWithdrawn
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


async def override(cmd: OverrideCheck, *, who: Principal, tx: Tx, vault: Vault) -> tuple[datetime, bool]:
    """Record that a verdict was overridden; tells when, and whether it is new.

    Raises:
        CheckUnknown, OutOfScope, NothingToOverride, NoteNeeded, AlreadyOverridden: as their names say.
        SameIdOtherContent: the id was used for another override.
    """
    row = await tx.fetchrow(store.CHECK_FOR_UPDATE, cmd.check_id)
    if row is None or not who.reaches(
        compound=row["compound"], neighbourhood=row["neighbourhood"], checkpoint=row["checkpoint"]
    ):
        raise _unknown("check_id")
    if before := await tx.fetchrow(store.OVERRIDE, cmd.override_id):
        if before["content"] not in vault.index_all(OVERRIDE_CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于其他内容。This id was used for something else.", field="override_id"
            )
        at: datetime = before["overridden_at"]
        return at, False
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
        ),
        version=1,
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


def _unknown(field: str) -> CheckUnknown:
    return CheckUnknown("没有该次查验。There is no such check.", field=field)
