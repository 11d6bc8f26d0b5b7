"""Overrides, for review (G18)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import overrides as store
from shared.events.gate import Verdict
from shared.http.access import TOWN, Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit
from shared.kernel.ids import CheckpointId, CompoundId

router = APIRouter(tags=["reporting"])

_AFTER = Cursor(datetime, UUID)


class OverrideLine(Answer):
    """Somebody was let through against `verdict`; the reason is a code."""

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    verdict: Verdict
    reason: Literal["identity_confirmed", "medical_need", "system_fault", "order_of_headquarters", "other"]
    overridden_at: datetime


class OverridesAnswer(Answer):
    """A page of overrides, newest first; `next` continues it and is null on the last page."""

    as_of: list[SourceAsOf]
    items: list[OverrideLine]
    next: str | None


@router.get("/v1/overrides", summary="Who was let through against a verdict")
async def overrides(
    who: Caller, context: InContext, limit: Limit = 50, after: After = None
) -> OverridesAnswer:
    """List overrides of the caller's compounds, newest first."""
    key = _AFTER.read(after) if after else (None, None)
    async with context.database.read() as conn:
        within = None if TOWN in who.scopes_for() else await queries.compounds_in_scope(conn, who)
        rows = await conn.fetch(store.OVERRIDES, within, *key, limit + 1)
        sources = await queries.sources(conn, ("overrides",))
    items = [OverrideLine(**row) for row in rows[:limit]]
    return OverridesAnswer(
        as_of=as_of(sources),
        items=items,
        next=_AFTER.write(items[-1].overridden_at, items[-1].check_id) if len(rows) > limit else None,
    )
