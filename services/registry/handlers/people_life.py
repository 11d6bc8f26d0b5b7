"""What happens to people: deaths, moves, departures, changes of tenants; and taking back what was entered by mistake.

(Data and law "life goes on", R4.3, P4)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.people import Relation, surname_of
from services.registry.domain.people_life import (
    UNDOABLE,
    ActKind,
    ChangedSince,
    ChangeUnknown,
    GuardianUnfit,
    NotUndoable,
    decide_death,
    decide_departure,
    decide_move,
    decide_tenancy_end,
)
from services.registry.domain.premises import Occupancy
from services.registry.handlers import (
    people,
    people_acts,
    people_changes,
    people_events,
    people_passes,
    returnees,
)
from services.registry.handlers.people import Keeper
from services.registry.handlers.people_acts import Asked, Held
from services.registry.handlers.people_changes import Newcomer
from services.registry.store import people_acts as store
from services.registry.store.people_acts import Act
from shared.db.pool import Tx


async def die(ref: UUID, died_on: date, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Somebody died: every stay ends, every pass is revoked.

    Raises:
        SameIdOtherContent, PersonUnknown, PersonDeceased, DayInFuture, DayTooEarly: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, [ref])
    ended = decide_death(held.resident(ref), died_on, tx.today)
    await tx.execute(store.SET_DEATH, list(held.people), died_on)
    await people_acts.save_stays(tx, held, ended, keeper)
    return await people_acts.finish(tx, keeper, asked, held, ending="died")


async def leave_town(
    refs: Sequence[UUID], left_on: date, asked: Asked, *, gives_up: bool, tx: Tx, keeper: Keeper
) -> Act:
    """People leave the town; an owner stays the owner of an empty or let flat, unless they give it up (P4).

    Raises:
        SameIdOtherContent, PersonUnknown, PersonDeceased, LivesNowhere, DayInFuture, DayTooEarly: as they say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, refs)
    changed = [
        stay
        for ref in held.persons
        for stay in decide_departure(held.resident(ref), left_on, tx.today, gives_up=gives_up)
    ]
    await people_acts.save_stays(tx, held, changed, keeper)
    return await people_acts.finish(tx, keeper, asked, held, ending="left_town")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """People who move together: a household, or the part of one that splits off."""

    people: tuple[UUID, ...]
    left: UUID | None
    to: UUID
    relation: Relation
    moved_on: date


