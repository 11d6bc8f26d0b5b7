"""Declarations that look made up, for somebody to look at, and what they found (O11)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.observation.api.models import Running, cause
from services.observation.api.scope import place_within
from services.observation.api.worklists import OfCompound, OfGrid
from services.observation.domain.patterns import FlagUnknown, PatternKind, Review
from services.observation.handlers import patterns as handlers
from services.observation.store import patterns as store
from services.observation.store.desk import Reach
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef

router = APIRouter(tags=["patterns"])
_AFTER = Cursor(int)


class FlagLine(Answer):
    """What looks made up: which pattern, on which days, of how many people. No names and no values."""

    flag_id: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    kind: PatternKind
    days: list[date]
    people: int
    flagged_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: Review | None


class ReviewBody(Body):
    """What somebody found."""

    review_id: UUID
    verdict: Review
    note: str = Field(min_length=2, max_length=500, examples=["电话核实，每天定时测量"])


class ReviewReceipt(Answer):
    """It is kept."""

    review_id: UUID
    flag_id: UUID


@router.get("/v1/pattern-flags", summary="Declarations that look made up")
async def list_flags(
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    grid: OfGrid = None,
    *,
    kind: Annotated[PatternKind | None, Query(description="Only this kind.")] = None,
    reviewed: Annotated[bool, Query(description="Also those that somebody looked at.")] = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[FlagLine]:
    """Tell what waits to be looked at within the caller's scopes, oldest first. A flag changes nothing by itself."""
    last = 0 if after is None else _AFTER.read(after)[0]
    reach = Reach(scopes=who.scopes_for(), compound=compound, grid=grid)
    async with context.database.read() as conn:
        rows = await store.page(conn, reach, also_reviewed=reviewed, kind=kind, after=last, limit=limit + 1)
    more = _AFTER.write(rows[limit - 1]["number"]) if len(rows) > limit else None
    lines = [{name: value for name, value in row.items() if name != "number"} for row in rows[:limit]]
    return Page(items=[FlagLine(**line) for line in lines], next=more)


@router.post(
    "/v1/pattern-flags/{flag_id}/reviews",
    summary="What somebody found about a flag",
    status_code=201,
    responses={200: {"model": ReviewReceipt, "description": "Sent before: the first answer."}},
)
async def review(
    flag_id: UUID, body: ReviewBody, who: Caller, context: Running, response: Response
) -> ReviewReceipt:
    """Keep the outcome with a note. What is declared later is looked at anew; the case goes on as it was."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        flag = await store.lock(tx, flag_id)
        if flag is None:
            raise FlagUnknown("没有这条提示。There is no such flag.")
        place = await place_within(tx, flag["case_id"], who)
        new = await handlers.review(
            body.review_id,
            body.verdict,
            body.note,
            flag=flag,
            person_ref=place["person_ref"],
            by=who.subject,
            tx=tx,
            vault=context.vault,
        )
    if not new:
        response.status_code = 200
    return ReviewReceipt(review_id=body.review_id, flag_id=flag_id)
