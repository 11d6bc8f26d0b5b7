"""What the ladder asks people to do: steps that fired for windows that are still empty."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.observation.api.models import Running
from services.observation.domain.ladder import Step
from services.observation.store import escalations
from shared.events.observation import WindowName
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef

router = APIRouter(tags=["escalations"])
_AFTER = Cursor(int)


class EscalationLine(Answer):
    """A step of the ladder, for a window that nobody has declared for since."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    day: date
    window: WindowName
    step: Step
    due_at: datetime
    fired_at: datetime


@router.get("/v1/escalations", summary="Steps that wait for somebody")
async def list_escalations(
    who: Caller,
    context: Running,
    step: Annotated[Step | None, Query(description="Only this step.")] = None,
    *,
    after: After = None,
    limit: Limit = 50,
) -> Page[EscalationLine]:
    """Tell the steps within the caller's scopes, in the order in which they fired. No names."""
    last = 0 if after is None else _AFTER.read(after)[0]
    async with context.database.read() as conn:
        rows = await escalations.page(conn, scopes=who.scopes_for(), step=step, after=last, limit=limit + 1)
    more = _AFTER.write(rows[limit - 1]["number"]) if len(rows) > limit else None
    lines = [{name: value for name, value in row.items() if name != "number"} for row in rows[:limit]]
    return Page(items=[EscalationLine(**line) for line in lines], next=more)
