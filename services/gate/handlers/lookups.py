"""How lookup values follow from what is sealed, for the exchange of an index key (`./fangkong rotate-keys`)."""

import json
from collections.abc import Iterable

import asyncpg

from services.gate.projections.cards import values_of
from services.gate.sealing import FOUND_BY, PLATE, PLATE_INDEX
from services.gate.store import lookups as store
from shared.db.reindexing import Lookup
from shared.kernel.plates import spell_plate
from shared.kernel.sealed import PersonKey, Vault


def _plate(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield from (key.ref, row["vehicle_ref"], row["plate_index"])
    yield vault.index(PLATE_INDEX, spell_plate(Vault.open(key, PLATE, row["plate_sealed"])))


def _card(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield key.ref
    yield values_of(vault, json.loads(Vault.open(key, FOUND_BY, row["found_by_sealed"])))


LOOKUPS = (
    Lookup(find=store.OLD_CARDS, write=store.NEW_CARD, values=_card),
    Lookup(find=store.OLD_PLATES, write=store.NEW_PLATE, values=_plate),
)
