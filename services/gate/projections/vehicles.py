"""Vehicle passes as they stand (R2.3). The plates come with the gate's cards."""

from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.projections.folds import all_held, columns
from services.gate.store import vehicles as store
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.passes import VehiclePassIssued, VehiclePassRevoked


class VehiclePasses(
    Projection, name="gate.vehicle_passes", version=1, reads=(VehiclePassIssued, VehiclePassRevoked)
):
    """One row a pass. A new print is a new VehiclePassIssued with a higher serial."""

    tables = ("vehicle_pass",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last issue of each pass in the batch, and the last state of the others."""
        issued: dict[UUID, VehiclePassIssued] = {}
        turned: dict[UUID, tuple[PassState, int]] = {}
        for item in batch.received:
            match item.event:
                case VehiclePassIssued() as event:
                    issued[event.vehicle_pass_id] = event
                    turned[event.vehicle_pass_id] = PassState.ACTIVE, item.version
                case VehiclePassRevoked() as event:
                    turned[event.vehicle_pass_id] = PassState.REVOKED, item.version
        rows = [
            (
                event.vehicle_pass_id,
                event.number,
                event.serial,
                event.vehicle_ref,
                event.compound,
                event.valid_from,
                event.valid_until,
                *turned.pop(event.vehicle_pass_id),
            )
            for event in issued.values()
        ]
        if rows:
            await tx.execute(store.KEEP_PASSES, *columns(rows, 9))
        if turned:
            await all_held(tx, store.PASSES_HELD, turned, "vehicle pass")
            await tx.execute(
                store.TURN_PASSES, *columns(((pass_id, *state) for pass_id, state in turned.items()), 3)
            )
