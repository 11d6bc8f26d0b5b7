"""Checks per compound and hour of the day on which they happened (R2.3)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import entry_flow as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.gate import EntryChecked
from shared.kernel.days import SHANGHAI
from shared.kernel.ids import CompoundId

FEVER = "fever"


class FlowKey(NamedTuple):
    """A compound's hour. The day and hour are Shanghai's, of the check itself, also when it was synced later."""

    day: date
    compound: CompoundId
    hour: int


@dataclass(slots=True)
class Flow:
    """How many checks came to what. `entries` and `exits` are admissions, with or without an action."""

    checks: int = 0
    entries: int = 0
    exits: int = 0
    refused: int = 0
    cannot_verify: int = 0
    fever: int = 0
    offline: int = 0

    def add(self, event: EntryChecked) -> None:
        """Count one check."""
        self.checks += 1
        if event.verdict == "refuse":
            self.refused += 1
        elif event.verdict == "cannot_verify":
            self.cannot_verify += 1
        elif event.direction == "entry":
            self.entries += 1
        else:
            self.exits += 1
        self.fever += FEVER in event.reasons
        self.offline += event.offline


def fold(events: Iterable[EntryChecked]) -> dict[FlowKey, Flow]:
    """What a run of checks adds. Order inside the run does not matter."""
    found: defaultdict[FlowKey, Flow] = defaultdict(Flow)
    for event in events:
        at = event.checked_at.astimezone(SHANGHAI)
        found[FlowKey(at.date(), event.compound, at.hour)].add(event)
    return dict(found)


class EntryFlow(ReadModel, name="entry_flow", version=1, reads=(EntryChecked,)):
    """The flow board's numbers."""

    tables = ("entry_flow",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        flows = sorted(fold(batch.of(EntryChecked)).items(), key=lambda item: item[0])
        await tx.execute(store.ADD_FLOW, *columns(((*key, *values(flow)) for key, flow in flows), 10))
