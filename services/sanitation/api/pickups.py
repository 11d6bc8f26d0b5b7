"""Pickups of waste from households under home quarantine."""

from datetime import date, datetime, time
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from services.sanitation.api.common import Code, Day, Explanation, InContext, Instant, cause, roles_of
from services.sanitation.domain.pickups import MOST_BAGS, MissedReason, SkipReason, State, Step
from services.sanitation.handlers import pickups as handlers
from services.sanitation.handlers import sites as sites_handlers
from shared.events.policy_part import LocalTime
from shared.http.access import Caller, Principal, Role
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, DwellingId

router = APIRouter(tags=["waste"])

_PICKUPS_AFTER = Cursor(UUID)


def _to_the_minute(hour: time) -> time:
    if hour.second or hour.microsecond:
        raise ValueError("时刻精确到分，如 09:30。Give the time to the minute, such as 09:30.")
    return hour


class StepBody(Body):
    """The next step of a pickup. `bags` belongs to `collected`, `receiver` (a unit's code) to `handed_over`."""

    act_id: UUID
    step: Step
    done_at: Instant
    sent_at: Instant | None = None
    bags: Annotated[int, Field(ge=0, le=MOST_BAGS)] | None = None
    receiver: Code | None = None


class SkipBody(Body):
    """It could not be fetched."""

    act_id: UUID
    reason: SkipReason
    note: Explanation | None = None


class ReschedulingBody(Body):
    """Another hour: later today, or tomorrow."""

    act_id: UUID
    due_at: Instant


class HourBody(Body):
    """The hour agreed with a household, Shanghai time."""

    hour: Annotated[LocalTime, AfterValidator(_to_the_minute)]


class PickupAnswer(Answer):
    """A pickup as it stands. `missed_reason`: what was found about it and not dealt with by another hour."""

    pickup_id: UUID
    compound: CompoundId
    day: date
    due_at: datetime
    state: State
    missed_reason: MissedReason | None

    @classmethod
    def of(cls, one: handlers.Standing) -> Self:
        """The pickup after an act."""
        return cls(
            pickup_id=one.pickup_id,
            compound=one.compound,
            day=one.day,
            due_at=one.due_at,
            state=one.state,
            missed_reason=one.missed_reason,
        )


class ActLine(Answer):
    """Something done with a pickup: when, by whom."""

    act_id: UUID
    kind: Literal["sealed", "collected", "disinfected", "handed_over", "skipped", "rescheduled"]
    at: datetime
    device_at: datetime
    recorded_at: datetime
    recorded_by: str
    bags: int | None
    reason: SkipReason | None
    due_at: datetime | None
    receiver: str | None


class PickupLine(PickupAnswer):
    """A pickup with its chain of custody. `room` is there for those who fetch it; the reading is written down."""

    dwelling_id: DwellingId
    room: str | None
    bags: int | None
    acts: list[ActLine]

    @classmethod
    def line(cls, one: handlers.ListedPickup) -> Self:
        """A line of the day's list."""
        known = one.known
        return cls(
            pickup_id=known.pickup_id,
            compound=known.compound,
            day=known.day,
            due_at=known.pickup.due_at,
            state=known.pickup.state,
            missed_reason=known.pickup.missed_reason,
            dwelling_id=known.dwelling_id,
            room=one.room,
            bags=known.bags,
            acts=[
                ActLine(**{name: value for name, value in dict(row).items() if name != "pickup_id"})
                for row in one.acts
            ],
        )


def reader_of_rooms(who: Principal) -> str | None:
    """In which capacity the caller may see rooms: who fetches, and the community; None for everybody else."""
    return roles_of(who) if who.has(Role.SANITATION_WORKER, Role.COMMUNITY_CLERK) else None


@router.get("/v1/pickups", summary="Pickups of a compound and day")
async def pickups(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[PickupLine]:
    """List pickups that are due on a day, also those put off to it, each with its chain."""
    seen = _PICKUPS_AFTER.read(after)[0] if after else UUID(int=0)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await sites_handlers.require_compound(tx, who, compound)
        found = await handlers.pickups_of_day(
            tx,
            compound,
            day or tx.today,
            after=seen,
            limit=limit + 1,
            role=reader_of_rooms(who),
            vault=context.vault,
        )
    return Page(
        items=[PickupLine.line(one) for one in found[:limit]],
        next=_PICKUPS_AFTER.write(found[limit - 1].known.pickup_id) if len(found) > limit else None,
    )


@router.post("/v1/pickups/{pickup_id}/steps", status_code=201, summary="Record the next step of a pickup")
async def record_step(
    pickup_id: UUID, body: StepBody, who: Caller, context: InContext, response: Response
) -> PickupAnswer:
    """Sealed, collected, disinfected, handed over: in this order only. A repeat changes nothing."""
    cmd = handlers.RecordStep(pickup_id=pickup_id, **body.model_dump())
    async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
        standing = await handlers.record_step(cmd, who=who, tx=tx)
    response.status_code = 201 if standing.fresh else 200
    return PickupAnswer.of(standing)


@router.post("/v1/pickups/{pickup_id}/skips", status_code=201, summary="Say that a pickup could not be done")
async def skip(
    pickup_id: UUID, body: SkipBody, who: Caller, context: InContext, response: Response
) -> PickupAnswer:
    """Nobody opened, refused, or something else: a finding at once. A repeat changes nothing."""
    cmd = handlers.SkipPickup(pickup_id=pickup_id, **body.model_dump())
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        standing = await handlers.skip(cmd, who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if standing.fresh else 200
    return PickupAnswer.of(standing)


@router.post("/v1/pickups/{pickup_id}/reschedulings", status_code=201, summary="Agree on another hour")
async def put_off(
    pickup_id: UUID, body: ReschedulingBody, who: Caller, context: InContext, response: Response
) -> PickupAnswer:
    """Put a pickup off to an hour of today or tomorrow. A repeat changes nothing."""
    cmd = handlers.PutOff(pickup_id=pickup_id, **body.model_dump())
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        standing = await handlers.put_off(cmd, who=who, tx=tx)
    response.status_code = 201 if standing.fresh else 200
    return PickupAnswer.of(standing)


@router.put(
    "/v1/households/{dwelling_id}/pickup-hour", status_code=204, summary="Agree on a household's hour"
)
async def agree_hour(dwelling_id: UUID, body: HourBody, who: Caller, context: InContext) -> None:
    """Keep the hour at which a household's waste is fetched, for pickups that are planned from now on."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.agree_hour(DwellingId(dwelling_id), body.hour, who=who, tx=tx)
