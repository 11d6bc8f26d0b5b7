"""Days on which a site owes nothing."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict

from services.sanitation.api.common import Day, Explanation, InContext, cause
from services.sanitation.domain.duty import Closure
from services.sanitation.domain.sites import ClosureReason
from services.sanitation.handlers import sites as handlers
from services.sanitation.store import duty as store
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["sanitation"])

_CLOSURES_AFTER = Cursor(UUID)


class ClosureBody(Body):
    """Exempt a site for whole days; without `last_day` until somebody says which is the last."""

    closure_id: UUID
    from_day: Day
    last_day: Day | None = None
    reason: ClosureReason
    note: Explanation | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "closure_id": "0170737c-1d80-7000-8000-000000000002",
                    "from_day": "2020-02-24",
                    "reason": "repair",
                    "note": "曳引机更换，待检验",
                }
            ]
        }
    )


class ReopeningBody(Body):
    """The last day that the site owes nothing; the day before `from_day` makes the closure void."""

    last_day: Day


class ClosureAnswer(Answer):
    """A closure as it stands."""

    closure_id: UUID
    site_code: SiteId
    from_day: date
    last_day: date | None
    reason: ClosureReason


class ClosureLine(ClosureAnswer):
    """A closure with its site and what was noted."""

    kind: SiteKind
    name: str
    note: str | None


@router.post("/v1/sites/{code}/closures", status_code=201, summary="Exempt a site for some days")
async def close_site(
    code: SiteId, body: ClosureBody, who: Caller, context: InContext, response: Response
) -> ClosureAnswer:
    """Close a site, with a reason: on these days it owes nothing. A repeat gets the first answer."""
    cmd = handlers.CloseSite(
        closure_id=body.closure_id,
        site_code=code,
        days=Closure(from_day=body.from_day, last_day=body.last_day),
        reason=body.reason,
        note=body.note,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        kept, fresh = await handlers.close_site(cmd, who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if fresh else 200
    return ClosureAnswer(
        closure_id=kept.closure_id,
        site_code=code,
        from_day=kept.days.from_day,
        last_day=kept.days.last_day,
        reason=kept.reason,
    )


@router.put("/v1/sites/{code}/closures/{closure_id}/end", summary="Say which day of a closure is the last")
async def reopen_site(
    code: SiteId, closure_id: UUID, body: ReopeningBody, who: Caller, context: InContext
) -> ClosureAnswer:
    """End a closure: from the day after, the site owes its rounds again."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        ended = await handlers.reopen_site(code, closure_id, body.last_day, who=who, tx=tx)
    return ClosureAnswer(
        closure_id=closure_id,
        site_code=code,
        from_day=ended["from_day"],
        last_day=ended["last_day"],
        reason=ended["reason"],
    )


@router.get("/v1/site-closures", summary="Sites of a compound that are closed")
async def closures(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[
        Day | None, Query(description="Closures that reach to this day; today when left out.")
    ] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ClosureLine]:
    """List closures that are not over, in the order of their ids."""
    seen = _CLOSURES_AFTER.read(after)[0] if after else UUID(int=0)
    async with context.database.read() as conn:
        await handlers.require_compound(conn, who, compound)
        rows = await conn.fetch(
            store.CLOSURES_OF_COMPOUND, compound, day or context.clock.today(), seen, limit + 1
        )
        items = [
            ClosureLine(
                closure_id=row["closure_id"],
                site_code=row["code"],
                kind=row["kind"],
                name=row["name"],
                from_day=row["from_day"],
                last_day=row["last_day"],
                reason=row["reason"],
                note=await unseal(context.vault, row["site_id"], handlers.NOTE, row["note_sealed"]),
            )
            for row in rows[:limit]
        ]
    return Page(items=items, next=_CLOSURES_AFTER.write(items[-1].closure_id) if len(rows) > limit else None)
