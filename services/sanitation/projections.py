"""Copies of the registry's facts that sanitation keeps: compounds, checkpoints, and every policy version."""

from services.sanitation.store import copies as copies_store
from services.sanitation.store import inspections as inspections_store
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.places import CheckpointOpened, CompoundRegistered
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


class CheckpointCopy(Projection, name="checkpoint_copy", version=1, reads=(CheckpointOpened,)):
    """Which checkpoints there are: posts that are inspected. One that was closed stays known."""

    tables = ("checkpoint",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the highest version of each checkpoint of the run."""
        newest: dict[str, tuple[int, CheckpointOpened]] = {}
        for item in batch.envelopes(CheckpointOpened):
            event = item.event
            assert isinstance(event, CheckpointOpened)  # noqa: S101 -- `envelopes` selects by class
            if event.checkpoint not in newest or newest[event.checkpoint][0] < item.version:
                newest[event.checkpoint] = item.version, event
        rows = sorted(
            (checkpoint, event.compound, version) for checkpoint, (version, event) in newest.items()
        )
        await tx.execute(
            inspections_store.COPY_CHECKPOINTS, *(list(column) for column in zip(*rows, strict=True))
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
