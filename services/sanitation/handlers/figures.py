"""Figures by day, compound and kind: of closed days as they stand now, of open ones derived from all logs."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.sanitation.domain.day_close import ClosedDay
from services.sanitation.domain.figures import KindFigures, by_kind
from services.sanitation.handlers.day_sheets import sheets_of
from services.sanitation.handlers.policy import in_force
from services.sanitation.store import copies as copies_store
from services.sanitation.store import day_close as store
from services.sanitation.store import rounds as rounds_store
from shared.db.pool import Conn
from shared.http.access import Principal
from shared.kernel.ids import CompoundId


async def compounds_of(conn: Conn, who: Principal) -> list[CompoundId]:
    """The compounds that the caller's grants cover."""
    return [
        row["compound"]
        for row in await conn.fetch(copies_store.COMPOUND_PLACES)
        if who.reaches(compound=row["compound"], neighbourhood=row["neighbourhood"])
    ]


async def figures(
    conn: Conn, compounds: Sequence[CompoundId], *, first: date, last: date, now: datetime
) -> list[KindFigures]:
    """The figures of some days, in order of day, compound and kind.

    Raises:
        PolicyUnknown, NoPolicyOnThatDay: an open day, and nothing to judge by.
    """
    found = [
        KindFigures(final=True, **dict(row))
        for row in await conn.fetch(store.FIGURES, first, last, list(compounds))
    ]
    through = await store.closed_through(conn)
    day = first
    while day <= last:
        still_open = [one for one in compounds if one in through and through[one] < day]
        if still_open:
            document = (await in_force(conn, day)).document
            sheets = sheets_of(
                await rounds_store.site_days(conn, still_open, day), document, day=day, now=now
            )
            found += by_kind(
                day,
                [
                    (one.compound, one.kind, ClosedDay.of(one.sheet, outside_range=one.outside_range))
                    for one in sheets
                ],
            )
        day += timedelta(days=1)
    return sorted(found, key=lambda one: (one.day, one.compound, one.kind))
