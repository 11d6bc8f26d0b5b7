"""Finding people again and opening what the book holds of them (R4.3, Identity, P2 to P4, P10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.documents import Document, DocumentKind
from services.registry.domain.people import Relation, Sex, home_rank
from services.registry.domain.premises import Home
from services.registry.handlers.people import DOCUMENT, NAME, PHONE, SURNAME, NewPerson
from services.registry.handlers.people_events import home_of
from services.registry.store import merges
from services.registry.store import people as store
from shared.db.pool import Conn
from shared.kernel.cells import text_of
from shared.kernel.identities import normalise_name, normalise_phone, sought_numbers
from shared.kernel.ids import NeighbourhoodId
from shared.kernel.sealed import PersonKeys, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """Where and as what a person lives."""

    home: Home
    neighbourhood: NeighbourhoodId
    relation: Relation
    resident: bool
    registered_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person as the book has them, opened: never logged, masked before most roles see it.

    `merged`: other pseudonyms under which records of the same person were kept.
    """

    person_ref: UUID
    name: str
    sex: str
    born: date
    phone: str
    origin_code: str | None
    guardian_ref: UUID | None
    died_on: date | None
    documents: tuple[Document, ...]
    homes: tuple[Living, ...]
    merged: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom somebody looks for: one of the four ways is given."""

    document: str | None = None
    phone: str | None = None
    name: str | None = None
    surname: str | None = None
    dwelling_id: UUID | None = None

    @property
    def by(self) -> str:
        """The way, for the audit log."""
        given = {"document": self.document, "phone": self.phone, "name": self.name}
        return next((way for way, value in given.items() if value is not None), "surname")


async def find(conn: Conn, wanted: Wanted, vault: Vault, *, limit: int) -> list[UUID]:
    """People who fit, by pseudonym; under every index key of the file, so that a rotation hides nobody."""
    if wanted.document is not None:
        keys = [
            key for number in sought_numbers(wanted.document) for key in vault.index_all(DOCUMENT, number)
        ]
        rows = await conn.fetch(store.BY_DOCUMENT, keys, limit)
    elif wanted.phone is not None:
        phone = normalise_phone(text_of(wanted.phone))
        rows = await conn.fetch(store.BY_PHONE, vault.index_all(PHONE, phone), limit) if phone else []
    elif wanted.name is not None:
        written = " ".join(text_of(wanted.name).split())
        names = {written, normalise_name(written)}  # books of before kept the blanks of `张 三`
        indexes = [index for name in sorted(names) for index in vault.index_all(NAME, name)]
        rows = await conn.fetch(store.BY_NAME, indexes, limit)
    else:
        at = f"{wanted.dwelling_id}\n{text_of(wanted.surname)}"
        rows = await conn.fetch(store.BY_SURNAME, vault.index_all(SURNAME, at), wanted.dwelling_id, limit)
    return [row["person_ref"] for row in rows]


async def profiles(conn: Conn, refs: Sequence[UUID], vault: Vault) -> list[Profile]:
    """Open people's values, of records that were merged all together; who was erased is not among them."""
    found = await by_pseudonym(conn, refs, vault)
    return list({profile.person_ref: profile for profile in found.values()}.values())


async def by_pseudonym(conn: Conn, refs: Sequence[UUID], vault: Vault) -> dict[UUID, Profile]:
    """Like `profiles`, each person under every pseudonym that was asked for."""
    groups = await merges.groups(conn, refs)
    everyone = list(dict.fromkeys(ref for group in groups.values() for ref in group))
    own = {profile.person_ref: profile for profile in await own_profiles(conn, everyone, vault)}
    people = {group[0]: [own[ref] for ref in group if ref in own] for group in groups.values()}
    whole = {root: _together(own[root], members) for root, members in people.items() if root in own}
    return {ref: whole[group[0]] for ref, group in groups.items() if group[0] in whole}


def _together(root: Profile, members: Sequence[Profile]) -> Profile:
    """What the book holds of one person under several pseudonyms; where they differ, the one that stands holds."""
    others = [one for one in members if one.person_ref != root.person_ref]
    everyone = [root, *others]
    papers = {(one.kind, one.number): one for who in reversed(everyone) for one in who.documents}
    homes = {home.home.dwelling_id: home for who in reversed(everyone) for home in who.homes}
    ranked = sorted(
        homes.values(),
        key=lambda one: home_rank(one.registered_on, one.home.dwelling_id, resident=one.resident),
    )
    return replace(
        root,
        phone=next((who.phone for who in everyone if who.phone), ""),
        guardian_ref=next((who.guardian_ref for who in everyone if who.guardian_ref), None),
        documents=tuple(papers.values()),
        homes=tuple(ranked),
        merged=tuple(one.person_ref for one in others),
    )


async def own_profiles(conn: Conn, refs: Sequence[UUID], vault: Vault) -> list[Profile]:
    """What each pseudonym alone holds."""
    sealed = await store.sealed_people(conn, refs)
    keys = await vault.keys(sealed)
    return [_open(sealed[ref], keys) for ref in refs if ref in sealed and ref in keys]


def stated_again(person: Profile, registered_on: date) -> NewPerson:
    """Somebody in the book as they would be stated at a counter."""
    return NewPerson(
        name=person.name,
        sex=Sex(person.sex),
        born=person.born,
        documents=person.documents,
        phone=person.phone,
        origin_code=person.origin_code,
        registered_on=registered_on,
    )


def _open(person: store.SealedPerson, keys: PersonKeys) -> Profile:
    row = person.row
    key = keys[row["person_ref"]]
    return Profile(
        person_ref=row["person_ref"],
        name=Vault.open(key, "name", row["name_sealed"]),
        sex=Vault.open(key, "sex", row["sex_sealed"]),
        born=date.fromisoformat(Vault.open(key, "born", row["born_sealed"])),
        phone=Vault.open(key, "phone", row["phone_sealed"]) if row["phone_sealed"] else "",
        origin_code=row["origin_code"],
        guardian_ref=row["guardian_ref"],
        died_on=row["died_on"],
        documents=tuple(
            Document(
                kind=DocumentKind(paper["kind"]),
                number=Vault.open(key, "document", paper["number_sealed"]),
                error=paper["error"],
            )
            for paper in person.papers
        ),
        homes=tuple(
            Living(
                home=home_of(home),
                neighbourhood=NeighbourhoodId(home["neighbourhood_id"]),
                relation=Relation(home["relation"]),
                resident=home["resident"],
                registered_on=home["registered_on"],
            )
            for home in person.homes
        ),
    )
