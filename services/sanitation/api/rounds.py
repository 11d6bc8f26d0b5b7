"""Rounds and day sheets."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict

from services.sanitation.api.common import Code, Day, InContext, Instant, cause
from services.sanitation.domain.day_sheet import SheetState
from services.sanitation.handlers import rounds as rounds_handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.rounds import LogRound
from services.sanitation.metrics import count_round
from shared.events.policy import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])


class RoundBody(Body):
    """A disinfection that was done. Agent and concentration are the proof; without them `incomplete`."""

    round_id: UUID
    site_code: SiteId
    agent: Code | None = None
    concentration_mg_l: int | None = None
    done_at: Instant
    source: Literal["code", "late_entry"] = "code"

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "round_id": "0170737c-1d80-7000-8000-000000000001",
                    "site_code": "lj-001-s001",
                    "agent": "chlorine_84",
                    "concentration_mg_l": 500,
                    "done_at": "2020-02-24T08:30:00+08:00",
                    "source": "code",
                }
            ]
        }
    )


class RoundAnswer(Answer):
    """A round as it was judged when it was first logged.

    `counts` is false when it was too close to another one of the day; `within_range` is false as a warning.
    """

    round_id: UUID
    site_id: UUID
    site_code: SiteId
    compound: CompoundId
    kind: SiteKind
    day: date
    done_at: datetime
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    warnings: list[Literal["too_close", "outside_range"]]
    source: Literal["code", "late_entry"]
    policy_version: int


class SheetLine(Answer):
    """One site on one day. `missed` is said only once the day is over in Shanghai."""

    site_code: SiteId
    kind: SiteKind
    name: str
    required: int
    logged: int
    counted: int
    outside_range: int
    shortfall: int
    state: SheetState


class SheetAnswer(Answer):
    """A compound's day: its sites by code, and their sums."""

    compound: CompoundId
    day: date
    required: int
    counted: int
    shortfall: int
    sites: list[SheetLine]


@router.post("/v1/rounds", status_code=201, summary="Log a disinfection round")
async def log_round(body: RoundBody, who: Caller, context: InContext, response: Response) -> RoundAnswer:
    """Keep a disinfection and say whether it counts. A repeat of id and content gets the first answer."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        logged = await rounds_handlers.log_round(LogRound(**body.model_dump()), who=who, tx=tx)
    if logged.fresh:
        count_round(logged)
    response.status_code = 201 if logged.fresh else 200
    return RoundAnswer(
        round_id=logged.round_id,
        site_id=logged.site_id,
        site_code=logged.site_code,
        compound=logged.compound,
        kind=logged.kind,
        day=logged.day,
        done_at=logged.done_at,
        agent=logged.agent,
        concentration_mg_l=logged.concentration_mg_l,
        within_range=logged.within_range,
        counts=logged.counts,
        warnings=[
            *(["too_close"] if not logged.counts else []),
            *(["outside_range"] if not logged.within_range else []),
        ],
        source=logged.source,
        policy_version=logged.policy_version,
    )


@router.get("/v1/day-sheets", summary="A compound's rounds of a day")
async def day_sheets(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> SheetAnswer:
    """Tell per site what the day requires, what counts, and what is short. Derived anew from all logs."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await rounds_handlers.day_sheets(conn, compound, day=wanted, now=context.clock.now())
    lines = [
        SheetLine(
            site_code=one.code,
            kind=one.kind,
            name=one.name,
            required=one.sheet.required,
            logged=one.sheet.logged,
            counted=one.sheet.counted,
            outside_range=one.outside_range,
            shortfall=one.sheet.shortfall,
            state=one.sheet.state,
        )
        for one in found
    ]
    return SheetAnswer(
        compound=compound,
        day=wanted,
        required=sum(line.required for line in lines),
        counted=sum(line.counted for line in lines),
        shortfall=sum(line.shortfall for line in lines),
        sites=lines,
    )
