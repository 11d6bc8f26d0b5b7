"""The policy versions: HQ's figures are judged by the rules of their day (R1.2)."""

from services.reporting.projections.read_model import ReadModel
from services.reporting.store import policy as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.rules import PolicyRevised


class Policy(ReadModel, name="policy", version=1, reads=(PolicyRevised,)):
    """Every version; one never changes, so the first copy of it stays."""

    tables = ("policy_version",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep what is new."""
        for event in batch.of(PolicyRevised):
            document = event.document.model_dump(mode="json")
            await tx.execute(store.COPY_POLICY, event.version, event.effective_from, document)
