"""Erasing somebody: the registry destroys the key and tells whoever keeps a card to do the same (Data and law)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.erasure import ErasedAlready, ErasureReason, decide_erasure
from services.registry.domain.errors import PersonUnknown
from services.registry.handlers import policy
from services.registry.store import erasure as store
from services.registry.store import merges
from services.registry.store import people as people_store
from shared.bus import outbox
from shared.db.erasures import destroy_keys
from shared.db.pool import Tx
from shared.events.registry.people import PersonErased
from shared.kernel.ids import PersonRef, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

_CLOSED = "closing"
"""Why, of everybody when the measures are over."""
_REAPPLIED = "reapplied"
"""Why, of an erasure that a restored database did not know of; nobody asks for it by this reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePerson:
    """Nothing personal of somebody is to be kept. `erasure_id` is made by the client."""

    erasure_id: UUID
    person_ref: UUID
    reason: ErasureReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Whose values went, every record of the person, and when. `new` is False for a repeat."""

    people: tuple[UUID, ...]
    erased_at: datetime
    new: bool


async def erase(cmd: ErasePerson, *, tx: Tx, vault: Vault) -> Erased:
    """Blank everything personal, also of records that were merged, tell it once, and destroy the keys.

    What lies under keys of its own goes as well, where it is known whom it is about: lines of watch lists, entries of
    the call list, answers at a gate, offers to serve, texts of household forms. The keys go last: if anything before
    fails, nothing has happened; if the commit fails, the next try finds the keys gone and does the rest. What somebody
    released declared is observation's to forget, when it hears of it.

    Raises:
        PersonUnknown, ErasedAlready, PersonInUse, WithinRetention: as their names say.
        SameIdOtherContent: the id was used for another erasure.
        PolicyUnknown: nothing says how long it is to be kept.
    """
    if not await people_store.known(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    await merges.lock_merges(tx)
    people = sorted(await merges.pseudonyms(tx, cmd.person_ref))
    await tx.fetch(people_store.LOCK_PEOPLE, people)
    if kept := await store.erasures(tx, people):
        return _again(cmd, people, [(row["erasure_id"], row["reason"], row["erased_at"]) for row in kept])
    rules = await policy.in_force(tx, tx.today)
    decide_erasure(await store.ties(tx, people), rules.document.retention, now=tx.now)
    own = await _blank(tx, people, cmd.erasure_id, cmd.reason.value)
    await destroy_keys(tx, vault, (*people, *own))
    return Erased(people=tuple(people), erased_at=tx.now, new=True)


async def forget(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Do again what a restored database does not know of: to people, and to what lies under keys of its own.

    That it is done again is told like the first time: whoever has heard of it does nothing.
    """
    await merges.lock_merges(tx)
    await store.blank_by_keys(tx, refs)
    people = await store.not_erased(tx, refs)
    if not people:
        return []
    await tx.fetch(people_store.LOCK_PEOPLE, people)
    return await _blank(tx, people, uuid7(), _REAPPLIED)


async def forget_all(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Forget people where everybody is forgotten: each service does so by itself, and nobody is told one by one."""
    await merges.lock_merges(tx)
    await store.blank_by_keys(tx, refs)
    people = await store.not_erased(tx, refs)
    if not people:
        return []
    await tx.fetch(people_store.LOCK_PEOPLE, people)
    own = await store.erase(tx, people)
    await store.note(tx, people, uuid7(), _CLOSED)
    return own


async def _blank(tx: Tx, people: Sequence[UUID], erasure_id: UUID, reason: str) -> list[UUID]:
    """Blank, note and tell; answers with the keys that go besides theirs."""
    async with tx.beyond():  # nothing of the person stays anywhere
        own = await store.erase(tx, people)
    await store.note(tx, people, erasure_id, reason)
    await outbox.blank(tx, channels="cards\\_%", refs=people, field="card")
    for row in await tx.fetch(people_store.BUMP_PEOPLE_ONLY, list(people)):
        told = PersonErased(person_ref=PersonRef(row["person_ref"]), erased_at=tx.now)
        await tx.publish(told, version=row["version"])
    return own


def _again(cmd: ErasePerson, people: list[UUID], kept: list[tuple[UUID, str, datetime]]) -> Erased:
    erasure_id, reason, erased_at = kept[0]
    if erasure_id != cmd.erasure_id:
        raise ErasedAlready("此人的个人信息已清除。Nothing personal is kept of this person any more.")
    if reason != cmd.reason:
        raise SameIdOtherContent(
            "该编号已用于另一次清除。This id was used for another erasure.", field="erasure_id"
        )
    return Erased(people=tuple(people), erased_at=erased_at, new=False)
