"""Retention and erasure: what is personal goes when the policy's days are over, or when the registry says so.

Erasing changes no figure: windows, standings and counts are not personal answers and stay.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.observation.store import copies, doors, erasure, links, messages
from shared.db.erasures import destroy_keys
from shared.db.pool import Database, Tx
from shared.events.registry.people import PersonErased
from shared.kernel.sealed import Vault

NAME = "observation.retention"
BATCH = 200
"""Cases a transaction."""


async def forget_person(event: PersonErased, *, tx: Tx, vault: Vault) -> None:
    """Destroy a person's key, so that nothing sealed of them opens anywhere, and what was sealed; again: the same."""
    await forget(tx, [event.person_ref])
    await erasure.note_erased(tx, event.person_ref)
    await destroy_keys(tx, vault, [event.person_ref])


async def forget(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Blank what is kept of these people; windows, standings and counts stay."""
    await erasure.erase_health(tx, await erasure.cases_of(tx, refs))
    await erasure.drop_cards(tx, refs)
    await messages.erase(tx, refs)
    return []


async def end_links(tx: Tx) -> None:
    """Nobody opens anything by a personal link or with a device at a door any more: the measures are over."""
    await links.revoke_all(tx)
    await tx.execute(doors.END_ALL, tx.now, tx.actor or "observation")


async def erase_due(database: Database, *, batch: int = BATCH) -> int:
    """Erase what is kept longer than the policy allows after the release; tells how many cases and contacts."""
    erased = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            calendar = await copies.calendar(tx)
            if calendar is None or calendar.effective_from > tx.today:
                return erased
            days = calendar.on(tx.today).document.retention
            cases = await erasure.health_due(tx, tx.now - timedelta(days=days.health_days), batch)
            people = await erasure.contacts_due(tx, tx.now - timedelta(days=days.contact_days), batch)
            await erasure.erase_health(tx, cases)
            await erasure.drop_cards(tx, people)
        if not cases and not people:
            return erased
        erased += len(cases) + len(people)
