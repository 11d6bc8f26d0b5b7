"""Merging two records of one person, and taking that back; possible duplicates (Identity, P10).

Everything stays under the pseudonym it was written under. What counts as one person's follows from the merges in force,
so the undo only has to take one away, and to put back the passes that the merge ended.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.registry.domain.errors import PersonUnknown
from services.registry.domain.merges import MergeUnknown, PassOfTwo, Side, decide_merge, surplus
from services.registry.handlers import pass_life, people_events, people_passes, people_reading
from services.registry.handlers.people import Keeper
from services.registry.handlers.people_reading import Profile
from services.registry.store import merges as store
from services.registry.store import passes as pass_store
from services.registry.store import people as people_store
from services.registry.store import people_acts
from shared.db.pool import Tx
from shared.events.registry.people import PeopleMerged, PeopleSeparated
from shared.kernel.ids import PersonRef
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

CONTENT, REASON, SEPARATION, DISMISSAL = "merge", "merge_reason", "separation_reason", "dismissal_reason"
"""Names of a keyed index and of sealed fields, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePeople:
    """Somebody decided that two records are one person's. `merge_id` is made by the client."""

    merge_id: UUID
    kept: UUID
    merged: UUID
    reason: str


async def merge(cmd: MergePeople, *, tx: Tx, keeper: Keeper) -> tuple[asyncpg.Record, bool]:
    """Let `kept` stand for `merged`; tells the merge, and whether it is new.

    Of each compound one pass goes on; what is known against either record stands against the person.

    Raises:
        SameIdOtherContent: the id was used for another merge.
        PersonUnknown, MergedAlready, MergeImpossible: as their names say.
    """
    vault, content = keeper.vault, f"{cmd.kept}\n{cmd.merged}\n{cmd.reason}"
    await store.lock_merges(tx)
    if (known := await store.merge(tx, cmd.merge_id)) is not None:
        if known["content_index"] not in vault.index_all(CONTENT, content):
            raise SameIdOtherContent(
                "该编号已用于另一次合并。This id was used for another merge.", field="merge_id"
            )
        return known, False
    await tx.fetch(people_store.LOCK_PEOPLE, sorted({cmd.kept, cmd.merged}))
    decide_merge(*await _sides(tx, cmd, vault))
    key = await vault.key(cmd.kept, create=True)
    await tx.execute(
        store.ADD_MERGE,
        *(cmd.merge_id, cmd.kept, cmd.merged, vault.seal(key, REASON, cmd.reason)),
        *(vault.index(CONTENT, content), tx.actor or "", tx.now),
    )
    await store.work_out_aliases(tx)
    async with tx.beyond():  # passes follow the person, also those of other compounds
        await _end_surplus(tx, cmd)
    await tx.publish(
        PeopleMerged(
            merge_id=cmd.merge_id,
            kept=PersonRef(cmd.kept),
            merged=PersonRef(cmd.merged),
            merged_at=tx.now,
        ),
        version=1,
    )
    await _tell_households(tx, [cmd.kept, cmd.merged])
    return await existing(tx, cmd.merge_id), True


async def separate(
    merge_id: UUID, separation_id: UUID, reason: str, *, tx: Tx, keeper: Keeper
) -> asyncpg.Record:
    """Take a merge back: both records stand for themselves, and the passes that the merge ended are as they were.

    A second time, also with another id, changes nothing.

    Raises:
        MergeUnknown: there is no such merge.
    """
    await store.lock_merges(tx)
    row = await existing(tx, merge_id)
    if row["separated_at"] is not None:
        return row
    await tx.fetch(people_store.LOCK_PEOPLE, sorted([row["kept"], row["merged"]]))
    key = await keeper.vault.key(row["kept"], create=True)
    sealed = keeper.vault.seal(key, SEPARATION, reason)
    await tx.execute(store.SEPARATE, merge_id, separation_id, sealed, tx.actor or "", tx.now)
    await store.work_out_aliases(tx)
    async with tx.beyond():
        await people_passes.put_back(tx, merge_id)
    await tx.publish(
        PeopleSeparated(merge_id=merge_id, kept=row["kept"], merged=row["merged"], separated_at=tx.now),
        version=2,
    )
    await _tell_households(tx, [row["kept"], row["merged"]])
    return await existing(tx, merge_id)


