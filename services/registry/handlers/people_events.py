"""What the town is told of people: who is in the book and where their home is, gate's cards, households (R4.3, P4).

A person's home is the dwelling where they live, of several the one registered first; who lives at none of theirs is
told at the first of them. It follows from what the book holds at the end of the transaction, never from the order in
which lines came; so whatever is entered together is told once, as it stands then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.registry.domain.matching import Settled
from services.registry.domain.people import home_rank, surname_of
from services.registry.domain.premises import AddressKey, Home
from services.registry.store import people as store
from services.registry.store import vehicles as vehicle_store
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import (
    HouseholdChanged,
    PersonRegistered,
    ResidenceEnded,
    ResidenceRestored,
)
from shared.kernel.cards import CardKeys
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef
from shared.kernel.sealed import PersonKeys, Vault

PLATE = "vehicle_plate"
"""Name of a sealed field and of a keyed index, part of what is stored: never renamed."""
Told = list[tuple[Event, int]]
"""Events with the versions of what they are about."""


def of_new_people(taken: Iterable[Settled], cards: CardKeys) -> Told:
    """People who are new with these lines, each once, and the cards of those who live here (P4)."""
    lines: defaultdict[UUID, list[Settled]] = defaultdict(list)
    for one in taken:
        if one.new_person or one.person_ref in lines:
            lines[one.person_ref].append(one)
    people: Told = []
    sealed: Told = []
    for ref, own in lines.items():
        by_rank = sorted(own, key=_rank)
        people.append((_registered_by(by_rank[0]), 1))
        homes = [one.stated.home for one in by_rank if one.stated.line.resident]
        if homes:
            papers = [one.stated.line.document for one in own if one.new_document]
            documents = [paper.number for paper in papers if paper.verified]
            surname = surname_of(own[0].stated.line.name)
            none_yet: dict[UUID, str] = {}  # vehicles are registered for people of the book
            sealed.append((_card(ref, homes, surname, documents, cards, plates=none_yet), 1))
    return people + sealed


async def of_known_people(
    tx: Tx, homes_before: Mapping[UUID, Sequence[asyncpg.Record]], keys: PersonKeys, cards: CardKeys
) -> Told:
    """People who were in the book before: told again where their home is another one now, with their new cards.

    `homes_before` are their dwellings before this transaction wrote, read with everyone else waiting. The card of
    somebody who lives nowhere here any more is withdrawn.
    """
    known = list(homes_before)
    if not known:
        return []
    had = {row["person_ref"] for row in await tx.fetch(store.HAD_CARD, known)}
    bumped = {row["person_ref"]: row["version"] for row in await tx.fetch(store.BUMP_PEOPLE, known)}
    vehicles = await vehicle_store.of_owners(tx, known)
    told: Told = []
    for ref, person in (await store.sealed_people(tx, known)).items():
        version = bumped[ref]
        here = [*person.homes, *homes_before[ref]]
        if person.homes and (
            not homes_before[ref] or _registered(person.homes[0]) != _registered(homes_before[ref][0])
        ):
            told.append((_registered(person.homes[0]), version))
        homes = [home_of(row) for row in person.homes if row["resident"]]
        if homes:
            surname = surname_of(Vault.open(keys[ref], "name", person.row["name_sealed"]))
            documents = [
                Vault.open(keys[ref], "document", row["number_sealed"])
                for row in person.papers
                if row["verified"]
            ]
            plates = {
                row["vehicle_ref"]: Vault.open(keys[ref], PLATE, row["plate_sealed"])
                for row in vehicles.get(ref, ())
            }
            told.append((_card(ref, homes, surname, documents, cards, plates=plates), version))
        elif ref in had:
            withdrawn = SubjectCardSealed(
                recipient="gate", person_ref=PersonRef(ref), compound=here[0]["compound_id"], card=None
            )
            told.append((withdrawn, version))
    return told


async def of_endings(
    tx: Tx,
    ended: Sequence[asyncpg.Record],
    homes_now: Mapping[UUID, Sequence[asyncpg.Record]],
    *,
    ending: Literal["died", "left_town"] | None,
    on: date,
) -> Told:
    """Stays that are over, each with the person's next version; a move names where the person lives now.

    `ending` is what it was where it was no move; who has no dwelling left at all has left the town in any case. Told
    before the person's new home, whose version is higher: the newest version holds.
    """
    told: Told = []
    for row in ended:
        ref = row["person_ref"]
        [bumped] = await tx.fetch(store.BUMP_PEOPLE_ONLY, [ref])
        homes = homes_now.get(ref, ())
        reason = ending or ("moved" if homes else "left_town")
        named = next((one for one in homes if one["resident"]), None) if reason == "moved" else None
        event = ResidenceEnded(
            person_ref=PersonRef(ref),
            compound=row["compound_id"],
            dwelling_id=row["dwelling_id"],
            reason=reason,
            ended_on=on,
            new_compound=named["compound_id"] if named else None,
            new_dwelling_id=named["dwelling_id"] if named else None,
            new_grid=named["grid_id"] if named else None,
        )
        told.append((event, bumped["version"]))
    return told


async def of_restored(tx: Tx, refs: Sequence[UUID]) -> Told:
    """Homes that an undo gave back to people who lived nowhere, each with the person's next version."""
    told: Told = []
    for ref, homes in (await store.homes(tx, refs)).items():
        for home in homes:
            if home["resident"]:
                [bumped] = await tx.fetch(store.BUMP_PEOPLE_ONLY, [ref])
                event = ResidenceRestored(
                    person_ref=PersonRef(ref),
                    compound=home["compound_id"],
                    dwelling_id=home["dwelling_id"],
                    grid=home["grid_id"],
                )
                told.append((event, bumped["version"]))
    return told


