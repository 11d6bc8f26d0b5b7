"""A mistyped declaration is corrected by a new entry with a reason; both are kept (observation rules)."""

from dataclasses import dataclass, replace
from uuid import UUID

from services.observation.domain.correcting import DeclarationUnknown, check_correction
from services.observation.domain.declaring import Draft
from services.observation.domain.repeats import other_content
from services.observation.domain.settling import next_step
from services.observation.handlers import declaring, observing
from services.observation.handlers.declaring import Receipt
from services.observation.handlers.keys import sealing_key
from services.observation.store import cases, corrections
from shared.db.pool import Tx
from shared.events.observation import DeclarationCorrected
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is said instead. `draft.at` is ignored: the entry before was taken when it was taken."""

    corrects: UUID
    draft: Draft
    reason: str
    by_household: bool


async def correct(cmd: Correction, *, case_id: UUID, recorded_by: str, tx: Tx, vault: Vault) -> Receipt:
    """Take another entry for the window of the one before, once per id.

    It is a declaration like any other, so a fever that was mistyped opens the fever path now. One that was typed by
    mistake does not close it: that takes a decision.

    Raises:
        CaseUnknown, DeclarationUnknown, NotOwnDeclaration, CorrectedAlready, SameIdOtherContent: as their names say.
    """
    before = await observing.locked(tx, case_id)
    old = await corrections.to_correct(tx, cmd.corrects, case_id)
    if old is None:
        raise DeclarationUnknown("没有这条申报。There is no such declaration.", field="declaration_id")
    content = f"{cmd.corrects}|{cmd.reason}"
    kept = await corrections.find(tx, cmd.draft.declaration_id)
    if kept is not None and kept["content_index"] not in vault.index_all("correction", content):
        raise other_content()
    if kept is None:
        check_correction(
            channel=old["channel"], corrected_by=old["corrected_by"], by_household=cmd.by_household
        )
    draft = replace(cmd.draft, at=old["taken_at"])
    receipt = await declaring.declare(draft, case_id=case_id, recorded_by=recorded_by, tx=tx, vault=vault)
    if receipt.repeated:
        if kept is None:  # the id belongs to an ordinary declaration
            raise other_content()
        return receipt
    key = await sealing_key(vault, before.person_ref)
    await corrections.add(
        tx,
        draft.declaration_id,
        corrects=cmd.corrects,
        reason_sealed=vault.seal(key, "correction_reason", cmd.reason),
        content_index=vault.index("correction", content),
    )
    await _tell(draft, receipt, corrects=cmd.corrects, tx=tx)
    return receipt


async def _tell(draft: Draft, receipt: Receipt, *, corrects: UUID, tx: Tx) -> None:
    declared = await observing.locked(tx, receipt.case_id)
    case = replace(declared, version=declared.version + 1)
    calendar = await observing.calendar_in_force(tx, tx.today)
    await cases.save(tx, [(case, next_step(case, calendar))])
    corrected = DeclarationCorrected(
        declaration_id=draft.declaration_id,
        corrects=corrects,
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        day=receipt.day,
        window=receipt.window,
        temperature_c=draft.temperature_c,
        symptomatic=bool(draft.symptoms),
        corrected_at=receipt.received_at,
    )
    await tx.publish(corrected, version=case.version)
