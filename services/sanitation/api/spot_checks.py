"""Spot checks of rounds."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.sanitation.api.common import Day, InContext, Instant, Words, cause, roles_of
from services.sanitation.api.inspections import InspectionAnswer, answer
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers import spot_checks as handlers
from services.sanitation.handlers.spot_checks import CheckRound
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["inspections"])


class SpotCheckBody(Body):
    """A round was looked at again. `site_code` is what was scanned; a contradiction is shown by words or a photo."""

    inspection_id: UUID
    site_code: SiteId
    outcome: Literal["confirmed", "contradicted"]
    note: Words | None = None
    photo_id: UUID | None = None
    checked_at: Instant
    sent_at: Instant | None = None


class SuggestedRound(Answer):
    """A round that nobody has looked at again."""

    round_id: UUID
    site_code: SiteId
    name: str
    done_at: datetime


class SpotChecksAnswer(Answer):
    """A day's spot checks. `wanted` is null where policy does not say how many; `suggested` are drawn by lot."""

    compound: CompoundId
    day: date
    rounds: int
    wanted: int | None
    checked: int
    contradicted: int
    suggested: list[SuggestedRound]


@router.post("/v1/rounds/{round_id}/spot-checks", status_code=201, summary="Look at a round again")
async def check_round(
    round_id: UUID, body: SpotCheckBody, who: Caller, context: InContext, response: Response
) -> InspectionAnswer:
    """Confirm a round by scanning its place again, or contradict it. A repeat gets the first answer (200)."""
    cmd = CheckRound(round_id=round_id, **body.model_dump())
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.check(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if found.fresh else 200
    return await answer(found, context.vault)


@router.get("/v1/spot-checks", summary="How far a day's spot checks are")
async def spot_checks(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> SpotChecksAnswer:
    """Tell how many rounds of a day were looked at again, and which to look at next."""
    today = context.clock.today()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await handlers.checks_of_day(conn, compound, day or today, today=today)
    return SpotChecksAnswer(
        compound=compound,
        day=day or today,
        rounds=found.rounds,
        wanted=found.wanted,
        checked=found.checked,
        contradicted=found.contradicted,
        suggested=[SuggestedRound(**dict(row)) for row in found.suggested],
    )
