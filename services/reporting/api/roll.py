"""Who is under observation."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.projections.observation_roll import CaseState, SeenState
from services.reporting.store import observation_roll as store
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.events.envelope import Cause
from shared.events.observation import WindowName
from shared.events.policy_observation import Category, Measure
from shared.http.access import Caller, OutOfScope, Principal
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit
from shared.http.problem import HttpRefusal
from shared.kernel.ids import CompoundId, GridId, uuid7
from shared.obs.logging import current_correlation

router = APIRouter(tags=["reporting"])

_ROLL_AFTER = Cursor(date, UUID)
_BEFORE_ALL = date(1900, 1, 1), UUID(int=0)


class CaseUnknown(HttpRefusal):
    """There is no such case, or its start has not arrived yet."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "case_unknown"


class Today(Answer):
    """What came in for today's windows; null while nothing did and none was missed."""

    morning: SeenState | None
    evening: SeenState | None


class CaseLine(Answer):
    """A case. `day_number` counts from the anchor date, which is day 0; `streak`: windows missed in a row, not void."""

    case_id: UUID
    person_ref: UUID
    compound: CompoundId
    grid: GridId
    category: Category
    measure: Measure
    state: CaseState
    anchor_date: date
    last_day: date
    day_number: int
    streak: int
    started_at: datetime
    ended_at: datetime | None


class RollLine(CaseLine):
    """A case with today's windows."""

    today: Today


class RollAnswer(Answer):
    """A page of the roll, by last day; `next` continues it and is null on the last page."""

    day: date
    as_of: list[SourceAsOf]
    items: list[RollLine]
    next: str | None


class WindowLine(Answer):
    """One window of one day. `void`: it was missed, and by the corrected day 0 it was not due."""

    day: date
    window: WindowName
    state: SeenState
    declared_at: datetime | None


class CaseAnswer(Answer):
    """A case with every window that was declared or missed."""

    as_of: list[SourceAsOf]
    case: CaseLine
    windows: list[WindowLine]


@router.get("/v1/observation-roll", summary="Who is under observation")
async def observation_roll(
    *,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    state: Annotated[CaseState | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> RollAnswer:
    """List cases by last day, with today's windows. Persons appear by pseudonym only."""
    day = context.clock.today()
    last_day, last_case = _ROLL_AFTER.read(after) if after else _BEFORE_ALL
    async with context.database.read() as conn:
        within = await queries.within(conn, who)
        if compound is not None:
            if within is not None and compound not in within:
                raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
            within = [compound]
        rows = await conn.fetch(store.ROLL, day, within, state, last_day, last_case, limit + 1)
        sources = await queries.sources(conn, queries.ROLL_SOURCES)
    items = [
        RollLine(
            **{k: v for k, v in dict(row).items() if k not in ("morning", "evening")},
            day_number=(day - row["anchor_date"]).days,
            today=Today(morning=row["morning"], evening=row["evening"]),
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return RollAnswer(
        day=day,
        as_of=as_of(sources),
        items=items,
        next=_ROLL_AFTER.write(items[-1].last_day, items[-1].case_id) if more else None,
    )


@router.get("/v1/observation-roll/{case_id}", summary="One case, window by window")
async def observation_case(case_id: UUID, who: Caller, context: InContext) -> CaseAnswer:
    """Tell one person's observation. Pseudonymous, but about one person: the reading is audited."""
    cause = Cause(correlation=current_correlation() or uuid7())
    async with context.database.begin(actor=who.subject, cause=cause) as tx:
        row = await tx.fetchrow(store.CASE, case_id)
        mine = await queries.within(tx, who)
        if row is None or not (mine is None or row["compound"] in mine):
            raise CaseUnknown("没有这个观察记录。There is no such case.")
        windows = await tx.fetch(store.WINDOWS, case_id)
        sources = await queries.sources(tx, queries.ROLL_SOURCES)
        await _audit(tx, who, row["person_ref"])
    return CaseAnswer(
        as_of=as_of(sources),
        case=CaseLine(
            **{k: v for k, v in dict(row).items() if k != "dwelling_id"},
            day_number=(context.clock.today() - row["anchor_date"]).days,
        ),
        windows=[
            WindowLine(
                day=window["day"],
                window=window["part"],
                state=window["state"],
                declared_at=window["declared_at"],
            )
            for window in windows
        ],
    )


async def _audit(tx: Tx, who: Principal, person_ref: UUID) -> None:
    grant = who.grants[0]
    await note_reads(
        tx, role=grant.role, action="observation_roll.case", refs=[person_ref], scope=str(grant.scope)
    )
