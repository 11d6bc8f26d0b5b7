"""What inspectors find in a test's town: few ids, so that much of it is told again."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from shared.events.base import Event
from shared.events.sanitation import (
    InspectionRecorded,
    RectificationClosed,
    RectificationMended,
    RectificationOrdered,
    RectificationOverdue,
    VenueStatusChanged,
)
from shared.kernel.ids import CompoundId


def an_order(compound: CompoundId, number: int) -> dict[str, Any]:
    return {"order_id": UUID(int=(int(compound[-3:]) << 64) + number), "compound": compound}


def ordered(compound: CompoundId, number: int, at: datetime, hours: int) -> RectificationOrdered:
    return RectificationOrdered(
        **an_order(compound, number),
        inspection_id=None,
        source="inspection",
        inspected="site",
        item="clean",
        ordered_at=at,
        due_at=at + timedelta(hours=hours),
    )


def inspected(compound: CompoundId, at: datetime, result: str) -> InspectionRecorded:
    return InspectionRecorded(
        inspection_id=uuid4(),
        compound=compound,
        inspected="site",
        result=result,
        failed_items=(),
        inspected_at=at,
    )


def venue(compound: CompoundId, number: int, at: datetime, status: str) -> VenueStatusChanged:
    return VenueStatusChanged(
        venue_id=UUID(int=(int(compound[-3:]) << 64) + number),
        compound=compound,
        kind="cards_room",
        status=status,
        changed_at=at,
    )


def something_found(rng: Random, compound: CompoundId, at: datetime) -> list[Event]:
    """An inspection, something that happens to one of a compound's few orders, and to one of its venues."""
    number = rng.randrange(4)
    about, due_at = an_order(compound, number), at.replace(minute=0) + timedelta(hours=rng.randrange(3))
    of_order: Event = rng.choice(
        (
            ordered(compound, number, at.replace(minute=0), rng.randrange(1, 4)),
            RectificationMended(**about, mended_at=at),
            RectificationOverdue(**about, level=rng.randrange(1, 4), due_at=due_at, overdue_since=at),
            RectificationClosed(
                **about, outcome=rng.choice(("rectified", "withdrawn", "handed_to_discipline")), closed_at=at
            ),
        )
    )
    status = rng.choice(("closed", "approved_open", "found_open"))
    return [
        inspected(compound, at, rng.choice(("pass", "flag", "fail"))),
        of_order,
        venue(compound, number, at, status),
    ]
