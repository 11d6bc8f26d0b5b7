"""Vehicle passes as they stand (R2.3). The plates come with the gate's cards."""

from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.projections.folds import Statements, keep_and_turn
from services.gate.store import vehicles as store
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.passes import VehiclePassIssued, VehiclePassRevoked

_STATEMENTS = Statements(
    keep=store.KEEP_PASSES, turn=store.TURN_PASSES, held=store.PASSES_HELD, what="vehicle pass"
)


class VehiclePasses(
    Projection, name="gate.vehicle_passes", version=1, reads=(VehiclePassIssued, VehiclePassRevoked)
):
    """One row a pass. A new print is a new VehiclePassIssued with a higher serial."""

    tables = ("vehicle_pass",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last issue of each pass in the batch, and the last state of the others."""
        issued: dict[UUID, VehiclePassIssued] = {}
        turned: dict[UUID, tuple[object, ...]] = {}
        for item in batch.received:
            match item.event:
                case VehiclePassIssued() as event:
                    issued[event.vehicle_pass_id] = event
                    turned[event.vehicle_pass_id] = PassState.ACTIVE, item.version
                case VehiclePassRevoked() as event:
                    turned[event.vehicle_pass_id] = PassState.REVOKED, item.version
        facts = {
            pass_id: (
                *(event.number, event.serial, event.vehicle_ref, event.compound),
                *(event.valid_from, event.valid_until),
            )
            for pass_id, event in issued.items()
        }
        await keep_and_turn(tx, facts, turned, _STATEMENTS)
