"""Posts: what officers set for a place (R3.2), and the checkpoints that have posts at all."""

from collections.abc import Iterable

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import posts as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.places import CheckpointClosed, CheckpointOpened, PostsNeeded
from shared.kernel.ids import CheckpointId, CompoundId


def fold_needs(events: Iterable[PostsNeeded]) -> dict[str, PostsNeeded]:
    """The newest number of each post."""
    return {event.post: event for event in events}


def fold_checkpoints(
    events: Iterable[CheckpointOpened | CheckpointClosed],
) -> dict[CheckpointId, tuple[CompoundId, bool]]:
    """Where each checkpoint is, and whether it has posts: one in use that is not temporary."""
    return {
        event.checkpoint: (event.compound, isinstance(event, CheckpointOpened) and not event.temporary)
        for event in events
    }


class Posts(ReadModel, name="posts", version=1, reads=(PostsNeeded, CheckpointOpened, CheckpointClosed)):
    """A row a post that an officer set, and one a checkpoint."""

    tables = ("post_need", "checkpoint")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement each."""
        needs = sorted(fold_needs(batch.of(PostsNeeded)).items())
        rows = [(key, e.compound, e.place_kind, e.place_id, e.kind, e.number) for key, e in needs]
        await tx.execute(store.PUT_NEEDS, *columns(rows, 6))
        gates = fold_checkpoints(
            item.event
            for item in batch.received
            if isinstance(item.event, CheckpointOpened | CheckpointClosed)
        )
        found = [(key, compound, has_posts) for key, (compound, has_posts) in sorted(gates.items())]
        await tx.execute(store.PUT_CHECKPOINTS, *columns(found, 3))
