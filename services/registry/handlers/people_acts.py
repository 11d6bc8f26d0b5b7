"""The frame of every act about people: once per id, everything held, and afterwards told, kept and sealed.

An act changes the tables between `hold` and `finish`; what follows from it is found by comparing: which stays are over,
who has another home, whose passes admit to a compound where they live no longer, what the history has to say.
(Data and law "life goes on", R4.3)
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.registry.domain.documents import NO_DOCUMENT
from services.registry.domain.errors import DwellingUnknown, PersonUnknown
from services.registry.domain.people import surname_of
from services.registry.domain.people_life import ActKind, Resident, Stay
from services.registry.handlers import people, people_events, people_passes, people_reading
from services.registry.handlers.people import Keeper
from services.registry.handlers.people_reading import Profile
from services.registry.store import merges
from services.registry.store import people as people_store
from services.registry.store import people_acts as store
from shared.db.pool import Tx
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKey, Vault

CONTENT = "people_change"
"""Name of a keyed index, part of what is stored: never renamed."""
BEFORE, AFTER, REASON = "change_before", "change_after", "change_reason"
"""Names of sealed fields, part of what is stored: never renamed."""

Ending = Literal["died", "left_town"]
"""Of what a stay ends, where it is not a move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An act as it is asked for. `change_id` is made by the client; `content` is the request as one text."""

    change_id: UUID
    kind: ActKind
    effective_on: date
    content: str
    reason: str | None = None
    undoes: UUID | None = None


@dataclass(slots=True, kw_only=True)
class Held:
    """The people and dwellings of an act as they are before it; nobody else changes them until its end."""

    people: dict[UUID, Profile]
    dwellings: set[UUID]
    stays: dict[store.Place, asyncpg.Record]
    homes: dict[UUID, list[asyncpg.Record]]
    roots: dict[UUID, UUID]
    new: list[UUID] = field(default_factory=list)

    @property
    def persons(self) -> list[UUID]:
        """Those who are held, each person once: of merged records the one that stands for them."""
        return sorted({self.roots[ref] for ref in self.people})

    def resident(self, ref: UUID) -> Resident:
        """What the rules need of a person, of records that were merged all together."""
        root = self.roots[ref]
        own = {one for one, stands in self.roots.items() if stands == root}
        profile = self.people[root]
        stays = tuple(store.stay_of(row) for place, row in self.stays.items() if place[0] in own)
        return Resident(person_ref=root, born=profile.born, died_on=profile.died_on, stays=stays)

    def let_go(self, ref: UUID) -> None:
        """Somebody who was looked at and is not changed."""
        for one in [one for one in self.people if self.roots[one] == self.roots[ref]]:
            del self.people[one], self.homes[one]


async def begin(asked: Asked, *, tx: Tx, vault: Vault) -> store.Act | None:
    """Keep that this is done now; tells the act when it was done before.

    Raises:
        SameIdOtherContent: the id was used for something else.
    """
    content = f"{asked.kind}\n{asked.content}"
    await store.lock_act(tx, asked.change_id)
    if (known := await store.act(tx, asked.change_id)) is not None:
        if known.content_index not in vault.index_all(CONTENT, content):
            raise SameIdOtherContent(
                "该编号已用于另一次变更。This id was used for another change.", field="change_id"
            )
        return known
    await store.add_act(
        tx,
        asked.change_id,
        asked.kind,
        asked.effective_on,
        vault.index(CONTENT, content),
        undoes=asked.undoes,
    )
    return None


async def hold(
    tx: Tx, keeper: Keeper, people_refs: Iterable[UUID], *, dwellings: Iterable[UUID] = ()
) -> Held:
    """Hold people, the dwellings where they are, and further dwellings, until the end of the transaction.

    Raises:
        PersonUnknown: nobody has one of these references, or they were erased.
        DwellingUnknown: there is no such dwelling.
    """
    roots = await merges.roots_of(tx, set(people_refs))
    for root in set(roots.values()):
        roots |= dict.fromkeys(await merges.pseudonyms(tx, root), root)
    refs, named = sorted(roots), set(dwellings)
    await tx.fetch(people_store.LOCK_PEOPLE, refs)
    stays = await store.stays(tx, people=refs, dwellings=named)
    everywhere = named | {place[1] for place in stays if place[0] in refs}
    locked = await tx.fetch(people_store.LOCK_DWELLINGS, sorted(everywhere))
    found = {row["dwelling_id"] for row in locked if row["listed"]}
    if named - found:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    profiles = {
        profile.person_ref: profile for profile in await people_reading.own_profiles(tx, refs, keeper.vault)
    }
    if missing := set(refs) - profiles.keys():
        raise PersonUnknown("没有登记此人。Nobody has this reference.", person_ref=str(min(missing)))
    return Held(
        people=profiles,
        dwellings=named,
        stays=await store.stays(tx, people=refs, dwellings=named),
        homes=await people_store.homes(tx, refs),
        roots=roots,
    )


async def save_stays(tx: Tx, held: Held, changed: Sequence[Stay], keeper: Keeper) -> None:
    """Write stays as a rule decided them; a new one gets its keyed values from the person's."""
    rows = []
    for stay in changed:
        before = held.stays.get((stay.person_ref, stay.dwelling_id))
        if before is None or (before["ended_on"] is not None and stay.ended_on is None):
            keyed = await _keyed(tx, held.people[stay.person_ref], stay, keeper)
        else:
            keyed = tuple(
                before[name] for name in ("surname_index", "identity_index", "content_index", "note_sealed")
            )
        plain = (stay.person_ref, stay.dwelling_id, stay.relation.value, stay.resident, stay.registered_on)
        rows.append((*plain, stay.ended_on, *keyed))
    await store.save_residences(tx, rows)


