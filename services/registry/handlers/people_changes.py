"""Registering people at the counter and correcting what the book says of them, with history (R4.3, P2, P3, P4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.documents import Document
from services.registry.domain.errors import DocumentOfAnother
from services.registry.domain.people import Relation, Sex, surname_of
from services.registry.domain.people_life import (
    DocumentUnknown,
    GuardianRequired,
    Stay,
    decide_alive,
    decide_birth,
    decide_day,
    decide_document,
    decide_guardian,
)
from services.registry.handlers import people, people_acts, returnees, risk
from services.registry.handlers.people import DOCUMENT, NAME, PHONE, Keeper, NewPerson
from services.registry.handlers.people_acts import Asked, Held
from services.registry.handlers.people_reading import Profile
from services.registry.store import people as people_store
from services.registry.store.people_acts import Act
from shared.db.pool import Tx
from shared.kernel.identities import normalise_phone
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class StayAt:
    """A dwelling at which somebody is to be registered."""

    dwelling_id: UUID
    relation: Relation
    resident: bool
    registered_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody as a clerk states them, with every dwelling they are at (one at least)."""

    person: NewPerson
    stays: tuple[StayAt, ...]
    guardian_ref: UUID | None


async def register(newcomer: Newcomer, asked: Asked, *, tx: Tx, keeper: Keeper) -> tuple[Act, bool]:
    """Register somebody, or find that they are in the book; tells the act, and whether the person is new.

    Raises:
        SameIdOtherContent: the id was used for something else.
        GuardianRequired, GuardianUnfit: who has no document needs somebody who answers for them (P2).
        DocumentOfAnother, DwellingUnknown, PersonDeceased, DayInFuture, DivisionUnknown, RegisteredMeanwhile.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known, False
    held, meant = await hold_newcomer(tx, keeper, newcomer)
    ref, new = await enter(tx, keeper, newcomer, meant=meant)
    if ref not in held.people:
        held.new.append(ref)
    await returnees.refresh_contact(tx, keeper, ref)
    return await people_acts.finish(tx, keeper, asked, held, told=True), new


async def hold_newcomer(tx: Tx, keeper: Keeper, newcomer: Newcomer) -> tuple[Held, UUID | None]:
    """Find whom a newcomer means and hold them; see `register` for what is refused."""
    await refuse_two_people(tx, newcomer.person.documents, keeper.vault)
    guardian, first = newcomer.guardian_ref, newcomer.stays[0]
    meant = await people.whom(
        tx, keeper, newcomer.person, first.dwelling_id, first.relation, guardian_ref=guardian
    )
    for stay in newcomer.stays:
        decide_day(stay.registered_on, tx.today, field="homes")
    decide_birth(newcomer.person.born, tx.today)
    if newcomer.person.origin_code is not None:
        await risk.one_code(tx, newcomer.person.origin_code, field="origin_code")
    dwellings = [stay.dwelling_id for stay in newcomer.stays]
    refs = {ref for ref in (meant, guardian) if ref is not None}
    held = await people_acts.hold(tx, keeper, refs, dwellings=dwellings)
    if guardian is not None:
        decide_guardian(meant, held.resident(guardian), dwellings)
        if guardian != meant:
            held.let_go(guardian)
    if meant is None and guardian is None and not newcomer.person.documents:
        raise GuardianRequired(
            "没有证件的人须填写监护人。Who has no document needs a guardian.",
            field="guardian_ref",
            remedy="新生儿请填写监护人；有证件的请填写证件。Name the guardian, or state a document.",
        )
    if meant is not None:
        decide_alive(held.resident(meant))
        for document in newcomer.person.documents:
            decide_document(held.people[meant].documents, document)
    return held, meant


async def enter(tx: Tx, keeper: Keeper, newcomer: Newcomer, *, meant: UUID | None) -> tuple[UUID, bool]:
    """Enter a newcomer at each of their dwellings; tells the pseudonym, and whether the person is new."""
    new = False
    for stay in newcomer.stays:
        meant, fresh = await people.enter_person(
            tx,
            keeper,
            replace(newcomer.person, registered_on=stay.registered_on),
            stay.dwelling_id,
            stay.relation,
            resident=stay.resident,
            meant=meant,
            guardian_ref=newcomer.guardian_ref,
        )
        new = new or fresh
    assert meant is not None  # noqa: S101 -- there is at least one dwelling
    return meant, new


async def refuse_two_people(tx: Tx, documents: Sequence[Document], vault: Vault) -> None:
    """Documents that are stated together are one person's.

    Raises:
        DocumentOfAnother: two people of the book hold them.
    """
    holders = {await people.holder(tx, document, vault) for document in documents if document.verified}
    if len(holders - {None}) > 1:
        raise DocumentOfAnother("所填证件分属两人。The documents belong to two people.", field="documents")


# ---- corrections


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is to be said of somebody instead; None leaves it as it is."""

    name: str | None = None
    sex: Sex | None = None
    born: date | None = None
    origin_code: str | None = None
    guardian_ref: UUID | None = None