async def move(cmd: Move, asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """People move to another dwelling of the town; passes of a compound that they left are revoked.

    Raises:
        SameIdOtherContent, PersonUnknown, PersonDeceased, DwellingUnknown, LivesNowhere, LivesThereAlready: see
            `decide_move`.
        DayInFuture, DayTooEarly: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    dwellings = [cmd.to, *([cmd.left] if cmd.left else [])]
    held = await people_acts.hold(tx, keeper, cmd.people, dwellings=dwellings)
    changed = [
        stay
        for ref in held.persons
        for stay in decide_move(
            held.resident(ref), cmd.moved_on, tx.today, left=cmd.left, to=cmd.to, relation=cmd.relation
        )
    ]
    await people_acts.save_stays(tx, held, changed, keeper)
    for ref in held.people:
        await returnees.refresh_contact(tx, keeper, ref)
    return await people_acts.finish(tx, keeper, asked, held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody of a new household; `guardian` is the place in the list of who answers for somebody without document."""

    newcomer: Newcomer
    guardian: int | None


async def change_tenants(
    dwelling_id: UUID, arriving: Sequence[Arrival], changed_on: date, asked: Asked, *, tx: Tx, keeper: Keeper
) -> Act:
    """The tenants of a dwelling leave, those who depend on them too, and new ones come.

    Raises:
        SameIdOtherContent, DwellingUnknown, DayInFuture, DayTooEarly: as their names say.
        GuardianUnfit: the list has nobody at the place that is named as a guardian's.
        And whatever registering a newcomer refuses.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    rows = await store.stays(tx, dwellings=[dwelling_id])
    here = [row["person_ref"] for row in rows.values() if row["ended_on"] is None]
    held = await people_acts.hold(tx, keeper, here, dwellings=[dwelling_id])
    ended = decide_tenancy_end(map(held.resident, held.persons), dwelling_id, changed_on, tx.today)
    leaving = {stay.person_ref for stay in ended}
    for stays_on in held.people.keys() - leaving:
        del held.people[stays_on], held.homes[stays_on]
    await people_acts.save_stays(tx, held, ended, keeper)
    came: list[UUID] = []
    for arrival in arriving:
        came.append(await _arrive(arrival, came, held, tx=tx, keeper=keeper))
    return await people_acts.finish(tx, keeper, asked, held)


async def _arrive(arrival: Arrival, came: Sequence[UUID], held: Held, *, tx: Tx, keeper: Keeper) -> UUID:
    """Register one of a new household; whoever was in the book is held from now on, as they were before."""
    newcomer = arrival.newcomer
    if arrival.guardian is not None:
        if arrival.guardian >= len(came):
            raise GuardianUnfit(
                "监护人须列在被监护人之前。The guardian must be listed before the dependant.",
                field="arriving",
            )
        newcomer = replace(newcomer, guardian_ref=came[arrival.guardian])
    before, meant = await people_changes.hold_newcomer(tx, keeper, newcomer)
    ref, new = await people_changes.enter(tx, keeper, newcomer, meant=meant)
    if new:
        held.new.append(ref)
    elif ref in before.people and ref not in {*held.people, *held.new}:
        held.people[ref], held.homes[ref] = before.people[ref], before.homes[ref]
        held.roots[ref] = before.roots[ref]
        held.stays |= {place: row for place, row in before.stays.items() if place[0] == ref}
    return ref


async def set_occupancy(
    dwelling_id: UUID, occupancy: Occupancy, asked: Asked, *, tx: Tx, keeper: Keeper
) -> Act:
    """Say how a dwelling is used now: lived in by its owner, let, or empty.

    Raises:
        SameIdOtherContent, DwellingUnknown: as their names say.
    """
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    held = await people_acts.hold(tx, keeper, (), dwellings=[dwelling_id])
    before = await tx.fetchval(store.OCCUPANCY, dwelling_id)
    await tx.execute(store.ADD_OCCUPANCY_BEFORE, asked.change_id, dwelling_id, before, occupancy.value)
    await tx.execute(store.SET_OCCUPANCY, dwelling_id, occupancy.value)
    return await people_acts.finish(tx, keeper, asked, held)


# ---- taking back


async def undo(asked: Asked, *, tx: Tx, keeper: Keeper) -> Act:
    """Take back an act that was entered by mistake: stays, death, use of the dwelling and passes are as they were.

    Raises:
        ChangeUnknown: there is no such act.
        NotUndoable: it is of a kind that is corrected instead, or undone already.
        ChangedSince: a later act changed the same; that one is undone first.
        SameIdOtherContent: the id was used for something else.
    """
    assert asked.undoes is not None  # noqa: S101 -- an undo names what it undoes
    await existing(tx, asked.undoes)
    if (known := await people_acts.begin(asked, tx=tx, vault=keeper.vault)) is not None:
        return known
    act = await existing(tx, asked.undoes)
    if act.kind not in UNDOABLE or act.undone_by not in {None, asked.change_id}:
        raise NotUndoable(
            "该变更不能撤销，或已撤销。The change cannot be undone, or is undone already.",
            remedy="资料有误请直接更正。Correct the values instead.",
            kind=act.kind,
        )
    before = await tx.fetch(store.BEFORE, act.change_id)
    touched = {row["person_ref"] for row in before} | set(act.people)
    held = await people_acts.hold(tx, keeper, touched, dwellings={row["dwelling_id"] for row in before})
    for row in before:
        await _restore(tx, keeper, held, row)
    if act.kind == ActKind.DIED:
        await tx.execute(store.SET_DEATH, list(act.people), None)
    if act.kind == ActKind.OCCUPANCY_SET:
        held.dwellings.add(await _restore_occupancy(tx, act.change_id))
    done = await people_acts.finish(tx, keeper, asked, held)
    nowhere = [ref for ref, homes in held.homes.items() if not any(home["resident"] for home in homes)]
    for event, version in await people_events.of_restored(tx, nowhere):
        await tx.publish(event, version=version)
    async with tx.beyond():  # where the act stopped them, it also reached
        await people_passes.put_back(tx, act.change_id)
    for ref in held.people:
        await returnees.refresh_contact(tx, keeper, ref)
    return done


async def existing(tx: Tx, change_id: UUID) -> Act:
    """An act by its id.

    Raises:
        ChangeUnknown: there is no such act.
    """
    found = await store.act(tx, change_id)
    if found is None:
        raise ChangeUnknown("没有这次变更。There is no such change.")
    return found


async def dwelling_of(tx: Tx, change_id: UUID) -> UUID:
    """The dwelling of which an act said how it is used."""
    row = await tx.fetchrow(store.OCCUPANCY_BEFORE, change_id)
    assert row is not None  # noqa: S101 -- the act wrote it
    dwelling_id: UUID = row["dwelling_id"]
    return dwelling_id


async def _restore(tx: Tx, keeper: Keeper, held: Held, row: asyncpg.Record) -> None:
    place = row["person_ref"], row["dwelling_id"]
    now = held.stays.get(place)
    if now is None or now["version"] != row["version_after"]:
        raise ChangedSince(
            "此后又有新的变更，请先撤销后来的变更。It was changed again since; undo the later change first."
        )
    if not row["existed"]:
        await tx.execute(store.DROP_RESIDENCE, *place)
        return
    person = held.people[row["person_ref"]]
    surname = people.surname_index(keeper.vault, surname_of(person.name), row["dwelling_id"])
    identity = people.identity_index(keeper.vault, person.name, person.born, row["dwelling_id"])
    if row["ended_on"] is not None:  # back among what is over: the earlier stay is the last one again
        await tx.execute(store.DROP_PERIOD, *place, row["registered_on"], row["ended_on"])
    plain = (*place, row["relation"], row["resident"], row["registered_on"], row["ended_on"])
    kept = row["content_index"], row["note_sealed"], row["version"]
    await tx.execute(store.RESTORE_RESIDENCE, *plain, surname, identity, *kept)


async def _restore_occupancy(tx: Tx, change_id: UUID) -> UUID:
    row = await tx.fetchrow(store.OCCUPANCY_BEFORE, change_id)
    assert row is not None  # noqa: S101 -- the act wrote it
    if row["occupancy_now"] != row["occupancy_after"]:
        raise ChangedSince("此后又有新的变更。It was changed again since.")
    await tx.execute(store.SET_OCCUPANCY, row["dwelling_id"], row["occupancy"])
    dwelling_id: UUID = row["dwelling_id"]
    return dwelling_id
