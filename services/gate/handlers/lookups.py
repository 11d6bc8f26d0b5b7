"""How lookup values follow from what is sealed, for the exchange of an index key (`./fangkong rotate-keys`).

Documents and rooms of cards are kept as lookup values alone: those are made anew when a card is sent again.
"""

from collections.abc import Iterable

import asyncpg

from services.gate.sealing import PLATE, PLATE_INDEX
from services.gate.store import lookups as store
from shared.db.reindexing import Lookup
from shared.kernel.plates import spell_plate
from shared.kernel.sealed import PersonKey, Vault


def _plate(vault: Vault, key: PersonKey, row: asyncpg.Record) -> Iterable[object]:
    yield from (key.ref, row["vehicle_ref"], row["plate_index"])
    yield vault.index(PLATE_INDEX, spell_plate(Vault.open(key, PLATE, row["plate_sealed"])))


LOOKUPS = (Lookup(find=store.OLD_PLATES, write=store.NEW_PLATE, values=_plate),)
