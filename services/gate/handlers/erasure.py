"""What gate keeps of somebody goes when the registry says so; checks stay, by pseudonym (Data and law)."""

from services.gate.store import copies, vehicles
from shared.db.pool import Tx
from shared.events.registry.people import PersonErased
from shared.kernel.sealed import Vault


async def forget_person(event: PersonErased, *, tx: Tx, vault: Vault) -> None:
    """Find nobody by this person's papers, room or plates any more, and destroy the key; again: the same.

    A card that is still on its way finds no key and leaves nothing.
    """
    await tx.execute(copies.DROP_CARD_INDEX, [event.person_ref])
    await tx.execute(vehicles.DROP_PLATES, [event.person_ref])
    await tx.execute(copies.BLANK_CARD, event.person_ref)
    await vault.destroy(event.person_ref)
