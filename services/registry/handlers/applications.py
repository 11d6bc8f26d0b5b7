"""Applications for a pass, from the desk, from home and from a gate, until they are settled (R2.4, R2.8, G4)."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.registry.domain.applications import (
    Application,
    ApplicationReceiptUnknown,
    ApplicationState,
    ApplicationUnknown,
    Colour,
    PaperKind,
    RefusalReason,
    decide_colour,
    decide_grant,
    decide_open,
)
from services.registry.domain.errors import CompoundUnknown, PersonUnknown
from services.registry.domain.leads import RECEIPT_LETTERS, receipt_from, receipt_read
from services.registry.handlers import intake_tasks, passes, people, policy
from services.registry.handlers.passes import Issued, IssueEntryPass
from services.registry.store import applications as store
from services.registry.store import people as people_store
from services.registry.store import premises as premises_store
from services.registry.store import returnees as returnee_store
from services.registry.store.applications import NewApplication
from shared.db.pool import Conn, Tx
from shared.events.gate import PassApplicationRequested
from shared.events.registry.passes import PassApplicationReceived, PassApplicationSettled
from shared.kernel.identities import sought_numbers
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

STATED, NOTE = "application_stated", "application_note"
RECEIPT, CONTENT = "application_receipt", "application_content"
"""Names of sealed fields and keyed indexes, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Somebody asks for a pass. The id is made by the client; `content` is the request as one text.

    `stated` is what they say of themselves: it is kept sealed, as they wrote it.
    """

    application_id: UUID
    compound: str
    via: Literal["desk", "online"]
    stated: Mapping[str, Any]
    documents: Sequence[str]
    papers: Sequence[PaperKind]
    colour: Colour
    code_seen_at: datetime
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is sealed of an application, opened."""

    stated: Mapping[str, Any] | None
    answers: Mapping[str, Any] | None
    note: str | None
    settled_at: datetime | None
    settled_by: str | None


async def apply(cmd: Apply, *, tx: Tx, vault: Vault) -> tuple[str, bool]:
    """Write an application down; its receipt code, and whether it is new. The same one twice is one.

    Raises:
        SameIdOtherContent: the id was used for another application.
        CompoundUnknown, CodeSeenInFuture: the statement.
    """
    await store.lock_id(tx, cmd.application_id)
    if (known := await store.first_answer(tx, cmd.application_id)) is not None:
        if known["content_index"] not in vault.index_all(CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于另一份申请。This id was used for another application.", field="application_id"
            )
        return vault.open(await vault.key(known["key_ref"]), RECEIPT, known["receipt_sealed"]), False
    decide_colour(cmd.code_seen_at, tx.now, field="code_seen_at")
    if await premises_store.compound(tx, cmd.compound) is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    key_ref = uuid7()  # never an id that a client chose: it could be that of somebody else's key
    key = await vault.key(key_ref, create=True)
    receipt = receipt_from(secrets.token_bytes(RECEIPT_LETTERS))
    await _add(
        tx,
        NewApplication(
            application_id=cmd.application_id,
            compound=cmd.compound,
            via=cmd.via,
            key_ref=key_ref,
            stated_sealed=vault.seal(key, STATED, json.dumps(cmd.stated, ensure_ascii=False)),
            person_ref=await _holder(tx, cmd.documents, vault),
            receipt_sealed=vault.seal(key, RECEIPT, receipt),
            receipt_index=vault.index(RECEIPT, receipt_read(receipt)),
            content_index=vault.index(CONTENT, cmd.content),
            colour=cmd.colour,
            code_seen_at=cmd.code_seen_at,
            papers=cmd.papers,
        ),
    )
    return receipt, True


async def follow_request(event: PassApplicationRequested, *, tx: Tx, vault: Vault) -> None:
    """A newcomer at a gate asks for a pass: one application for each check, however often it is told (G4)."""
    await store.lock_id(tx, event.check_id)
    if await store.first_answer(tx, event.check_id) is not None:
        return
    key_ref = uuid7()
    await vault.key(key_ref, create=True)
    person = event.person_ref
    known = person is not None and await returnee_store.lock_person(tx, person)
    await _add(
        tx,
        NewApplication(
            application_id=event.check_id,
            compound=event.compound,
            via="gate",
            key_ref=key_ref,
            stated_sealed=None,
            person_ref=person if known else None,
            receipt_sealed=None,
            receipt_index=None,
            content_index=None,
            colour=event.suzhou_code,
            code_seen_at=event.checked_at,
            papers=(),
        ),
    )


async def record_colour(application_id: UUID, colour: Colour, seen_at: datetime, *, tx: Tx) -> None:
    """Keep a colour that was seen; the latest one holds or frees the application (R2.8).

    Raises:
        ApplicationUnknown, ApplicationSettled, CodeSeenInFuture: there is nothing to record.
    """
    found = await _open(tx, application_id)
    decide_colour(seen_at, tx.now, field="seen_at")
    version = await store.show_code(tx, application_id, colour, seen_at)
    if version is not None:
        await _tell_received(tx, found, colour, version)


async def verify_paper(application_id: UUID, kind: PaperKind, *, tx: Tx) -> None:
    """Note that a clerk has looked at a paper.

    Raises:
        ApplicationUnknown, ApplicationSettled: there is nothing to verify.
    """
    await _open(tx, application_id)
    await store.verify_paper(tx, application_id, kind)


