"""The census: who came under observation since the last cut-off, and how it ended (R7.4, H2)."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Literal

from fastapi import APIRouter

from services.reporting import queries
from services.reporting.api.common import LAST_INSTANT, InContext, KnownAt, SourceAsOf, as_of
from services.reporting.domain.census import Flow, added, by_measure
from services.reporting.handlers.census import census_between
from services.reporting.handlers.report_days import require_ruled, ruled_day_at
from shared.events.policy_observation import Measure
from shared.http.access import TOWN, Caller
from shared.http.models import Answer
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])

_SOURCES = ("census",)
_INSTANT = timedelta(microseconds=1)


class FlowAnswer(Answer):
    """In force at the last cut-off, what came and went since, and in force now: `off_by` is 0 while the law holds.

    `closed` are those who died, left the town, or had been opened in error. `ever` and `released_ever` count from the
    beginning.
    """

    last: int
    new: int
    moved_in: int
    moved_out: int
    released: int
    transferred: int
    closed: int
    merged: int
    in_force: int
    off_by: int
    ever: int
    released_ever: int


class CensusLine(Answer):
    """A compound's census, by measure and together."""

    compound: CompoundId
    measures: dict[Measure, FlowAnswer]
    together: FlowAnswer


class CensusAnswer(Answer):
    """The census since the last cut-off. `town` is the sum of the compounds; `scope`: whether it is the whole town."""

    day: date
    starts: datetime
    known_at: datetime
    scope: Literal["town", "part"]
    policy_version: int
    as_of: list[SourceAsOf]
    measures: dict[Measure, FlowAnswer]
    town: FlowAnswer
    compounds: list[CensusLine]


@router.get("/v1/census", summary="The census of the report day")
async def census(who: Caller, context: InContext, as_known_at: KnownAt = None) -> CensusAnswer:
    """Tell how many are under observation in the caller's compounds, and how that came about since the last cut-off.

    A movement counts when it was recorded, so an answer about an instant that is over never changes.
    """
    now = context.clock.now()
    known_at = min(as_known_at or now, now)
    ends = (
        known_at + _INSTANT if as_known_at else LAST_INSTANT
    )  # what is here is known now, whatever clocks say
    async with context.database.read() as conn:
        await require_ruled(conn, local_day(known_at), now=now, field="as_known_at")
        day = await ruled_day_at(conn, known_at)
        mine = await queries.compounds_in_scope(conn, who)
        whole = await census_between(conn, day.span.starts, ends)
        sources = await queries.sources(conn, _SOURCES)
    everything = TOWN in who.scopes_for()
    seen = {compound: flows for compound, flows in sorted(whole.items()) if everything or compound in mine}
    measures = by_measure(seen)
    return CensusAnswer(
        day=day.span.day,
        starts=day.span.starts,
        known_at=known_at,
        scope="town" if everything else "part",
        policy_version=day.policy_version,
        as_of=as_of(sources),
        measures={measure: _answer(flow) for measure, flow in measures.items()},
        town=_answer(added(measures.values())),
        compounds=[
            CensusLine(
                compound=compound,
                measures={measure: _answer(flow) for measure, flow in flows.items()},
                together=_answer(added(flows.values())),
            )
            for compound, flows in seen.items()
        ],
    )


def _answer(flow: Flow) -> FlowAnswer:
    counted = {one.name: getattr(flow, one.name) for one in fields(flow) if one.name != "started_ever"}
    return FlowAnswer(**counted, off_by=flow.off_by)
