"""Compounds, checkpoints, who is posted, and the rules in force."""

from services.gate.projections.folds import columns
from services.gate.store import copies
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.places import CheckpointClosed, CheckpointOpened, CompoundRegistered, WorkerPosted
from shared.events.registry.rules import PassKeyAnnounced, PassKeyRetired, PolicyRevised


class Town(
    Projection, name="gate.town", version=1, reads=(CompoundRegistered, CheckpointOpened, CheckpointClosed)
):
    """Compounds by name, and where their checkpoints are."""

    tables = ("compound", "checkpoint")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The newest of each."""
        compounds: dict[str, tuple[object, ...]] = {}
        checkpoints: dict[str, tuple[object, ...]] = {}
        closed: dict[str, tuple[object, ...]] = {}
        for item in batch.received:
            match item.event:
                case CompoundRegistered() as event:
                    compounds[event.compound] = (
                        event.compound,
                        event.name,
                        event.neighbourhood,
                        item.version,
                    )
                case CheckpointOpened() as event:
                    checkpoints[event.checkpoint] = (
                        event.checkpoint,
                        event.compound,
                        event.name,
                        item.time,
                        event.temporary,
                        event.expires_at,
                        item.version,
                    )
                case CheckpointClosed() as event:
                    closed[event.checkpoint] = (event.checkpoint, event.closed_at, item.version)
        if compounds:
            await tx.execute(copies.KEEP_COMPOUNDS, *columns(compounds.values(), 4))
        if checkpoints:
            await tx.execute(copies.KEEP_CHECKPOINTS, *columns(checkpoints.values(), 7))
        if closed:
            await tx.execute(copies.CLOSE_CHECKPOINTS, *columns(closed.values(), 3))


class Workers(Projection, name="gate.workers", version=1, reads=(WorkerPosted,)):
    """Who is posted where, by pseudonym: only they can have a badge and be on duty."""

    tables = ("worker_posting",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The newest of each posting."""
        postings: dict[object, tuple[object, ...]] = {}
        for item in batch.received:
            if isinstance(event := item.event, WorkerPosted):
                postings[event.posting_id] = (
                    event.posting_id,
                    event.worker_ref,
                    event.compound,
                    event.checkpoint,
                    event.from_day,
                    event.until_day,
                    item.version,
                )
        if postings:
            await tx.execute(copies.KEEP_POSTINGS, *columns(postings.values(), 7))


class Policy(
    Projection, name="gate.policy", version=1, reads=(PolicyRevised, PassKeyAnnounced, PassKeyRetired)
):
    """Policy versions and the public keys of passes; both are rare. A retired key verifies nothing any more."""

    tables = ("policy_version", "pass_key")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Each as it comes."""
        for revised in batch.of(PolicyRevised):
            document = revised.document.model_dump(mode="json")
            await tx.execute(copies.KEEP_POLICY, revised.version, revised.effective_from, document)
        for key in batch.of(PassKeyAnnounced):
            await tx.execute(copies.KEEP_PASS_KEY, key.key_id, key.jwk, key.valid_from)
        for retired in batch.of(PassKeyRetired):
            await tx.execute(copies.FORGET_KEY, retired.key_id)
