"""Watch lists of the task force: how many lines, and what became of them; nobody's name or place (R4.4)."""

from collections.abc import Iterable
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import watch_lists as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.returnees import WatchListLineSettled, WatchListRevised


def fold_lists(events: Iterable[WatchListRevised]) -> dict[UUID, WatchListRevised]:
    """The newest of each list."""
    return {event.list_id: event for event in events}


def fold_lines(events: Iterable[WatchListLineSettled]) -> dict[UUID, WatchListLineSettled]:
    """What was last found out about each line."""
    return {event.line_id: event for event in events}


class WatchLists(ReadModel, name="watch_lists", version=1, reads=(WatchListRevised, WatchListLineSettled)):
    """One row a list, and one a line that somebody has settled."""

    tables = ("watch_list", "watch_line_settled")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement each."""
        lists = sorted(fold_lists(batch.of(WatchListRevised)).items())
        rows = [(key, one.lines, one.search_until, one.closed) for key, one in lists]
        await tx.execute(store.PUT_LISTS, *columns(rows, 4))
        lines = sorted(fold_lines(batch.of(WatchListLineSettled)).items())
        settled = [(key, one.list_id, one.disposition) for key, one in lines]
        await tx.execute(store.PUT_SETTLED, *columns(settled, 3))
