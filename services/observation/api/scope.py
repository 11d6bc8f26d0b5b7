"""Who may touch which case, for the routes beside `staff`."""

from uuid import UUID

import asyncpg

from services.observation.domain.refusals import CaseUnknown
from services.observation.store import cases
from shared.db.pool import Conn
from shared.http.access import Principal


async def place_within(conn: Conn, case_id: UUID, who: Principal) -> asyncpg.Record:
    """Read whom and where a case is about, for a caller who may touch it.

    Raises:
        CaseUnknown, OutOfScope.
    """
    return within(await cases.place(conn, case_id), who)


def within(place: asyncpg.Record | None, who: Principal) -> asyncpg.Record:
    """Insist that a case is there and that the caller may touch it.

    Raises:
        CaseUnknown, OutOfScope.
    """
    if place is None:
        raise CaseUnknown("没有这个观察个案。There is no such case.")
    who.require_compound(place["compound"], neighbourhood=place["neighbourhood"], grid=place["grid"])
    return place


def roles_of(who: Principal) -> str:
    """The roles that opened the route, for the log of readings."""
    return ",".join(sorted({grant.role for grant in who.grants}))