async def existing(tx: Tx, merge_id: UUID) -> asyncpg.Record:
    """A merge by its id.

    Raises:
        MergeUnknown: there is no such merge.
    """
    row = await store.merge(tx, merge_id)
    if row is None:
        raise MergeUnknown("没有这次合并。There is no such merge.")
    return row


async def _sides(tx: Tx, cmd: MergePeople, vault: Vault) -> tuple[Side, Side]:
    roots = await store.roots_of(tx, [cmd.kept, cmd.merged])
    found = {
        one.person_ref: one for one in await people_reading.own_profiles(tx, [cmd.kept, cmd.merged], vault)
    }
    for name, ref in (("kept", cmd.kept), ("merged", cmd.merged)):
        if ref not in found:
            raise PersonUnknown("没有登记此人。Nobody has this reference.", field=name)
    whole = {one.person_ref: one for one in await people_reading.profiles(tx, list(roots.values()), vault)}
    kept, merged = ((found[ref], roots[ref]) for ref in (cmd.kept, cmd.merged))
    return _side(*kept, whole), _side(*merged, whole)


def _side(own: Profile, root: UUID, whole: dict[UUID, Profile]) -> Side:
    return Side(
        person_ref=own.person_ref,
        root=root,
        guardian_ref=own.guardian_ref,
        died_on=own.died_on,
        documents=whole[root].documents,
    )


async def _end_surplus(tx: Tx, cmd: MergePeople) -> None:
    """One pass of each compound goes on, and none where something stands against either record; kept for the undo."""
    held = {one.pass_id: one for one in await pass_store.passes_for_update(tx, cmd.kept)}
    ended = surplus(
        PassOfTwo(
            pass_id=one.pass_id,
            compound=one.compound,
            active=one.held.admits_at(tx.now),
            ends=one.validity.ends,
        )
        for one in held.values()
    )
    for pass_id in ended:
        one = held[pass_id]
        await pass_life.stop(tx, one, "merged")
        await tx.execute(
            people_acts.ADD_PASS_BEFORE, cmd.merge_id, pass_id, one.state, one.reason, one.version + 1
        )
    if (against := await pass_life.stands_against(tx, cmd.kept)) is None:
        return
    for one in held.values():
        if one.pass_id not in ended and one.state == "active":
            await tx.execute(
                people_acts.ADD_PASS_BEFORE, cmd.merge_id, one.pass_id, one.state, None, one.version + 1
            )
    await pass_life.suspend_all(tx, cmd.kept, against)


async def _tell_households(tx: Tx, refs: list[UUID]) -> None:
    """Who lives where is told again, of all records of these people: a person counts once in each household."""
    groups = await tx.fetch(store.GROUPS, refs)
    homes = await people_store.homes(tx, {*refs, *(ref for row in groups for ref in row["members"])})
    dwellings = sorted({home["dwelling_id"] for rows in homes.values() for home in rows})
    await tx.fetch(people_store.LOCK_DWELLINGS, dwellings)
    for event, version in await people_events.of_households(tx, dwellings):
        await tx.publish(event, version=version)


# ---- possible duplicates


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records that may be one person's, and why."""

    one: Profile
    other: Profile
    reasons: tuple[str, ...]


async def possible(rows: list[asyncpg.Record], *, tx: Tx, vault: Vault) -> list[Pair]:
    """Open pairs of candidates; of a newborn registered later the birth dates must be the same."""
    refs = [ref for row in rows for ref in (row["one"], row["other"])]
    found = {one.person_ref: one for one in await people_reading.own_profiles(tx, refs, vault)}
    pairs = []
    for row in rows:
        if row["one"] not in found or row["other"] not in found:
            continue
        one, other = found[row["one"]], found[row["other"]]
        reasons = tuple(
            reason
            for reason in row["reasons"]
            if reason != "newborn_registered_later" or one.born == other.born
        )
        if reasons:
            pairs.append(Pair(one=one, other=other, reasons=reasons))
    return pairs


async def dismiss(one: UUID, other: UUID, reason: str, *, tx: Tx, vault: Vault) -> None:
    """Remember that somebody looked at two records and found two people; a second time changes nothing."""
    first, second = sorted((one, other))
    key = await vault.key(first, create=True)
    sealed = vault.seal(key, DISMISSAL, reason)
    await tx.execute(store.DISMISS, first, second, sealed, tx.actor or "", tx.now)
