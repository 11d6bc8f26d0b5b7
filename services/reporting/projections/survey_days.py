"""The days that a survey round has: by these it is on time or behind (R4.1, R7.2)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import survey_days as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.surveys import SurveyRoundOpened


class SurveyDays(ReadModel, name="survey_days", version=1, reads=(SurveyRoundOpened,)):
    """A row a round; it is opened once."""

    tables = ("survey_days",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        rounds = {event.round_id: event for event in batch.of(SurveyRoundOpened)}
        rows = [(key, one.opened_at, one.due_on) for key, one in sorted(rounds.items())]
        await tx.execute(store.PUT_DAYS, *columns(rows, 3))
