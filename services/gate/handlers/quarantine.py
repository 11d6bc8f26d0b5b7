"""Quarantine: nothing of it is applied until a supervisor says so, and none of it is lost (G11, G16, F13, F16)."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.gate.desk import Station
from services.gate.sealing import QUARANTINE, QUARANTINE_DIGEST
from services.gate.store import quarantine as store
from services.gate.store.quarantine import Cause, Kept, Sealed
from shared.db.pool import Tx
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault


async def keep(items: Sequence[Any], station: Station, cause: Cause, *, vault: Vault, tx: Tx) -> int:
    """Keep what a device sent as it came, sealed with a key of the device's own; tells how many are new.

    The same item again is the item that is here.
    """
    key = await vault.key(station.device_id, create=True)
    sealed = []
    for item in items:
        text = spelled(item)
        digest = vault.index(QUARANTINE_DIGEST, text)
        sealed.append(Sealed(item_id=uuid7(), digest=digest, item=vault.seal(key, QUARANTINE, text)))
    return await store.keep(
        tx,
        sealed,
        cause,
        device_id=station.device_id,
        compound=station.compound,
        checkpoint=station.checkpoint,
    )


async def opened(items: Sequence[Kept], *, vault: Vault) -> dict[UUID, Any]:
    """The content of items by id. One that was forgotten, or whose device's key was destroyed, is left out."""
    keys = await vault.keys({item.device_id for item in items})
    return {
        item.item_id: json.loads(vault.open(key, QUARANTINE, item.item_sealed))
        for item in items
        if item.item_sealed is not None and (key := keys.get(item.device_id)) is not None
    }


def spelled(item: Any) -> str:
    """An item in one spelling."""
    return json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
