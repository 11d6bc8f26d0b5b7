"""What was declared, entry by entry, and the correction of a mistyped one."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.observation.api.models import (
    DeclarationBody,
    ReceiptAnswer,
    Running,
    StaffDeclarationBody,
    cause,
)
from services.observation.api.receipts import answered
from services.observation.api.resident import own_case
from services.observation.api.scope import place_within, roles_of
from services.observation.handlers import correcting
from services.observation.handlers.correcting import Correction
from services.observation.handlers.entries import Entry, entries_of
from shared.audit.noting import note_reads
from shared.events.observation import WindowName
from shared.http.access import Caller
from shared.http.models import Answer

router = APIRouter(tags=["declarations"])


class CorrectionBody(DeclarationBody):
    """What is said instead, with the reason. `at` stays what it was."""

    reason: str = Field(min_length=2, max_length=500, examples=["填错小数点"])


class StaffCorrectionBody(StaffDeclarationBody):
    """What is said instead, with the reason, as a grid worker took it."""

    reason: str = Field(min_length=2, max_length=500, examples=["核对纸质记录后更正"])


class EntryAnswer(Answer):
    """A declaration as it was made; one that `corrected_by` names another was mistyped and no longer counts."""

    declaration_id: UUID
    day: date
    window: WindowName
    standing: str
    channel: str
    alarming: bool
    taken_at: datetime
    received_at: datetime
    recorded_by: str
    temperature_c: str | None
    cannot_measure_reason: str | None
    symptoms: list[str] | None
    corrects: UUID | None
    corrected_by: UUID | None
    reason: str | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """From the handler's entry."""
        return cls(
            declaration_id=entry.declaration_id,
            day=entry.day,
            window=entry.window,
            standing=entry.standing,
            channel=entry.channel,
            alarming=entry.alarming,
            taken_at=entry.taken_at,
            received_at=entry.received_at,
            recorded_by=entry.recorded_by,
            temperature_c=entry.temperature_c,
            cannot_measure_reason=entry.cannot_measure_reason,
            symptoms=None if entry.symptoms is None else list(entry.symptoms),
            corrects=entry.corrects,
            corrected_by=entry.corrected_by,
            reason=entry.reason,
        )


class EntriesAnswer(Answer):
    """All declarations of a case, in the order in which they were received."""

    entries: list[EntryAnswer]


@router.get("/v1/cases/{case_id}/declarations", summary="What was declared")
async def list_entries(case_id: UUID, who: Caller, context: Running) -> EntriesAnswer:
    """Tell every declaration of a case with its answers, corrected ones included. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        found = await entries_of(tx, [(case_id, place["person_ref"])], context.vault)
        await note_reads(
            tx,
            role=roles_of(who),
            action="observation.read_declarations",
            refs=[place["person_ref"]],
            scope=f"compound:{place['compound']}",
        )
    return EntriesAnswer(entries=[EntryAnswer.of(entry) for entry in found])


@router.post(
    "/v1/cases/{case_id}/declarations/{declaration_id}/corrections",
    summary="Correct a mistyped declaration",
    status_code=201,
    responses={200: {"model": ReceiptAnswer, "description": "Sent before: the first answer."}},
)
async def correct_for(
    case_id: UUID,
    declaration_id: UUID,
    body: StaffCorrectionBody,
    who: Caller,
    *,
    context: Running,
    response: Response,
) -> ReceiptAnswer:
    """Say something else instead, with a reason; both entries are kept.

    A fever that was mistyped opens the fever path now; one that was typed by mistake does not close it.
    """
    cmd = Correction(
        corrects=declaration_id, draft=body.draft(body.via), reason=body.reason, by_household=False
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        receipt = await correcting.correct(
            cmd, case_id=case_id, recorded_by=who.subject, tx=tx, vault=context.vault
        )
    return answered(receipt, body.via, response)


@router.post(
    "/v1/me/declarations/{declaration_id}/corrections",
    summary="Correct what I mistyped",
    status_code=201,
    responses={200: {"model": ReceiptAnswer, "description": "Sent before: the first answer."}},
)
async def correct_mine(
    declaration_id: UUID, body: CorrectionBody, who: Caller, context: Running, response: Response
) -> ReceiptAnswer:
    """Say something else instead of what the household declared; what staff recorded is corrected by staff."""
    cmd = Correction(corrects=declaration_id, draft=body.draft("self"), reason=body.reason, by_household=True)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        receipt = await correcting.correct(
            cmd, case_id=await own_case(tx, who), recorded_by=who.subject, tx=tx, vault=context.vault
        )
    return answered(receipt, "self", response)
