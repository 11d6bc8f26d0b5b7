"""Entering people: sealing what is personal (R4.3, Identity, P2 to P4).

One path for one person and for a batch of an import: everything is a handful of statements and one call to the key
store, however many lines there are. Work for the processor runs in a thread, so that requests are answered meanwhile.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import repeat
from uuid import UUID, uuid4

from services.registry.domain.documents import NO_DOCUMENT, Document, DocumentKind
from services.registry.domain.errors import DwellingUnknown
from services.registry.domain.faults import Outcome
from services.registry.domain.matching import Book, Place, Settled, Stated, settle_lines
from services.registry.domain.people import Relation, ResidentLine, Sex, identity_text, surname_of
from services.registry.domain.people_life import PersonDeceased
from services.registry.domain.premises import Home
from services.registry.handlers import people_events
from services.registry.handlers.people_events import home_of
from services.registry.store import people as store
from services.registry.store import premises
from shared.db.pool import Conn, Tx
from shared.kernel.cards import CardKeys
from shared.kernel.identities import normalise_phone
from shared.kernel.sealed import PersonKeys, Vault
from shared.kernel.tasks import Breath

DOCUMENT, PHONE, NAME, SURNAME = "document", "phone", "name", "surname_at_dwelling"
IDENTITY, LINE = "identity_at_dwelling", "line"
"""Names of the keyed indexes, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What entering people needs besides the transaction: the vault and the recipients' card keys."""

    vault: Vault
    cards: CardKeys


# ---- from a readable line to keyed values


def state_line(line: ResidentLine, home: Home, vault: Vault) -> Stated:
    """Index what identifies the person in a line."""
    index, document = vault.index, line.document
    said, content = identity_text(line.name, line.born), f"{home.dwelling_id}\n{line.content()}"
    numbers = [document.number] if document is not NO_DOCUMENT else []
    numbers += [line.guardian] if line.guardian else []
    return Stated(
        line=line,
        home=home,
        document=None if document is NO_DOCUMENT else (document.kind, index(DOCUMENT, document.number)),
        guardian=index(DOCUMENT, line.guardian) if line.guardian else None,
        identity=identity_index(vault, line.name, line.born, home.dwelling_id),
        content=index(LINE, content),
        formerly={
            **vault.former(IDENTITY, f"{home.dwelling_id}\n{said}"),
            **vault.former(LINE, content),
            **{old: new for number in numbers for old, new in vault.former(DOCUMENT, number).items()},
        },
    )


async def settle(conn: Conn, lines: Sequence[Stated], book: Book, seen: set[Place]) -> list[Settled]:
    """Find out whom the lines mean; writes nothing. Extends `book` and `seen`."""
    numbers = {stated.document[1] for stated in lines if stated.document}
    numbers |= {stated.guardian for stated in lines if stated.guardian}
    identities = {stated.identity for stated in lines}
    await store.fill_book(conn, book, numbers=numbers, identities=identities, formerly=formerly(lines))
    fresh = (uuid4() for _ in repeat(None))
    return await asyncio.to_thread(settle_lines, lines, book, seen, fresh)


def formerly(lines: Iterable[Stated]) -> dict[bytes, bytes]:
    """What rows may still hold for the values of these lines."""
    return {old: new for stated in lines for old, new in stated.formerly.items()}


# ---- writing


async def enter_people(tx: Tx, settled: Sequence[Settled], keeper: Keeper) -> None:
    """Write what accepted lines change, and publish it.

    Raises:
        asyncpg.UniqueViolationError: one of these people was registered elsewhere at the same moment; try again.
    """
    taken = [one for one in settled if one.outcome is Outcome.ACCEPTED]
    if not taken:
        return
    fresh = {one.person_ref for one in taken if one.new_person}
    known = sorted({one.person_ref for one in taken} - fresh)
    dwellings = sorted({one.stated.home.dwelling_id for one in taken})
    await tx.fetch(store.LOCK_PEOPLE, known)
    await tx.fetch(store.LOCK_DWELLINGS, dwellings)
    keys = await keeper.vault.keys([*fresh, *known], create=True)
    homes_before = await store.homes(tx, known)
    rows = await asyncio.to_thread(_seal_rows, taken, keys, keeper.vault, tx.now)
    await store.enter(tx, rows)
    await _rename_elsewhere(tx, taken, keeper.vault)
    events = await asyncio.to_thread(people_events.of_new_people, taken, keeper.cards)
    events += await people_events.of_known_people(tx, homes_before, keys, keeper.cards)
    events += await people_events.of_households(tx, dwellings)
    breath = Breath()
    for event, version in events:
        await tx.publish(event, version=version)
        await breath.take()


