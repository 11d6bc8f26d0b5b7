"""How to reach the people under observation (architecture §3, §8)."""

from services.observation.store import copies
from services.observation.store.copies import SealedContact
from shared.db.pool import Tx
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import PersonKeyMissingError, Vault

RECIPIENT = "observation"


async def keep_contact(event: SubjectCardSealed, *, tx: Tx, vault: Vault, card_keys: CardKeys) -> None:
    """Keep what the registry says about how to reach somebody, sealed by our own vault; drop it when told to."""
    if event.recipient != RECIPIENT:
        return
    if event.card is None:
        await copies.drop_card(tx, event.person_ref)
        return
    card = card_keys.open_card(RECIPIENT, event.card)
    try:
        key = await vault.key(event.person_ref, create=True)
    except PersonKeyMissingError:  # erased meanwhile: nothing of the person is kept again
        await copies.drop_card(tx, event.person_ref)
        return
    sealed = {
        name: vault.seal(key, name, str(card[name])) if card.get(name) else None
        for name in ("name", "phone", "room")
    }
    await copies.keep_card(tx, event.person_ref, event.compound, SealedContact(**sealed))
