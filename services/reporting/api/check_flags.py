"""Checks that need a look, newest first."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import check_flags as store
from shared.http.access import Caller, OutOfScope
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit
from shared.kernel.ids import CheckpointId, CompoundId

router = APIRouter(tags=["reporting"])

FlagKind = Literal[
    "two_places_at_once",
    "copied_pass",
    "clock_ahead",
    "clock_behind",
    "admitted_after_revoked",
    "admitted_after_suspended",
    "admitted_after_replaced",
    "case_contact",
    "quarantine_exit",
    "quarantine_left",
]
_AFTER = Cursor(datetime, UUID, str, UUID)
_TOP = datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1), "~", UUID(int=2**128 - 1)
_SOURCES = ("check_flags",)


class FlagLine(Answer):
    """A check and what is odd about it. Nobody is named: about whom it is, the gate knows."""

    check_id: UUID
    flag: FlagKind
    other_check_id: UUID | None
    compound: CompoundId
    checkpoint: CheckpointId
    flagged_at: datetime
    ended_at: datetime | None


class FlagsAnswer(Answer):
    """A page of flags; `next` continues it and is null on the last page."""

    as_of: list[SourceAsOf]
    items: list[FlagLine]
    next: str | None


@router.get("/v1/check-flags", summary="Checks that need a look")
async def check_flags(
    *,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    flag: Annotated[FlagKind | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> FlagsAnswer:
    """Tell late admissions, one pass at two gates, and clocks that were wrong, in the caller's compounds.

    Also who told of contact with a case, and who stood at the way out though they stay at home: `quarantine_left` when
    they were let through, else `quarantine_exit`.
    """
    last = _AFTER.read(after) if after else _TOP
    async with context.database.read() as conn:
        within = await queries.within(conn, who)
        if compound is not None:
            if within is not None and compound not in within:
                raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
            within = [compound]
        rows = await conn.fetch(store.FLAGS, within, flag, *last, limit + 1)
        sources = await queries.sources(conn, _SOURCES)
    items = [FlagLine(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    final = items[-1] if more else None
    return FlagsAnswer(
        as_of=as_of(sources),
        items=items,
        next=_AFTER.write(
            final.flagged_at, final.check_id, final.flag, final.other_check_id or final.check_id
        )
        if final
        else None,
    )
