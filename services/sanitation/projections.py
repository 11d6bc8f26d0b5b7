"""Copies of the registry's facts that sanitation keeps: compounds, and every policy version."""

from services.sanitation.store import copies as copies_store
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.rules import PolicyRevised


class CompoundCopy(Projection, name="compound_copy", version=1, reads=(CompoundRegistered,)):
    """Which compounds there are and in which neighbourhood; the newest entry of each holds."""

    tables = ("compound",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the highest version of each compound of the run."""
        newest: dict[str, tuple[int, CompoundRegistered]] = {}
        for item in batch.envelopes(CompoundRegistered):
            event = item.event
            assert isinstance(event, CompoundRegistered)  # noqa: S101 -- `envelopes` selects by class
            if event.compound not in newest or newest[event.compound][0] < item.version:
                newest[event.compound] = item.version, event
        rows = sorted(newest.items())
        await tx.execute(
            copies_store.COPY_COMPOUNDS,
            [compound for compound, _ in rows],
            [event.name for _, (_, event) in rows],
            [event.neighbourhood for _, (_, event) in rows],
            [version for _, (version, _) in rows],
        )


class PolicyCopy(Projection, name="policy_copy", version=1, reads=(PolicyRevised,)):
    """Every policy version: a late log is judged by the policy of its own day."""

    tables = ("policy_version",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """A version never changes: the first copy of it stays."""
        for event in batch.of(PolicyRevised):
            await tx.execute(
                copies_store.COPY_POLICY,
                event.version,
                event.effective_from,
                event.document.model_dump(mode="json"),
            )
