"""What happened in each hour and is told nowhere else: the counts that a daily report adds up (R7.4).

An hour is that in which something happened, where the event says it, else that in which it was recorded. Hours and not
days, because a report day runs from cut-off to cut-off and policy says where the cut-off lies.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import daily_tally as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.observation import FeverCleared, SymptomReported
from shared.events.registry.passes import EntryPassIssued, EntryPassRevoked, EntryPassSuspended
from shared.events.sanitation import MaskBinEmptied, RectificationClosed
from shared.kernel.ids import CompoundId

Tallied = Literal[
    "symptoms_reported", "fevers_cleared", "passes_issued", "passes_stopped", "mask_bins", "orders_mended"
]


class TallyKey(NamedTuple):
    """An hour of a compound and what is counted; each figure comes from one channel only."""

    hour: datetime
    compound: CompoundId
    figure: Tallied


def fold(told: Iterable[tuple[Event, datetime]]) -> dict[TallyKey, int]:
    """What a run adds, each event with the instant at which it was recorded. Order does not matter."""
    found: Counter[TallyKey] = Counter()
    for event, recorded_at in told:
        counted = _counted(event, recorded_at)
        if counted is not None:
            figure, at = counted
            hour = at.replace(minute=0, second=0, microsecond=0)
            found[TallyKey(hour, event.compound, figure)] += 1  # type: ignore[attr-defined]  # each event of `reads` names its compound
    return dict(found)


def _counted(event: Event, recorded_at: datetime) -> tuple[Tallied, datetime] | None:
    """As what an event counts and when. A reprint is no new pass, an order that was withdrawn was not mended."""
    counted: tuple[Tallied, datetime] | None
    match event:
        case SymptomReported():
            counted = "symptoms_reported", event.reported_at
        case FeverCleared():
            counted = "fevers_cleared", event.cleared_at
        case EntryPassIssued() if event.serial == 1:
            counted = "passes_issued", recorded_at
        case EntryPassSuspended() | EntryPassRevoked():
            counted = "passes_stopped", recorded_at
        case MaskBinEmptied():
            counted = "mask_bins", event.emptied_at
        case RectificationClosed() if event.outcome == "rectified":
            counted = "orders_mended", event.closed_at
        case _:
            counted = None
    return counted


class DailyTally(
    ReadModel,
    name="daily_tally",
    version=1,
    reads=(
        SymptomReported,
        FeverCleared,
        EntryPassIssued,
        EntryPassSuspended,
        EntryPassRevoked,
        MaskBinEmptied,
        RectificationClosed,
    ),
):
    """One row an hour, a compound and a figure."""

    tables = ("daily_tally",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        counts = sorted(fold((item.event, item.time) for item in batch.received).items())
        await tx.execute(store.ADD_TALLIES, *columns(((*key, number) for key, number in counts), 4))