async def _keyed(tx: Tx, person: Profile, stay: Stay, keeper: Keeper) -> tuple[object, ...]:
    home = await people.home_at(tx, stay.dwelling_id)
    line = people.line_of(
        people_reading.stated_again(person, stay.registered_on),
        person.documents[0] if person.documents else NO_DOCUMENT,
        home,
        stay.relation,
        resident=stay.resident,
    )
    stated = people.state_line(line, home, keeper.vault)
    surname = people.surname_index(keeper.vault, surname_of(person.name), stay.dwelling_id)
    return surname, stated.identity, stated.content, None


async def finish(
    tx: Tx, keeper: Keeper, asked: Asked, held: Held, *, ending: Ending | None = None, told: bool = False
) -> store.Act:
    """Tell what follows, stop passes that admit to where nobody of these lives any more, and keep the history.

    `told`: who entered the people has told of them already.

    Raises:
        DwellingUnknown: somebody would live at an address that left the list.
    """
    refs = [*held.people, *held.new]
    stays = await store.stays(tx, people=refs, dwellings=held.dwellings)
    changed = {
        place: row
        for place, row in stays.items()
        if (before := held.stays.get(place)) is None or before["version"] != row["version"]
    }
    lived_in = sorted({place[1] for place, row in changed.items() if row["ended_on"] is None})
    if await tx.fetchval(store.OFF_THE_LIST, lived_in):
        raise DwellingUnknown(
            "该地址已注销，不能登记人员。The address was taken off the list; nobody can be registered there.",
            remedy="如房屋仍存在，请先恢复地址。Put the address on the list again if the dwelling exists.",
        )
    if asked.kind is not ActKind.UNDONE:
        for place, row in changed.items():
            await store.note_before(tx, asked.change_id, held.stays.get(place), row)
    if not told:
        await _tell(tx, keeper, held, changed, stays, ending=ending, on=asked.effective_on)
    await _stop_passes(tx, asked, held, ending=ending)
    await _keep_history(tx, keeper, asked, held)
    await store.name_people(tx, asked.change_id, refs)
    done = await store.act(tx, asked.change_id)
    assert done is not None  # noqa: S101 -- `begin` wrote it
    return done


