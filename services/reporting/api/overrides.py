"""Overrides, for review (G18)."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import overrides as store
from shared.events.gate import Verdict
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit
from shared.kernel.ids import CheckpointId, CompoundId

router = APIRouter(tags=["reporting"])

_AFTER = Cursor(datetime, UUID)


Review = Literal["open", "confirmed", "objected"]


class OverrideLine(Answer):
    """Somebody was let through against `verdict`; the reason is a code, and so is headquarters' word on it.

    `overdue`: the review is open and its time is over; `age_minutes`: since the override, or until it was reviewed.
    """

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    verdict: Verdict
    reason: Literal["identity_confirmed", "medical_need", "system_fault", "order_of_headquarters", "other"]
    overridden_at: datetime
    review: Review
    review_due_at: datetime | None
    reviewed_at: datetime | None
    objection: str | None
    overdue: bool
    age_minutes: int


class OpenReviews(Answer):
    """How many overrides nobody has reviewed yet in the caller's compounds, and since when the oldest waits."""

    open: int
    overdue: int
    oldest: datetime | None


class OverridesAnswer(Answer):
    """A page of overrides, newest first; `next` continues it and is null on the last page."""

    as_of: list[SourceAsOf]
    reviews: OpenReviews
    items: list[OverrideLine]
    next: str | None


@router.get("/v1/overrides", summary="Who was let through against a verdict")
async def overrides(
    *,
    who: Caller,
    context: InContext,
    review: Annotated[Review | None, Query(description="Only those whose review is in this state.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> OverridesAnswer:
    """List overrides of the caller's compounds, newest first, each with the state and the clock of its review.

    A review is closed at the gate: `POST /v1/entry-checks/{check_id}/override/review`.
    """
    now = context.clock.now()
    key = _AFTER.read(after) if after else (None, None)
    async with context.database.read() as conn:
        within = await queries.within(conn, who)
        rows = await conn.fetch(store.OVERRIDES, within, *key, limit + 1, review)
        waiting = await conn.fetchrow(store.OPEN_REVIEWS, within, now)
        sources = await queries.sources(conn, ("overrides",))
    assert waiting is not None  # noqa: S101 -- counts are always one row
    items = [_line(row, now) for row in rows[:limit]]
    return OverridesAnswer(
        as_of=as_of(sources),
        reviews=OpenReviews(**waiting),
        items=items,
        next=_AFTER.write(items[-1].overridden_at, items[-1].check_id) if len(rows) > limit else None,
    )


def _line(row: Any, now: datetime) -> OverrideLine:
    until = row["reviewed_at"] or now
    due = row["review_due_at"]
    return OverrideLine(
        **row,
        overdue=row["review"] == "open" and due is not None and due < now,
        age_minutes=max(0, int((until - row["overridden_at"]).total_seconds() // 60)),
    )
