"""What checks tell of people goes by itself, some days after they were received (Data and law, 0044).

First the reading and the answers, then who it was. The checks stay and count as before; so do the positions of what
was told of them, which names nobody.
"""

from datetime import date, datetime, timedelta

from services.gate.store import retention as store
from services.gate.store.retention import Kind
from shared.db.pool import Database
from shared.kernel.days import start_of

NAME = "gate.retention"
BATCH = 2_000
"""Checks a transaction: some ten milliseconds in which the gate goes on."""


async def forget_due(database: Database, *, batch: int = BATCH) -> int:
    """Forget what is kept longer than the policy allows; tells of how many checks. Run twice, it acts once.

    Days are whole local days. A policy version that says nothing of checks makes nothing due.
    """
    async with database.read() as conn:
        rules = await store.rules_on(conn, database.clock.today())
    if rules is None:
        return 0
    today, forgotten = database.clock.today(), 0
    kept: dict[Kind, int | None] = {"reading": rules.check_reading_days, "person": rules.check_person_days}
    for kind, days in kept.items():
        if days is not None:
            forgotten += await _forget(database, kind, _due(today, days), batch)
    if rules.note_days is not None:
        async with database.begin(actor=NAME) as tx:
            await store.forget_notes(tx, _due(today, rules.note_days))
    return forgotten


def _due(today: date, days: int) -> datetime:
    """Everything received before this is kept too long: the day of receipt and `days` more are over."""
    return start_of(today - timedelta(days=days))


async def _forget(database: Database, kind: Kind, due: datetime, batch: int) -> int:
    """From where the last run ended: what is older has nothing left to forget, and is not looked through again.

    A policy that keeps longer, or a clock that was set back, moves that point back: nothing is passed over later.
    """
    forgotten = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            begins = await store.through(tx, kind)
            if begins == due:
                return forgotten
            count = await store.forget_checks(tx, kind, begins, due, batch)
            forgotten += count
            if count < batch:
                if kind == "person":
                    await store.forget_around_checks(tx, due)
                await tx.execute(store.KEEP_THROUGH, kind, due)
                return forgotten
