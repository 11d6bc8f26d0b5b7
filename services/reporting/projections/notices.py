"""Where notices are to hang and where they do: coverage per compound (R6.1)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import notices as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.leads import NoticePosted, NoticePublished
from shared.kernel.ids import CompoundId


class Place(NamedTuple):
    """A notice in a compound by one channel."""

    notice_id: UUID
    compound: CompoundId
    channel: str


def fold(events: Iterable[NoticePublished]) -> dict[Place, datetime]:
    """Every posting that the notices of a run ask for, and since when."""
    return {
        Place(event.notice_id, compound, channel): event.published_at
        for event in events
        for compound in event.compounds
        for channel in event.channels_wanted
    }


class Notices(ReadModel, name="notices", version=1, reads=(NoticePublished, NoticePosted)):
    """One row a posting that is asked for."""

    tables = ("notice_posting",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Two statements: what is asked for, then what hangs."""
        wanted = sorted(fold(batch.of(NoticePublished)).items())
        await tx.execute(store.PUT_POSTINGS, *columns(((*key, at) for key, at in wanted), 4))
        posted = [(one.notice_id, one.compound, one.posting, one.posted_at) for one in batch.of(NoticePosted)]
        await tx.execute(store.CONFIRM_POSTINGS, *columns(posted, 4))
