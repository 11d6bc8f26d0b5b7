"""What a batch keeps aside instead of applying it, and what the device is told about it (G11, G16)."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from services.gate import metrics
from services.gate.api.devices import command_cause
from services.gate.api.models import BatchStatus
from services.gate.desk import Desk, Station
from services.gate.handlers import quarantine
from services.gate.store.quarantine import Cause
from shared.obs.logging import get_logger

log = get_logger(__name__)
I = TypeVar("I", bound=BatchStatus)  # noqa: E741 -- an item


async def hold(
    mine: Desk, station: Station, items: Sequence[Any], cause: Cause, *, as_item: type[I]
) -> list[I]:
    """Keep items aside, and tell the device so: it marks them and sends them no more."""
    context = mine.context
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        new = await quarantine.keep(items, station, cause, vault=context.vault, tx=tx)
    metrics.QUARANTINED.labels(station.compound, station.checkpoint, cause).inc(new)
    log.warning("quarantined", device=str(station.device_id), items=len(items), new=new, cause=cause)
    return [as_item(check_id=check_id_of(item), status="quarantined", code=cause) for item in items]


def invalid(raw: object, error: ValidationError, as_item: type[I]) -> I:
    """What is wrong with an item, by place; never its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))[:200] or None
    return as_item(check_id=check_id_of(raw), status="rejected", code="invalid_request", field=field)


def check_id_of(raw: object) -> UUID | None:
    """The id that an item names, if it is one."""
    try:
        return UUID(str(raw["check_id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        return None
