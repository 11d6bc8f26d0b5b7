"""What a batch keeps aside instead of applying it, and what the device is told about it (G11, G16)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.gate import metrics
from services.gate.api.devices import command_cause
from services.gate.api.models import BatchItem
from services.gate.desk import Desk, Station
from services.gate.handlers import quarantine
from services.gate.store.quarantine import Cause
from shared.obs.logging import get_logger

log = get_logger(__name__)


async def hold(mine: Desk, station: Station, items: Sequence[Any], cause: Cause) -> list[BatchItem]:
    """Keep items aside, and tell the device so: it marks them and sends them no more."""
    context = mine.context
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        new = await quarantine.keep(items, station, cause, vault=context.vault, tx=tx)
    metrics.QUARANTINED.labels(station.compound, station.checkpoint, cause).inc(new)
    log.warning("quarantined", device=str(station.device_id), items=len(items), new=new, cause=cause)
    return [BatchItem(check_id=check_id_of(item), status="quarantined", code=cause) for item in items]


def check_id_of(raw: object) -> UUID | None:
    """The id that an item names, if it is one."""
    try:
        return UUID(str(raw["check_id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        return None