async def _rename_elsewhere(tx: Tx, taken: Sequence[Settled], vault: Vault) -> None:
    """Let the lookups at people's other dwellings follow a name or birth date that a line corrects."""
    corrected = {
        one.person_ref: one.stated.line for one in taken if not one.new_person and not one.new_residence
    }
    if not corrected:
        return
    said = {(one.person_ref, one.stated.home.dwelling_id) for one in taken}
    renamed = []
    for row in await tx.fetch(store.STAYS_OF, sorted(corrected)):
        ref, dwelling_id = row["person_ref"], row["dwelling_id"]
        if (ref, dwelling_id) not in said:
            name, born = corrected[ref].name, corrected[ref].born
            surname = surname_index(vault, surname_of(name), dwelling_id)
            renamed.append((ref, dwelling_id, surname, identity_index(vault, name, born, dwelling_id)))
    await tx.executemany(store.RENAME_STAY, renamed)


def _seal_rows(taken: Sequence[Settled], keys: PersonKeys, vault: Vault, now: datetime) -> store.Rows:
    rows = store.Rows()
    refreshed: dict[UUID, tuple[object, ...]] = {}
    living_here = {one.person_ref for one in taken if one.stated.line.resident}
    for one in taken:
        line, ref, home = one.stated.line, one.person_ref, one.stated.home
        key = keys[ref]
        if one.new_person or not one.new_residence:
            name, sex = vault.seal(key, "name", line.name), vault.seal(key, "sex", line.sex)
            born = vault.seal(key, "born", line.born.isoformat())
            phone = vault.seal(key, "phone", line.phone) if line.phone else None
            name_index = vault.index(NAME, line.name)
            phone_index = vault.index(PHONE, line.phone) if line.phone_matches else None
            personal = (
                ref,
                name,
                sex,
                born,
                phone,
                name_index,
                phone_index,
                line.origin_code,
                one.guardian_ref,
            )
            if one.new_person:
                rows.people.append((*personal, ref in living_here, now))
            else:
                refreshed[ref] = personal
        if one.new_document and one.stated.document:
            kind, number_index = one.stated.document
            number = vault.seal(key, "document", line.document.number)
            error = line.document.error
            rows.documents.append((ref, kind.value, number_index, number, error is None, error, now))
        note = vault.seal(key, "residence_note", line.note) if line.note else None
        lives = (ref, home.dwelling_id, line.relation.value, line.resident, line.registered_on)
        surname = surname_index(vault, surname_of(line.name), home.dwelling_id)
        (rows.residences if one.new_residence else rows.changed).append(
            (*lives, surname, one.stated.identity, one.stated.content, note)
        )
    rows.refreshed = list(refreshed.values())
    return rows


def identity_index(vault: Vault, name: str, born: date, dwelling_id: UUID) -> bytes:
    """The lookup value of a name and birth date at one dwelling."""
    return vault.index(IDENTITY, f"{dwelling_id}\n{identity_text(name, born)}")


