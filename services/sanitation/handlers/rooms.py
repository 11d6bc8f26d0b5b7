"""The rooms of households under home quarantine: kept sealed, as long as waste is fetched there (architecture §8)."""

from collections.abc import Sequence
from uuid import UUID

from services.sanitation.store import quarantine as store
from shared.db.erasures import destroy_keys
from shared.db.pool import Tx
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PersonErased
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import PersonKeyMissingError, Vault

RECIPIENT = "sanitation"
ROOM = "room"
"""Name of a sealed field, part of what is stored: never renamed."""


async def keep_card(event: SubjectCardSealed, *, tx: Tx, vault: Vault, card_keys: CardKeys) -> None:
    """Keep the room that the registry tells of, sealed by our own vault; note when it is withdrawn."""
    if event.recipient != RECIPIENT:
        return
    if event.card is None:
        await tx.execute(store.WITHDRAW_CARD, event.person_ref)
        return
    card = card_keys.open_card(RECIPIENT, event.card)
    try:
        key = await vault.key(event.person_ref, create=True)
    except PersonKeyMissingError:  # erased meanwhile: nothing of the person is kept again
        await forget(tx, [event.person_ref])
        return
    sealed = vault.seal(key, ROOM, str(card["room"]))
    await tx.execute(store.KEEP_CARD, event.person_ref, event.compound, sealed)


async def forget_person(event: PersonErased, *, tx: Tx, vault: Vault) -> None:
    """Destroy a person's key, so that nothing sealed of them opens anywhere, and drop their card; again: the same."""
    await forget(tx, [event.person_ref])
    await destroy_keys(tx, vault, [event.person_ref])


async def forget(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Drop the cards of these people."""
    await tx.execute(store.DROP_CARDS, list(refs))
    return []
