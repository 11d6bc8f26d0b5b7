"""How to reach the people under observation, and how a list's lines find them (architecture §3, §8, R4.2)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.observation.domain.questionnaires import DOCUMENT, NAME_PHONE, name_and_phone
from services.observation.store import copies, matching
from services.observation.store.copies import SealedContact
from shared.db.pool import Database, Tx
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import PersonKeyMissingError, Vault

RECIPIENT = "observation"
NAME = "observation.contact_indexes"
DOCUMENTS = "documents"
"""Name of a sealed field, part of what is stored: never renamed."""
BATCH = 500


async def keep_contact(event: SubjectCardSealed, *, tx: Tx, vault: Vault, card_keys: CardKeys) -> None:
    """Keep what the registry says about how to reach somebody, sealed by our own vault; drop it when told to.

    Documents are looked up by keyed indexes and never shown; sealed they are kept for an exchange of the index key.
    """
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
    documents = [str(number) for number in card.get("documents", ())]
    contact = SealedContact(
        **sealed,
        documents_index=tuple(documents_index(vault, documents)),
        name_phone_index=name_phone_index(card, vault),
        documents=vault.seal(key, DOCUMENTS, json.dumps(documents)) if documents else None,
    )
    await copies.keep_card(tx, event.person_ref, event.compound, contact)


async def index_kept(database: Database, vault: Vault) -> int:
    """Index cards that were kept before there were indexes, by name and phone; tells how many."""
    done = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            rows = await matching.lock_not_indexed(tx, BATCH)
            keys = await vault.keys(row["person_ref"] for row in rows)
            found: list[bytes | None] = []
            for row in rows:
                key = keys.get(row["person_ref"])
                opened = {
                    name: vault.open(key, name, row[f"{name}_sealed"])
                    for name in ("name", "phone")
                    if key is not None and row[f"{name}_sealed"] is not None
                }
                found.append(name_phone_index(opened, vault))
            await matching.keep_indexes(tx, [row["person_ref"] for row in rows], found)
        if not rows:
            return done
        done += len(rows)


def documents_index(vault: Vault, numbers: Iterable[str]) -> list[bytes]:
    """The lookup values of somebody's documents."""
    return [vault.index(DOCUMENT, number) for number in numbers]


def name_phone_index(card: Mapping[str, Any], vault: Vault) -> bytes | None:
    """The lookup value of a name with its phone; None where one of them is missing."""
    text = name_and_phone(str(card.get("name") or ""), str(card.get("phone") or ""))
    return None if text is None else vault.index(NAME_PHONE, text)