def surname_index(vault: Vault, surname: str, dwelling_id: UUID) -> bytes:
    """The lookup value of a surname at one dwelling."""
    return vault.index(SURNAME, f"{dwelling_id}\n{surname}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody as a clerk states them at the counter."""

    name: str
    sex: Sex
    born: date
    documents: tuple[Document, ...]
    phone: str
    origin_code: str | None
    registered_on: date


async def register_person(
    tx: Tx, keeper: Keeper, person: NewPerson, dwelling_id: UUID, relation: Relation
) -> UUID:
    """Enter somebody as living at a dwelling, or find that they are in the book already; tells the pseudonym.

    Raises:
        DwellingUnknown, PersonDeceased, RegisteredMeanwhile: see `enter_person`.
    """
    ref, _ = await enter_person(tx, keeper, person, dwelling_id, relation)
    return ref


async def enter_person(
    tx: Tx,
    keeper: Keeper,
    person: NewPerson,
    dwelling_id: UUID,
    relation: Relation,
    *,
    resident: bool = True,
    meant: UUID | None = None,
    guardian_ref: UUID | None = None,
) -> tuple[UUID, bool]:
    """Enter somebody at a dwelling; tells the pseudonym, and whether the person is new.

    Whoever is meant is the person; else who holds one of the verified documents; else who has the same name and birth
    date at this dwelling.

    Raises:
        DwellingUnknown: there is no such dwelling.
        PersonDeceased: whom it means has died.
        RegisteredMeanwhile: the same document was registered at the same moment (at the commit).
    """
    stated, book = await _stated(
        tx, keeper, person, dwelling_id, relation, resident=resident, meant=meant, guardian_ref=guardian_ref
    )
    new, ref = False, meant
    for one in stated:
        settled = settle_lines([replace(one, meant=ref)], book, set(), iter([uuid4()]))
        if settled[0].outcome is Outcome.REJECTED:
            raise PersonDeceased("此人已登记死亡。The person is registered as deceased.")
        await enter_people(tx, settled, keeper)
        new, ref = new or settled[0].new_person, settled[0].person_ref
    assert ref is not None  # noqa: S101 -- there is at least one line
    return ref, new


async def whom(
    conn: Conn,
    keeper: Keeper,
    person: NewPerson,
    dwelling_id: UUID,
    relation: Relation,
    *,
    guardian_ref: UUID | None,
) -> UUID | None:
    """Who of the book this would be; None for somebody new. Writes nothing.

    Raises:
        DwellingUnknown: there is no such dwelling.
    """
    stated, book = await _stated(conn, keeper, person, dwelling_id, relation, guardian_ref=guardian_ref)
    [settled] = settle_lines(stated[:1], book, set(), iter([uuid4()]))
    return None if settled.new_person else settled.person_ref


async def _stated(
    conn: Conn,
    keeper: Keeper,
    person: NewPerson,
    dwelling_id: UUID,
    relation: Relation,
    *,
    resident: bool = True,
    meant: UUID | None = None,
    guardian_ref: UUID | None = None,
) -> tuple[list[Stated], Book]:
    """A line for each document, one that names somebody first, and whom they may mean."""
    home, book = await home_at(conn, dwelling_id), Book()
    papers = [one for one in person.documents if one.kind is not DocumentKind.NONE] or [NO_DOCUMENT]
    lines = [line_of(person, paper, home, relation, resident=resident) for paper in papers]
    stated = [
        replace(state_line(line, home, keeper.vault), meant=meant, guardian_ref=guardian_ref)
        for line in lines
    ]
    numbers = {one.document[1] for one in stated if one.document}
    people = [ref for ref in (meant, guardian_ref) if ref is not None]
    identities = {one.identity for one in stated}
    await store.fill_book(
        conn, book, numbers=numbers, identities=identities, people=people, formerly=formerly(stated)
    )
    return sorted(stated, key=lambda one: one.document not in book.holders), book


async def holder(conn: Conn, document: Document, vault: Vault) -> UUID | None:
    """Who holds a verified document."""
    rows = await conn.fetch(store.HOLDERS, vault.index_all(DOCUMENT, document.number))
    found: set[UUID] = {row["person_ref"] for row in rows if row["verified"] and row["kind"] == document.kind}
    return found.pop() if len(found) == 1 else None


def line_of(
    person: NewPerson, document: Document, home: Home, relation: Relation, *, resident: bool = True
) -> ResidentLine:
    """The line that a list would have of somebody at a dwelling."""
    phone = normalise_phone(person.phone)
    return ResidentLine(
        address=home.key,
        name=person.name,
        sex=person.sex,
        born=person.born,
        document=document,
        phone=phone or person.phone,
        phone_matches=phone is not None,
        relation=relation,
        resident=resident,
        origin_code=person.origin_code,
        guardian="",
        registered_on=person.registered_on,
        note="",
    )


async def home_at(conn: Conn, dwelling_id: UUID) -> Home:
    """A dwelling of the address list.

    Raises:
        DwellingUnknown: there is no such dwelling.
    """
    row = await premises.dwelling(conn, dwelling_id)
    if row is None:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    return home_of(row)
