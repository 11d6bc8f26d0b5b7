"""Whom does each line of a residents' list mean, and what does it change? Pure (Identity, P2, P3, P6).

The same verified document is the same person wherever the line stands; without one, the same name and birth date at
the same dwelling are. A phone never decides, least of all an empty one. One person may live at several dwellings;
the same person at the same dwelling again within one import is a duplicate.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.registry.domain.faults import Outcome
from services.registry.domain.people import DocumentKey, KnownPerson, ResidentLine, may_be_same
from services.registry.domain.premises import Home

Place = tuple[UUID, UUID]
"""Person and dwelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A readable line with its dwelling found and its values indexed under the registry's keys.

    `formerly` is what rows may still hold for these values while an index key is exchanged, and what they will hold.
    `meant` and `guardian_ref` are pseudonyms that somebody named, where no list but a person states the line.
    """

    line: ResidentLine
    home: Home
    document: DocumentKey | None
    guardian: bytes | None
    identity: bytes
    content: bytes
    formerly: Mapping[bytes, bytes] = field(default_factory=dict)
    meant: UUID | None = None
    guardian_ref: UUID | None = None


@dataclass(slots=True)
class Entry:
    """What the book holds of a person, as far as matching needs it."""

    documents: set[DocumentKey] = field(default_factory=set)
    verified: set[DocumentKey] = field(default_factory=set)
    guardian: UUID | None = None
    deceased: bool = False


@dataclass(slots=True)
class Book:
    """The people that a batch of lines may mean. It grows with every line that is settled."""

    people: dict[UUID, Entry] = field(default_factory=dict)
    holders: dict[DocumentKey, UUID] = field(default_factory=dict)
    by_number: dict[bytes, list[UUID]] = field(default_factory=dict)
    namesakes: dict[bytes, list[UUID]] = field(default_factory=dict)
    residences: dict[Place, bytes] = field(default_factory=dict)

    def add_document(self, ref: UUID, document: DocumentKey, *, verified: bool) -> None:
        """Enter a document that a person holds."""
        entry = self.people.setdefault(ref, Entry())
        entry.documents.add(document)
        if verified:
            entry.verified.add(document)
            self.holders[document] = ref
        holders = self.by_number.setdefault(document[1], [])
        if ref not in holders:
            holders.append(ref)

    def add_namesake(self, identity: bytes, ref: UUID) -> None:
        """Enter somebody's name and birth date at a dwelling."""
        namesakes = self.namesakes.setdefault(identity, [])
        if ref not in namesakes:
            namesakes.append(ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a line means and changes. `outcome` is accepted, unchanged, duplicate, or rejected: the person has died.

    `contradicts`: an earlier line of the list has this document and dwelling under another name or birth date. One of
    the two is somebody else, who would be missed if the line were taken for a repeat.
    """

    stated: Stated
    person_ref: UUID
    outcome: Outcome
    new_person: bool = False
    new_residence: bool = False
    new_document: bool = False
    guardian_ref: UUID | None = None
    guardian_missing: bool = False
    contradicts: bool = False


def settle_lines(
    lines: Iterable[Stated], book: Book, seen: set[Place], fresh: Iterator[UUID]
) -> list[Settled]:
    """Decide line by line, in order; later lines see what earlier ones brought.

    Args:
        lines: the batch.
        book: who is known; extended by what the lines bring.
        seen: person and dwelling of every line of this import so far; extended.
        fresh: pseudonyms for new people.
    """
    return [_settle(stated, book, seen, fresh) for stated in lines]


def _settle(stated: Stated, book: Book, seen: set[Place], fresh: Iterator[UUID]) -> Settled:
    guardian = _guardian(stated, book)
    known = _meant(stated, book, guardian)
    ref = known if known is not None else next(fresh)
    place = (ref, stated.home.dwelling_id)
    brings_document = stated.document is not None and (
        known is None or stated.document not in book.people.get(ref, Entry()).documents
    )
    content = book.residences.get(place)
    if place in seen:
        outcome = Outcome.DUPLICATE
    elif content == stated.content and not brings_document:
        outcome = Outcome.UNCHANGED
    elif known is not None and book.people.get(ref, Entry()).deceased:
        outcome = Outcome.REJECTED
    else:
        outcome = Outcome.ACCEPTED
    taken = outcome is Outcome.ACCEPTED
    settled = Settled(
        stated=stated,
        person_ref=ref,
        outcome=outcome,
        new_person=known is None,
        new_residence=taken and content is None,
        new_document=taken and brings_document,
        guardian_ref=guardian,
        guardian_missing=stated.guardian is not None and guardian is None,
        contradicts=outcome is Outcome.DUPLICATE and ref not in book.namesakes.get(stated.identity, ()),
    )
    seen.add(place)
    if taken:
        _remember(settled, book)
    return settled


def _meant(stated: Stated, book: Book, guardian: UUID | None) -> UUID | None:
    if stated.meant is not None:
        return stated.meant
    verified = stated.document if stated.line.document.verified else None
    if verified is not None and verified in book.holders:
        return book.holders[verified]
    for ref in book.namesakes.get(stated.identity, ()):
        entry = book.people.get(ref, Entry())
        known = KnownPerson(entry.verified, bool(entry.documents), entry.guardian)
        if may_be_same(verified, guardian, known):
            return ref
    return None


def _guardian(stated: Stated, book: Book) -> UUID | None:
    """The guardian named, or the holder of the guardian's document who stands at the same dwelling."""
    if stated.guardian_ref is not None:
        return stated.guardian_ref
    if stated.guardian is None:
        return None
    holders = book.by_number.get(stated.guardian, ())
    return next((ref for ref in holders if (ref, stated.home.dwelling_id) in book.residences), None)


def _remember(settled: Settled, book: Book) -> None:
    stated, ref = settled.stated, settled.person_ref
    entry = book.people.setdefault(ref, Entry())
    if settled.guardian_ref is not None:
        entry.guardian = settled.guardian_ref
    if stated.document is not None:
        book.add_document(ref, stated.document, verified=stated.line.document.verified)
    book.add_namesake(stated.identity, ref)
    book.residences[ref, stated.home.dwelling_id] = stated.content
