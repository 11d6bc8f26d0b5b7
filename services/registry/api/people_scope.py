"""Whom of the book a caller may touch: people are reached through the dwellings where they are."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.registry.domain.errors import DwellingUnknown, PersonUnknown
from services.registry.store import merges, people_acts, premises
from services.registry.store import people as store
from shared.db.pool import Conn
from shared.http.access import OutOfScope, Principal
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId


async def require_person(conn: Conn, who: Principal, person_ref: UUID) -> None:
    """Insist on a grant that covers one of a person's dwellings; of somebody who left, one of those they left.

    Of records that were merged, the dwellings of each count.

    Raises:
        PersonUnknown: nobody has this reference.
        OutOfScope: no grant covers it.
    """
    if not await store.known(conn, person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    group = await merges.pseudonyms(conn, person_ref)
    stays = (await people_acts.stays(conn, people=group)).values()
    if not reaches_one(who, [stay for stay in stays if stay["ended_on"] is None] or stays):
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")


async def require_dwelling(conn: Conn, who: Principal, dwelling_id: UUID) -> None:
    """Insist on a grant that covers a dwelling.

    Raises:
        DwellingUnknown: there is no such dwelling.
        OutOfScope: no grant covers it.
    """
    row = await premises.dwelling(conn, dwelling_id)
    if row is None:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    if not reaches_one(who, [row]):
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")


def reaches_one(who: Principal, places: Iterable[Any]) -> bool:
    """Say whether a grant covers one of these rows that name their place; a grant for the town covers nowhere, too."""
    return who.reaches() or any(
        who.reaches(
            compound=CompoundId(place["compound_id"]),
            neighbourhood=NeighbourhoodId(place["neighbourhood_id"]),
            grid=GridId(place["grid_id"]),
        )
        for place in places
    )
