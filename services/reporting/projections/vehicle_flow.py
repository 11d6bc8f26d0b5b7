"""Vehicles per compound and hour of the day on which they were checked (R2.3, G7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.reporting.projections.entry_flow import FlowKey
from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import vehicle_flow as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.gate import VehicleChecked
from shared.kernel.days import SHANGHAI


@dataclass(slots=True)
class VehicleFlow:
    """What vehicle checks came to. `vehicles_in` and `vehicles_out` are those that might pass, emergencies included."""

    vehicles_in: int = 0
    vehicles_out: int = 0
    vehicles_held: int = 0
    vehicles_refused: int = 0

    def add(self, event: VehicleChecked) -> None:
        """Count one check."""
        if event.verdict == "held":
            self.vehicles_held += 1
        elif event.verdict == "refuse":
            self.vehicles_refused += 1
        elif event.direction == "entry":
            self.vehicles_in += 1
        else:
            self.vehicles_out += 1


def fold(events: Iterable[VehicleChecked]) -> dict[FlowKey, VehicleFlow]:
    """What a run of checks adds. Order inside the run does not matter."""
    found: defaultdict[FlowKey, VehicleFlow] = defaultdict(VehicleFlow)
    for event in events:
        at = event.checked_at.astimezone(SHANGHAI)
        found[FlowKey(at.date(), event.compound, at.hour)].add(event)
    return dict(found)


class VehicleFlows(ReadModel, name="vehicle_flow", version=1, reads=(VehicleChecked,)):
    """The flow board's numbers of vehicles."""

    tables = ("vehicle_flow",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        flows = sorted(fold(batch.of(VehicleChecked)).items(), key=lambda item: item[0])
        if flows:
            await tx.execute(store.ADD_FLOW, *columns(((*key, *values(flow)) for key, flow in flows), 7))
