"""Entry passes and whether they are good: without person, number or serial, which HQ does not need (R2.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import entry_passes as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)
from shared.kernel.ids import CompoundId

PassState = Literal["active", "suspended", "revoked"]


_STATE: Mapping[type[Event], PassState] = {
    EntryPassSuspended: "suspended",
    EntryPassReinstated: "active",
    EntryPassRevoked: "revoked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRow:
    """A pass as it was issued, in its present state."""

    compound: CompoundId
    kind: str
    state: PassState
    valid_from: datetime
    valid_until: datetime


def fold(events: Iterable[Event]) -> tuple[dict[UUID, PassRow], dict[UUID, PassState]]:
    """Passes issued in the run as they stand at its end, and new states of those issued before it."""
    issued: dict[UUID, PassRow] = {}
    changed: dict[UUID, PassState] = {}
    for event in events:
        match event:
            case EntryPassIssued():
                changed.pop(event.pass_id, None)
                issued[event.pass_id] = PassRow(
                    compound=event.compound,
                    kind=event.kind,
                    state="active",
                    valid_from=event.valid_from,
                    valid_until=event.valid_until,
                )
            case EntryPassSuspended() | EntryPassReinstated() | EntryPassRevoked():
                state = _STATE[type(event)]
                if event.pass_id in issued:
                    issued[event.pass_id] = replace(issued[event.pass_id], state=state)
                else:
                    changed[event.pass_id] = state
    return issued, changed


class EntryPasses(
    ReadModel,
    name="entry_passes",
    version=1,
    reads=(EntryPassIssued, EntryPassSuspended, EntryPassReinstated, EntryPassRevoked),
):
    """Passes, and by how much the number of good ones changes from hour to hour and from day to day."""

    tables = ("entry_pass", "pass_change")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Three statements at most."""
        issued, changed = fold(item.event for item in batch.received)
        if issued:
            rows: list[tuple[object, ...]] = [
                (key, row.compound, row.kind, row.state, row.valid_from, row.valid_until)
                for key, row in issued.items()
            ]
            await tx.execute(store.PUT_PASSES, *columns(rows, 6))
        if changed:
            await tx.execute(store.CHANGE_PASSES, list(changed), list(changed.values()))
        await tx.execute(store.FORGET_NO_CHANGE)
