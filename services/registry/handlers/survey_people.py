"""What a household form changes in the book of people: who came, and who is at a dwelling no more (R4.1, R4.3).

It is one act like those of a counter: passes end, the town is told, the history is kept, and it can be undone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.people_life import ActKind, decide_document, decide_gone
from services.registry.domain.stated import StatedPerson
from services.registry.handlers import people, people_acts, returnees
from services.registry.handlers.people import Keeper, NewPerson
from services.registry.handlers.people_acts import Asked, Held
from services.registry.handlers.people_reading import Profile
from services.registry.store import returnees as returnee_store
from shared.db.pool import Conn, Tx
from shared.kernel.ids import uuid7


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a form says of a dwelling's people: who lives there, perhaps new to its record, and who is gone."""

    submission_id: UUID
    dwelling_id: UUID
    came: Sequence[StatedPerson] = ()
    gone: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Somebody whom a form names; `entered`: the dwelling's record lacked them."""

    person_ref: UUID
    entered: bool


async def whom(
    conn: Conn, keeper: Keeper, stated: StatedPerson, dwelling_id: UUID, today: date
) -> UUID | None:
    """Who of the book this is; None for somebody new."""
    person = _person(stated, today)
    return await people.whom(conn, keeper, person, dwelling_id, stated.relation, guardian_ref=None)


async def follow(tx: Tx, keeper: Keeper, seen: Seen) -> list[Arrived]:
    """Let the book say what a form saw; tells who came, in the order of the form.

    Stays of those who are gone end today, and who owns the dwelling stays its owner (P4). Where nobody came and nobody
    is gone there is no act.

    Raises:
        DwellingUnknown, PersonDeceased, DocumentConflicts, RegisteredMeanwhile: as their names say.
    """
    dwelling_id, today = seen.dwelling_id, tx.today
    known = [await whom(tx, keeper, stated, dwelling_id, today) for stated in seen.came]
    held = await people_acts.hold(
        tx, keeper, {*seen.gone, *(ref for ref in known if ref is not None)}, dwellings=[dwelling_id]
    )
    here = _living_at(held, dwelling_id)
    gone = {held.roots[ref] for ref in seen.gone}
    ended = decide_gone([held.resident(ref) for ref in sorted(gone)], dwelling_id, today)
    if not ended and not seen.came:
        return []
    asked = Asked(
        change_id=uuid7(), kind=ActKind.SURVEYED, effective_on=today, content=str(seen.submission_id)
    )
    await people_acts.begin(asked, tx=tx, vault=keeper.vault)
    await people_acts.save_stays(tx, held, ended, keeper)
    came = []
    for stated, meant in zip(seen.came, known, strict=True):
        if meant is not None:
            for document in stated.documents:
                decide_document(held.people[meant].documents, document)
        ref, new = await people.enter_person(
            tx, keeper, _person(stated, today), dwelling_id, stated.relation, meant=meant
        )
        if new:
            held.new.append(ref)
        came.append(Arrived(person_ref=ref, entered=ref not in here))
    await people_acts.finish(tx, keeper, asked, held)
    for arrived in came:
        await returnees.refresh_contact(tx, keeper, arrived.person_ref)
    return came


async def come(tx: Tx, keeper: Keeper, submission_id: UUID, stated: StatedPerson, dwelling_id: UUID) -> UUID:
    """Somebody whom a form names has to be in the book, whether the form holds or not; whoever lives there is.

    Raises:
        As `follow` does.
    """
    ref = await whom(tx, keeper, stated, dwelling_id, tx.today)
    if ref is not None and await returnee_store.lives_at(tx, ref, dwelling_id):
        return ref
    seen = Seen(submission_id=submission_id, dwelling_id=dwelling_id, came=[stated])
    [arrived] = await follow(tx, keeper, seen)
    return arrived.person_ref


def _living_at(held: Held, dwelling_id: UUID) -> set[UUID]:
    return {
        person
        for (person, dwelling), row in held.stays.items()
        if dwelling == dwelling_id and row["resident"] and row["ended_on"] is None
    }


def _person(stated: StatedPerson, today: date) -> NewPerson:
    return NewPerson(
        name=stated.name,
        sex=stated.sex,
        born=stated.born,
        documents=stated.documents,
        phone=stated.phone,
        origin_code=None,
        registered_on=today,
    )


def each_once(rows: Sequence[asyncpg.Record], profiles: Mapping[UUID, Profile]) -> list[asyncpg.Record]:
    """Stays of people who can be read, of a person with two records at the dwelling the first one."""
    found = {
        profiles[row["person_ref"]].person_ref: row for row in reversed(rows) if row["person_ref"] in profiles
    }
    return list(reversed(found.values()))
