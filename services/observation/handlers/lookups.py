"""How lookup values follow from what is sealed, for the exchange of an index key (`./fangkong rotate-keys`)."""

import json
from collections.abc import Iterable

import asyncpg

from services.observation.handlers.contacts import DOCUMENTS, documents_index, name_phone_index
from services.observation.store import lookups as store
from shared.db.reindexing import Lookup
from shared.kernel.sealed import PersonKey, Vault


def _contact(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    documents, card = row["documents_sealed"], {}
    for name in ("name", "phone"):
        if (sealed := row[f"{name}_sealed"]) is not None:
            card[name] = Vault.open(key, name, sealed)
    yield key.ref
    if documents is None:
        yield row["documents_index"]
    else:
        yield documents_index(vault, json.loads(Vault.open(key, DOCUMENTS, documents)))
    yield name_phone_index(card, vault)


LOOKUPS = (Lookup(find=store.OLD_CONTACTS, write=store.NEW_CONTACT, values=_contact),)
