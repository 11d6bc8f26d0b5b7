"""Rounds of disinfection."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict

from services.sanitation.api.common import Code, Day, Explanation, InContext, Instant, cause
from services.sanitation.domain.late import Source
from services.sanitation.handlers import rounds as rounds_handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.rounds import LoggedRound, LogRound
from services.sanitation.metrics import count_round
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])

_ROUNDS_AFTER = Cursor(Instant, UUID)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)


class RoundBody(Body):
    """A disinfection that was done. Agent and concentration are the proof; without them `incomplete`.

    `done_at` is the phone's time of it. With `sent_at`, the phone's time of sending, a clock that is off is corrected.
    """

    round_id: UUID
    site_code: SiteId
    agent: Code | None = None
    concentration_mg_l: int | None = None
    done_at: Instant
    sent_at: Instant | None = None
    source: Source = "code"
    explanation: Explanation | None = None
    photo_id: UUID | None = None

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
    device_at: datetime
    logged_at: datetime
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    warnings: list[Literal["too_close", "outside_range"]]
    source: Source
    photo_id: UUID | None
    policy_version: int

    @classmethod
    def of(cls, logged: LoggedRound) -> Self:
        """The round as it was answered the first time."""
        return cls(
            round_id=logged.round_id,
            site_id=logged.site_id,
            site_code=logged.site_code,
            compound=logged.compound,
            kind=logged.kind,
            day=logged.day,
            done_at=logged.done_at,
            device_at=logged.device_at,
            logged_at=logged.logged_at,
            agent=logged.agent,
            concentration_mg_l=logged.concentration_mg_l,
            within_range=logged.within_range,
            counts=logged.counts,
            warnings=[
                *(["too_close"] if not logged.counts else []),
                *(["outside_range"] if not logged.within_range else []),
            ],
            source=logged.source,
            photo_id=logged.photo_id,
            policy_version=logged.policy_version,
        )


class RoundLine(Answer):
    """A line of the day's book. `logged_by` is an account; `explanation` is there for late entries."""

    round_id: UUID
    site_code: SiteId
    name: str
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    done_at: datetime
    device_at: datetime
    logged_at: datetime
    logged_by: str
    source: Source
    explanation: str | None
    photo_id: UUID | None


@router.post("/v1/rounds", status_code=201, summary="Log a disinfection round")
async def log_round(body: RoundBody, who: Caller, context: InContext, response: Response) -> RoundAnswer:
    """Keep a disinfection and say whether it counts. A repeat of id and content gets the first answer."""
    async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
        logged = await rounds_handlers.log_round(
            LogRound(**body.model_dump()), who=who, tx=tx, vault=context.vault
        )
    if logged.fresh:
        count_round(logged)
    response.status_code = 201 if logged.fresh else 200
    return RoundAnswer.of(logged)


@router.get("/v1/rounds", summary="The day's book of a compound")
async def rounds(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[RoundLine]:
    """List what was disinfected on a day, in its order: when, with what, by whom, and why if late."""
    seen = _ROUNDS_AFTER.read(after) if after else _FIRST
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await rounds_handlers.rounds_of_day(
            conn,
            compound,
            day or context.clock.today(),
            after=(seen[0], seen[1]),
            limit=limit + 1,
            vault=context.vault,
        )
    return Page(
        items=[RoundLine(**asdict(one)) for one in found[:limit]],
        next=_ROUNDS_AFTER.write(found[limit - 1].done_at, found[limit - 1].round_id)
        if len(found) > limit
        else None,
    )