async def correct(ref: UUID, correction: Correction, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Correct somebody's name, sex, birth date, registered origin or guardian.

    Raises:
        SameIdOtherContent, PersonUnknown, GuardianUnfit, DayInFuture, DivisionUnknown: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    guardian = correction.guardian_ref
    held = await people_acts.hold(tx, keeper, {ref, guardian} - {None} if guardian else {ref})
    person = held.people[ref]
    if correction.born is not None:
        decide_birth(correction.born, tx.today)
    if correction.origin_code is not None:
        await risk.one_code(tx, correction.origin_code, field="origin_code")
    if guardian is not None:
        decide_guardian(
            ref, held.resident(guardian), [stay.dwelling_id for stay in held.resident(ref).present]
        )
        held.let_go(guardian)
    after = replace(
        person,
        name=correction.name or person.name,
        sex=correction.sex or person.sex,
        born=correction.born or person.born,
        origin_code=correction.origin_code or person.origin_code,
        guardian_ref=guardian or person.guardian_ref,
    )
    await _save_person(tx, keeper, after)
    await _rename_stays(tx, keeper, held, after)
    return await _finish(tx, keeper, asked, held, ref)


async def change_phone(ref: UUID, phone: str, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Write down another phone, or that there is none; the one before stays in the history.

    Raises:
        SameIdOtherContent, PersonUnknown: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, [ref])
    await _save_person(tx, keeper, replace(held.people[ref], phone=phone))
    await returnees.refresh_contact(tx, keeper, ref)
    return await people_acts.finish(
        tx, keeper, asked, held, told=True
    )  # no card but observation's names a phone


async def add_document(ref: UUID, document: Document, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Attach a document to the same person: a renewed passport, or a newborn's first ID (P2, P3).

    One whose check fails is kept as unverified with its error. An unverified one of the same number becomes verified.

    Raises:
        DocumentOfAnother: somebody else holds it.
        DocumentConflicts: a person has one number of this kind for life, and has one.
        SameIdOtherContent, PersonUnknown: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, [ref])
    person = held.people[ref]
    if document.verified and await people.holder(tx, document, keeper.vault) not in {None, ref}:
        raise DocumentOfAnother(
            "该证件登记在他人名下。Somebody else holds this document.",
            field="number",
            remedy="如是同一人，请合并两条记录。If they are one person, merge the two records.",
        )
    decide_document(person.documents, document)
    if document not in person.documents:
        key = await keeper.vault.key(ref, create=True)
        await tx.execute(
            people_store.SAVE_DOCUMENT,
            ref,
            document.kind.value,
            keeper.vault.index(DOCUMENT, document.number),
            keeper.vault.seal(key, "document", document.number),
            document.verified,
            document.error,
            tx.now,
        )
    return await _finish(tx, keeper, asked, held, ref)


async def withdraw_document(ref: UUID, document: Document, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Take a document off that was attached to the wrong person; the history keeps it.

    Raises:
        DocumentUnknown: the person has no such document.
        SameIdOtherContent, PersonUnknown: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, [ref])
    if not any(
        (one.kind, one.number) == (document.kind, document.number) for one in held.people[ref].documents
    ):
        raise DocumentUnknown("此人没有登记该证件。The person has no such document.", field="number")
    indexes = keeper.vault.index_all(DOCUMENT, document.number)
    await tx.execute(people_store.DROP_DOCUMENT, ref, document.kind.value, indexes)
    return await _finish(tx, keeper, asked, held, ref)


async def set_residence(ref: UUID, stay: StayAt, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Say as what somebody is at a dwelling from which day on, and whether they live there; new or corrected (P4).

    Raises:
        SameIdOtherContent, PersonUnknown, PersonDeceased, DwellingUnknown, DayInFuture: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    decide_day(stay.registered_on, tx.today, field="registered_on")
    held = await people_acts.hold(tx, keeper, [ref], dwellings=[stay.dwelling_id])
    decide_alive(held.resident(ref))
    wanted = Stay(
        person_ref=ref,
        dwelling_id=stay.dwelling_id,
        relation=stay.relation,
        resident=stay.resident,
        registered_on=stay.registered_on,
    )
    await people_acts.save_stays(tx, held, [wanted], keeper)
    return await _finish(tx, keeper, asked, held, ref)


async def _finish(tx: Tx, keeper: Keeper, asked: Asked, held: Held, ref: UUID) -> Act:
    await returnees.refresh_contact(tx, keeper, ref)
    return await people_acts.finish(tx, keeper, asked, held)


async def _save_person(tx: Tx, keeper: Keeper, person: Profile) -> None:
    ref, vault = person.person_ref, keeper.vault
    key = await vault.key(ref, create=True)
    matches = normalise_phone(person.phone) is not None
    await tx.execute(
        people_store.CORRECT_PERSON,
        ref,
        vault.seal(key, "name", person.name),
        vault.seal(key, "sex", person.sex),
        vault.seal(key, "born", person.born.isoformat()),
        vault.seal(key, "phone", person.phone) if person.phone else None,
        vault.index(NAME, person.name),
        vault.index(PHONE, person.phone) if matches else None,
        person.origin_code,
        person.guardian_ref,
    )


async def _rename_stays(tx: Tx, keeper: Keeper, held: Held, person: Profile) -> None:
    """The lookups by surname, and by name and birth date, at each dwelling; what a list said of it stays."""
    for ref, dwelling_id in held.stays:
        if ref == person.person_ref:
            surname = people.surname_index(keeper.vault, surname_of(person.name), dwelling_id)
            identity = people.identity_index(keeper.vault, person.name, person.born, dwelling_id)
            await tx.execute(people_store.RENAME_STAY, ref, dwelling_id, surname, identity)
