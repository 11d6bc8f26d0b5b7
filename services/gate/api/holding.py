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
from shared.kernel.field_faults import place_of, told_of
from shared.kernel.refusal import REMEDIES, Refusal
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
    first = error.errors(include_input=False, include_url=False)[0]
    return as_item(
        check_id=check_id_of(raw),
        status="rejected",
        code="invalid_request",
        field=place_of(first)[:200] or None,
        detail=told_of(first),
        remedy=REMEDIES[422],
    )


def refused(check_id: UUID, refusal: Refusal, as_item: type[I]) -> I:
    """An item that was understood and will never be taken."""
    return as_item(
        check_id=check_id,
        status="rejected",
        code=refusal.code,
        field=refusal.field,
        detail=refusal.detail,
        remedy=refusal.remedy,
    )


def not_storable(check_id: UUID, as_item: type[I]) -> I:
    """An item that the database does not take; what is wrong with it stands in the log."""
    return as_item(
        check_id=check_id,
        status="rejected",
        code="not_storable",
        detail="内容无法保存，已记录。It cannot be stored; that has been recorded.",
        remedy="留在设备上，交管理员查看。Keep it on the device, and show it to an administrator.",
    )


def check_id_of(raw: object) -> UUID | None:
    """The id that an item names, if it is one."""
    try:
        return UUID(str(raw["check_id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        return None