async def name_person(application_id: UUID, person_ref: UUID, *, tx: Tx) -> None:
    """Note who of the book the applicant is.

    Raises:
        ApplicationUnknown, ApplicationSettled, PersonUnknown: as their names say.
    """
    await _open(tx, application_id)
    if not await returnee_store.lock_person(tx, person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    await store.name_person(tx, application_id, person_ref)


async def grant(application_id: UUID, *, tx: Tx, vault: Vault) -> Issued:
    """Issue the pass that was applied for; asked twice, issued once.

    Raises:
        ApplicationUnknown, ApplicationSettled, ApplicationHeld, ApplicationIncomplete: see `decide_grant`.
        NotAResident, PassNotYet, PassSuspended: see `decide_issue`; the application stays open.
    """
    found = await _held(tx, application_id)
    cmd_of = IssueEntryPass(
        request_id=application_id, person_ref=found.person_ref or UUID(int=0), compound=found.compound
    )
    if found.state == "issued":
        return await passes.issue(cmd_of, tx=tx, vault=vault)
    rules = (await policy.in_force(tx, tx.today)).document.pass_applications
    person_ref = decide_grant(found, rules)
    cmd = IssueEntryPass(request_id=application_id, person_ref=person_ref, compound=found.compound)
    issued = await passes.issue(cmd, tx=tx, vault=vault)
    await _settle(tx, found, "issued", pass_id=issued.entry_pass.pass_id)
    return issued


async def refuse(
    application_id: UUID, reason: RefusalReason, note: str | None, *, tx: Tx, vault: Vault
) -> None:
    """Refuse an application with a reason; the same again changes nothing.

    Raises:
        ApplicationUnknown, ApplicationSettled: there is nothing to refuse.
    """
    found = await _held(tx, application_id)
    if (found.state, found.reason) == ("refused", reason):
        return
    decide_open(found)
    sealed = vault.seal(await vault.key(found.key_ref), NOTE, note) if note else None
    await _settle(tx, found, "refused", reason=reason, note=sealed)


async def withdraw(application_id: UUID, *, tx: Tx) -> None:
    """Take an application back; a second time changes nothing.

    Raises:
        ApplicationUnknown, ApplicationSettled: there is nothing to take back.
    """
    found = await _held(tx, application_id)
    if found.state == "withdrawn":
        return
    decide_open(found)
    await _settle(tx, found, "withdrawn")


async def by_receipt(conn: Conn, code: str, vault: Vault) -> UUID:
    """The application with a receipt code.

    Raises:
        ApplicationReceiptUnknown: none has it.
    """
    found = await store.by_receipt(conn, vault.index_all(RECEIPT, receipt_read(code)))
    if found is None:
        raise ApplicationReceiptUnknown("没有此回执。There is no such receipt.", field="code")
    return found


async def opened(conn: Conn, found: Application, vault: Vault) -> Opened:
    """What is sealed of an application; nothing of one whose key was destroyed."""
    row = await store.one(conn, found.application_id)
    key = (await vault.keys([found.key_ref])).get(found.key_ref)

    def read(field: str, sealed: bytes | None) -> str | None:
        return vault.open(key, field, sealed) if key and sealed else None

    stated = read(STATED, row["stated_sealed"]) if row else None
    return Opened(
        stated=json.loads(stated) if stated else None,
        answers=await intake_tasks.answers_at(conn, found.application_id, vault)
        if found.via == "gate"
        else None,
        note=read(NOTE, row["note_sealed"]) if row else None,
        settled_at=row["settled_at"] if row else None,
        settled_by=row["settled_by"] if row else None,
    )


async def _held(tx: Tx, application_id: UUID) -> Application:
    found = await store.for_update(tx, application_id)
    if found is None:
        raise ApplicationUnknown("没有这份申请。There is no such application.")
    return found


async def _open(tx: Tx, application_id: UUID) -> Application:
    found = await _held(tx, application_id)
    decide_open(found)
    return found


async def _holder(tx: Tx, documents: Sequence[str], vault: Vault) -> UUID | None:
    """Whom the stated documents name, where they name one person only; a clerk confirms it with the papers."""
    found: set[UUID] = set()
    for document in documents:
        indexes = [
            key for number in sought_numbers(document) for key in vault.index_all(people.DOCUMENT, number)
        ]
        found |= {row["person_ref"] for row in await tx.fetch(people_store.BY_DOCUMENT, indexes, 2)}
    return found.pop() if len(found) == 1 else None


async def _add(tx: Tx, new: NewApplication) -> None:
    await store.add(tx, new)
    await tx.publish(
        PassApplicationReceived(
            application_id=new.application_id,
            compound=CompoundId(new.compound),
            via=new.via,
            suzhou_code=new.colour,
            received_at=tx.now,
        ),
        version=1,
    )


async def _tell_received(tx: Tx, found: Application, colour: Colour, version: int) -> None:
    await tx.publish(
        PassApplicationReceived(
            application_id=found.application_id,
            compound=CompoundId(found.compound),
            via=found.via,
            suzhou_code=colour,
            received_at=found.received_at,
        ),
        version=version,
    )


async def _settle(
    tx: Tx,
    found: Application,
    outcome: Literal["issued", "refused", "withdrawn"],
    *,
    reason: str | None = None,
    note: bytes | None = None,
    pass_id: UUID | None = None,
) -> None:
    state: ApplicationState = outcome
    version = await store.settle(tx, found.application_id, state, reason=reason, note=note, pass_id=pass_id)
    await tx.publish(
        PassApplicationSettled(
            application_id=found.application_id,
            compound=CompoundId(found.compound),
            outcome=outcome,
            reason=reason,
            settled_at=tx.now,
        ),
        version=version,
    )
