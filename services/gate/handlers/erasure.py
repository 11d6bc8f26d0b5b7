"""What gate keeps of somebody goes when the registry says so; checks stay and are nobody's (Data and law)."""

from collections.abc import Sequence
from uuid import UUID

from services.gate.store import copies, retention, vehicles
from shared.bus import outbox
from shared.db.erasures import destroy_keys
from shared.db.pool import Tx
from shared.events.registry.people import PersonErased
from shared.kernel.ids import PersonRef
from shared.kernel.sealed import Vault


async def forget_person(event: PersonErased, *, tx: Tx, vault: Vault) -> None:
    """Find nobody by this person's papers, room or plates any more, and destroy the key; again: the same.

    A card that is still on its way finds no key and leaves nothing.
    """
    await forget(tx, [event.person_ref])
    await destroy_keys(tx, vault, [event.person_ref])


async def forget(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Drop what finds these people, their cards, whose the checks were, and what they answered on the way in."""
    checks = await retention.checks_of(tx, refs)
    await outbox.blank(tx, channels="cards\\_registry", refs=checks, field="answers", key="check_id")
    for ref in refs:
        await retention.unlink(tx, PersonRef(ref))
    for statement in (copies.DROP_CARD_INDEX, vehicles.DROP_PLATES, copies.BLANK_CARDS):
        await tx.execute(statement, list(refs))
    return []
