"""Turns of duty and the gaps between them (R2.2, R7.3)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import duty as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.gate import DutyGapClosed, DutyGapOpened, ShiftEnded, ShiftStarted


class Duty(ReadModel, name="duty", version=1, reads=(DutyGapOpened, DutyGapClosed, ShiftStarted, ShiftEnded)):
    """One row a gap, and one a turn; a turn that is told again has its newest end."""

    tables = ("duty_gap", "duty_turn")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Beginnings first: within a batch an end follows its beginning."""
        rows: list[tuple[object, ...]]
        if opened := {event.gap_id: event for event in batch.of(DutyGapOpened)}:
            rows = [(key, e.compound, e.checkpoint, e.cause, e.began_at) for key, e in opened.items()]
            await tx.execute(store.OPEN_GAPS, *columns(rows, 5))
        if closed := {event.gap_id: event for event in batch.of(DutyGapClosed)}:
            rows = [(key, e.ended_at, e.minutes) for key, e in closed.items()]
            await tx.execute(store.CLOSE_GAPS, *columns(rows, 3))
        if started := {event.turn_id: event for event in batch.of(ShiftStarted)}:
            rows = [
                (key, e.shift_id, e.worker_ref, e.compound, e.checkpoint, e.started_at, e.late_minutes)
                for key, e in started.items()
            ]
            await tx.execute(store.START_TURNS, *columns(rows, 7))
        if ended := {event.turn_id: event for event in batch.of(ShiftEnded)}:
            rows = [(key, e.ended_at, e.ended_by, e.minutes) for key, e in ended.items()]
            await tx.execute(store.END_TURNS, *columns(rows, 4))