async def _tell(
    tx: Tx,
    keeper: Keeper,
    held: Held,
    changed: Mapping[store.Place, asyncpg.Record],
    stays: Mapping[store.Place, asyncpg.Record],
    *,
    ending: Ending | None,
    on: date,
) -> None:
    gone = [row for place, row in held.stays.items() if place not in stays]
    over = [
        row
        for place, row in held.stays.items()
        if place[0] in held.people and _is_over(row, stays.get(place))
    ]
    known = list(held.people)
    homes_now = await people_store.homes(tx, known)
    keys = await keeper.vault.keys(known, create=True)
    events = await people_events.of_endings(tx, over, homes_now, ending=ending, on=on)
    events += await people_events.of_known_people(tx, held.homes, keys, keeper.cards)
    touched = {place[1] for place in changed} | {row["dwelling_id"] for row in gone} | held.dwellings
    events += await people_events.of_households(tx, sorted(touched))
    for event, version in events:
        await tx.publish(event, version=version)


def _is_over(before: asyncpg.Record, now: asyncpg.Record | None) -> bool:
    """Whether a stay that lasted is over now; an owner who moved out and stays the owner lives there no longer."""
    if before["ended_on"] is not None:
        return False
    return now is None or now["ended_on"] is not None or (before["resident"] and not now["resident"])


async def _stop_passes(tx: Tx, asked: Asked, held: Held, *, ending: Ending | None) -> None:
    reason: people_passes.StopReason = "deceased" if ending == "died" else "moved_away"
    for root in held.persons:
        person = [root, *(ref for ref, stands in held.roots.items() if stands == root and ref != root)]
        before = _compounds({ref: held.homes[ref] for ref in person if ref in held.homes})
        lost = before - _compounds(await people_store.homes(tx, person))
        async with tx.beyond():  # whoever dies or moves away loses the passes of other compounds as well
            if ending == "died":
                await people_passes.stop(tx, asked.change_id, person, None, reason)
            elif lost:
                await people_passes.stop(tx, asked.change_id, person, lost, reason)


def _compounds(homes: Mapping[UUID, Sequence[asyncpg.Record]]) -> set[str]:
    """Where a person lives, by whichever of their records."""
    return {row["compound_id"] for rows in homes.values() for row in rows if row["resident"]}


async def _keep_history(tx: Tx, keeper: Keeper, asked: Asked, held: Held) -> None:
    """What is different about each of them now, sealed under their own key."""
    refs = [*held.people, *held.new]
    keys = await keeper.vault.keys(refs, create=True)
    rows = []
    for profile in await people_reading.own_profiles(tx, refs, keeper.vault):
        ref = profile.person_ref
        before = _told(held.people[ref]) if ref in held.people else {}
        after = _told(profile)
        differ = [name for name in after if before.get(name) != after[name]]
        rows.append(
            (
                ref,
                _sealed(keys[ref], BEFORE, {name: before[name] for name in differ if name in before}),
                _sealed(keys[ref], AFTER, {name: after[name] for name in differ}),
                Vault.seal(keys[ref], REASON, asked.reason) if asked.reason else None,
            )
        )
    await store.add_changes(tx, asked.change_id, rows)


def _told(profile: Profile) -> dict[str, Any]:
    """A person's values as the history keeps them."""
    return {
        "name": profile.name,
        "sex": profile.sex,
        "born": profile.born.isoformat(),
        "phone": profile.phone,
        "origin_code": profile.origin_code,
        "guardian_ref": str(profile.guardian_ref) if profile.guardian_ref else None,
        "died_on": profile.died_on.isoformat() if profile.died_on else None,
        "documents": [[one.kind.value, one.number, one.error] for one in profile.documents],
        "homes": [
            [str(one.home.dwelling_id), one.relation.value, one.resident, one.registered_on.isoformat()]
            for one in profile.homes
        ],
    }


def _sealed(key: PersonKey, name: str, values: Mapping[str, Any]) -> bytes | None:
    return Vault.seal(key, name, json.dumps(values, ensure_ascii=False)) if values else None
