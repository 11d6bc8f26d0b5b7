"""How often public places were aired, by day (R5.1)."""

from collections import Counter
from datetime import date

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import ventilation as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.sanitation import VentilationLogged
from shared.kernel.days import local_day


class VentilationDays(ReadModel, name="ventilation", version=1, reads=(VentilationLogged,)):
    """One row a compound, kind and day."""

    tables = ("ventilation_day",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        times: Counter[tuple[date, str, str]] = Counter()
        minutes: Counter[tuple[date, str, str]] = Counter()
        for event in batch.of(VentilationLogged):
            key = (local_day(event.began_at), event.compound, event.kind)
            times[key] += 1
            minutes[key] += event.minutes
        rows = [(*key, times[key], minutes[key]) for key in sorted(times)]
        await tx.execute(store.ADD_AIRINGS, *columns(rows, 5))