async def of_households(tx: Tx, dwellings: Sequence[UUID]) -> Told:
    """The households of dwellings as they are now."""
    await tx.execute(store.BUMP_DWELLINGS, dwellings)
    return [(household_of(row), row["version"]) for row in await tx.fetch(store.HOUSEHOLDS, dwellings)]


def household_of(row: asyncpg.Record) -> HouseholdChanged:
    """Who lives in a dwelling now."""
    return HouseholdChanged(
        dwelling_id=row["dwelling_id"],
        compound=row["compound_id"],
        grid=row["grid_id"],
        occupancy=row["occupancy"],
        members=tuple(row["members"]),
    )


def home_of(row: asyncpg.Record) -> Home:
    """A dwelling from a row that names its parts."""
    key = AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"])
    return Home(row["dwelling_id"], GridId(row["grid_id"]), key)


def _rank(one: Settled) -> tuple[object, ...]:
    line = one.stated.line
    return home_rank(line.registered_on, one.stated.home.dwelling_id, resident=line.resident)


def _registered_by(one: Settled) -> PersonRegistered:
    home, line = one.stated.home, one.stated.line
    return PersonRegistered(
        person_ref=PersonRef(one.person_ref),
        compound=home.key.compound_id,
        dwelling_id=DwellingId(home.dwelling_id),
        relation=line.relation.value,
        resident=line.resident,
    )


def _registered(home: asyncpg.Record) -> PersonRegistered:
    return PersonRegistered(
        person_ref=home["person_ref"],
        compound=home["compound_id"],
        dwelling_id=home["dwelling_id"],
        relation=home["relation"],
        resident=home["resident"],
    )


def _card(
    ref: UUID,
    homes: Sequence[Home],
    surname: str,
    documents: Sequence[str],
    cards: CardKeys,
    *,
    plates: Mapping[UUID, str],
) -> SubjectCardSealed:
    """Gate's card: surname, verified document numbers, rooms, plates. The first home is the one that screens show."""
    told: Mapping[str, Any] = {
        "surname": surname,
        "documents": list(documents),
        "homes": [{"compound": home.key.compound_id, "room": home.key.shown()} for home in homes],
        "vehicles": [{"vehicle_ref": str(vehicle), "plate": plate} for vehicle, plate in plates.items()],
    }
    return SubjectCardSealed(
        recipient="gate",
        person_ref=PersonRef(ref),
        compound=homes[0].key.compound_id,
        card=cards.seal_card("gate", told),
    )
