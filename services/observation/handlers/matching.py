"""Whom lines of a list are about: found by keyed indexes of sealed cards, many lines with one statement a kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.observation.domain.questionnaires import DOCUMENT, NAME_PHONE, Fault, Line, name_and_phone
from services.observation.store import matching, merges
from shared.db.pool import Conn
from shared.kernel.cells import compact
from shared.kernel.identities import sought_numbers
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId
from shared.kernel.sealed import PersonKeys, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Somebody's case in force, or else the last one, with its place."""

    case_id: UUID
    compound: CompoundId
    neighbourhood: NeighbourhoodId | None
    grid: GridId


@dataclass(frozen=True, slots=True)
class _Cards:
    """The cards that lines may be about, by index, and what opens their names."""

    by_document: Mapping[bytes, Mapping[UUID, bytes | None]]
    by_name_phone: Mapping[bytes, Mapping[UUID, bytes | None]]
    keys: PersonKeys
    roots: Mapping[UUID, UUID]

    def people(self, refs: Iterable[UUID]) -> set[UUID]:
        """Whose the cards of these pseudonyms are: two records of one person are no two people (P10)."""
        return {self.roots.get(ref, ref) for ref in refs}


async def match(lines: Sequence[Line], *, conn: Conn, vault: Vault) -> list[Matched | Fault]:
    """Tell for each line whose case it is about, or why that is not known."""
    roots = await merges.in_force(conn)
    cards = await _cards(lines, roots, conn, vault)
    people = [_person(line, cards, vault) for line in lines]
    newest = await matching.newest_cases(conn, [one for one in people if isinstance(one, UUID)], roots)
    return [
        one if isinstance(one, Fault) else _matched(line, newest.get(one) if one else None)
        for line, one in zip(lines, people, strict=True)
    ]


def unknown(line: Line) -> Fault:
    """Nobody like this is under observation, or not within the sender's reach: both look the same."""
    return Fault("姓名" if line.document is None else "证件号码", "person_unknown")


async def _cards(lines: Sequence[Line], roots: Mapping[UUID, UUID], conn: Conn, vault: Vault) -> _Cards:
    by_document: defaultdict[bytes, dict[UUID, bytes | None]] = defaultdict(dict)
    by_name_phone: defaultdict[bytes, dict[UUID, bytes | None]] = defaultdict(dict)
    documents = {index for line in lines for index in _document_indexes(line, vault)}
    for card in await matching.by_documents(conn, sorted(documents)):
        for index in documents.intersection(card["documents_index"]):
            by_document[index][card["person_ref"]] = card["name_sealed"]
    names = {index for line in lines for index in _name_phone_indexes(line, vault)}
    for card in await matching.by_names_and_phones(conn, sorted(names)):
        by_name_phone[card["name_phone_index"]][card["person_ref"]] = None
    held = {ref for cards in by_document.values() for ref in cards}
    return _Cards(by_document, by_name_phone, await vault.keys(held), roots)


def _person(line: Line, cards: _Cards, vault: Vault) -> UUID | Fault | None:
    """Find whom a line is about: by the document, and by name and phone where no card holds the document.

    A document of somebody with another name is nobody's: what a line says is never put on the wrong person.
    """
    held = _held(cards.by_document, _document_indexes(line, vault))
    if len(cards.people(held)) > 1:
        return Fault("证件号码", "person_ambiguous")
    names = {
        compact(vault.open(key, "name", sealed))
        for ref, sealed in held.items()
        if sealed and (key := cards.keys.get(ref))
    }
    if names and line.name not in names:
        return Fault("姓名", "name_differs")
    if held:
        return cards.people(held).pop()
    found = cards.people(_held(cards.by_name_phone, _name_phone_indexes(line, vault)))
    if len(found) > 1:
        return Fault("姓名", "person_ambiguous")
    return next(iter(found), None)


def _held(
    cards: Mapping[bytes, Mapping[UUID, bytes | None]], indexes: Sequence[bytes]
) -> dict[UUID, bytes | None]:
    return {ref: name for index in indexes for ref, name in cards.get(index, {}).items()}


def _document_indexes(line: Line, vault: Vault) -> Sequence[bytes]:
    """Also of a travel permit that is written with the count of its issues, which cards leave out (P3)."""
    numbers = sought_numbers(line.document) if line.document else ()
    return [index for number in numbers for index in vault.index_all(DOCUMENT, number)]


def _name_phone_indexes(line: Line, vault: Vault) -> Sequence[bytes]:
    text = name_and_phone(line.name, line.phone or "")
    return [] if text is None else vault.index_all(NAME_PHONE, text)


def _matched(line: Line, case: asyncpg.Record | None) -> Matched | Fault:
    if case is None:
        return unknown(line)
    return Matched(
        case_id=case["case_id"],
        compound=case["compound"],
        neighbourhood=case["neighbourhood"],
        grid=case["grid"],
    )
