"""Duty over HTTP: check-in, check-out and handover at the device; coverage and gaps for whoever looks (R2.2)."""

import json
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from services.gate.api.devices import Working, command_cause
from services.gate.api.models import DeviceTime
from services.gate.api.proofs import CallingStation
from services.gate.desk import desk
from services.gate.domain.duty import GapCause, coverage
from services.gate.domain.entry import GateRules
from services.gate.domain.roster import require_order
from services.gate.handlers import duty as handlers
from services.gate.handlers.roster import places_of, require_post, require_worker
from services.gate.store import duty as store
from shared.db.pool import Conn
from shared.events.policy_gate import DutyRules
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import PolicyUnknown
from shared.kernel.days import Span, end_of, start_of
from shared.kernel.ids import CheckpointId, CompoundId

router = APIRouter(tags=["duty"])

_GAPS_AFTER = Cursor(datetime, UUID)

Badge = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
Material = Literal["masks", "thermometers", "disinfectant", "gloves", "paper_sheets", "devices", "keys"]


class CheckInBody(Body):
    """A badge at the device. `turn_id` is made by the device and makes a repeat harmless."""

    turn_id: UUID
    badge: Badge = Field(repr=False, description="The number of the badge, scanned or typed.")
    checked_at: DeviceTime = Field(description="The device's own time.")


class CheckOutBody(Body):
    """A badge at the device. `turn_id` is that of the check-in; a device that does not know it leaves it out."""

    turn_id: UUID | None = Field(
        default=None, description="Left out: the turn that the worker began last at this post."
    )
    badge: Badge = Field(repr=False, description="The number of the badge, scanned or typed.")
    checked_at: DeviceTime = Field(description="The device's own time.")


class HandoverBody(Body):
    """Two badges at the device. Who arrives and has not checked in does so by signing, as `incoming_turn_id`."""

    handover_id: UUID
    outgoing_badge: Badge = Field(repr=False)
    incoming_badge: Badge = Field(repr=False)
    incoming_turn_id: UUID
    checked_at: DeviceTime
    materials: dict[Material, Annotated[int, Field(strict=True, ge=0, le=100_000)]] = Field(
        default_factory=dict, description="How many of each lie at the post."
    )
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        default=None, repr=False, description="Kept sealed."
    )

    def content(self, checkpoint: CheckpointId) -> str:
        """All that makes a repeat a repeat."""
        return json.dumps([checkpoint, self.model_dump(mode="json")], sort_keys=True)


class TurnAnswer(Answer):
    """A turn of duty. `late_minutes` is 0 within the grace of the policy; `lapsed`: nobody checked out."""

    turn_id: UUID
    shift_id: UUID | None = Field(description="The planned shift that it fulfils; null for who stepped in.")
    worker_ref: UUID
    started_at: datetime
    late_minutes: int
    ended_at: datetime | None
    ended_by: Literal["check_out", "handover", "lapsed"] | None
    minutes: int | None

    @classmethod
    def of(cls, row: Any) -> "TurnAnswer":
        """From a row."""
        return cls(**{name: row[name] for name in cls.model_fields})


class HandoverAnswer(Answer):
    """What is handed over: the counts of the outgoing turn, what lies at the post, and both turns."""

    handover_id: UUID
    outgoing_turn: UUID
    incoming_turn: UUID
    handed_at: datetime
    entered: int
    left: int
    refused: int
    cannot_verify: int
    fever: int
    materials: dict[str, int]

    @classmethod
    def of(cls, row: Any) -> "HandoverAnswer":
        """From a row."""
        names = cls.model_fields.keys() - {"left"}
        return cls(left=row["left_count"], **{name: row[name] for name in names})


class OnDutyAnswer(Answer):
    """Somebody at the post now."""

    turn_id: UUID
    worker_ref: UUID
    started_at: datetime


class PostAnswer(Answer):
    """The calling device's post: who is on duty, and the last handover."""

    checkpoint: CheckpointId
    on_duty: list[OnDutyAnswer]
    last_handover: HandoverAnswer | None


class GapLine(Answer):
    """Minutes in which nobody stood at the post. `ended_at` is when it was over, or now."""

    cause: GapCause
    began_at: datetime
    ended_at: datetime
    minutes: int


class CoverageAnswer(Answer):
    """A post's day: `minutes` of it have passed (1440 of a whole one) = `covered` + the minutes of all gaps."""

    checkpoint: CheckpointId
    compound: CompoundId
    day: date
    minutes: int
    covered: int
    gaps: list[GapLine]
    not_planned: list[GapLine] = Field(description="Holes in the plan of what is still to come.")
    turns: list[TurnAnswer]


class ToldGap(Answer):
    """A gap as it was told; open while `ended_at` is null."""

    gap_id: UUID
    checkpoint: CheckpointId
    compound: CompoundId
    cause: GapCause
    began_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    minutes: int | None


class ServiceRecordAnswer(Answer):
    """What a worker held between two days, both included; turns count on the day on which they began (R7.3)."""

    worker_ref: UUID
    from_day: date
    until_day: date
    turns: int
    minutes: int
    late: int
    late_minutes: int
    lapsed: int


def rules_of_duty(rules: GateRules) -> DutyRules:
    """The rules of duty in force.

    Raises:
        PolicyUnknown: the policy in force says nothing of duty.
    """
    if rules.duty is None:
        raise PolicyUnknown
    return rules.duty


@router.post("/v1/duty/check-ins", status_code=HTTPStatus.CREATED, summary="Check in to the device's post")
async def check_in(
    body: CheckInBody, station: CallingStation, context: Working, request: Request, response: Response
) -> TurnAnswer:
    """Start a turn by badge. Of the worker's shifts here the one that began last is taken up; none is needed."""
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await desk(request.app).rules(tx, tx.today)
        row, fresh = await handlers.check_in(
            handlers.CheckInAtPost(
                station=station, turn_id=body.turn_id, badge=body.badge, at=body.checked_at
            ),
            tx=tx,
            rules=rules_of_duty(rules),
            ahead_seconds=rules.ahead_seconds,
            vault=context.vault,
        )
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return TurnAnswer.of(row)


@router.post("/v1/duty/check-outs", summary="Check out of the device's post")
async def check_out(
    body: CheckOutBody, station: CallingStation, context: Working, request: Request
) -> TurnAnswer:
    """End a turn by badge; the same again is answered alike."""
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await desk(request.app).rules(tx, tx.today)
        row = await handlers.check_out(
            handlers.CheckOutAtPost(
                station=station, turn_id=body.turn_id, badge=body.badge, at=body.checked_at
            ),
            tx=tx,
            rules=rules_of_duty(rules),
            ahead_seconds=rules.ahead_seconds,
            vault=context.vault,
        )
    return TurnAnswer.of(row)


@router.post("/v1/duty/handovers", status_code=HTTPStatus.CREATED, summary="Hand the post over, both sign")
async def hand_over(
    body: HandoverBody, station: CallingStation, context: Working, request: Request, response: Response
) -> HandoverAnswer:
    """End one turn and begin the other at one instant, with the turn's counts and what lies at the post."""
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await desk(request.app).rules(tx, tx.today)
        row, fresh = await handlers.hand_over(
            handlers.HandOver(
                station=station,
                handover_id=body.handover_id,
                outgoing_badge=body.outgoing_badge,
                incoming_badge=body.incoming_badge,
                incoming_turn_id=body.incoming_turn_id,
                at=body.checked_at,
                materials={str(name): count for name, count in body.materials.items()},
                note=body.note,
                content=body.content(station.checkpoint),
            ),
            tx=tx,
            rules=rules_of_duty(rules),
            ahead_seconds=rules.ahead_seconds,
            vault=context.vault,
        )
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return HandoverAnswer.of(row)


@router.get("/v1/duty/post", summary="Who is on duty at the device's post")
async def my_post(station: CallingStation, context: Working) -> PostAnswer:
    """For the handover screen."""
    async with context.database.read() as conn:
        on_duty = await conn.fetch(store.ON_DUTY, station.checkpoint)
        last = await conn.fetchrow(store.LAST_HANDOVER, station.checkpoint)
    return PostAnswer(
        checkpoint=station.checkpoint,
        on_duty=[OnDutyAnswer(**row) for row in on_duty],
        last_handover=HandoverAnswer.of(last) if last else None,
    )


@router.get("/v1/duty/coverage", summary="A post's day, minute by minute")
async def day_coverage(
    checkpoint: Annotated[CheckpointId, Query()],
    who: Caller,
    context: Working,
    request: Request,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> CoverageAnswer:
    """Reckon the day anew from all shifts and turns known now; gaps may differ from those that were told."""
    wanted, now = day or context.clock.today(), context.clock.now()
    async with context.database.read() as conn:
        compound = await require_post(conn, who, checkpoint)
        rules = rules_of_duty(await desk(request.app).rules(conn, context.clock.today()))
        whole = Span(starts=start_of(wanted), ends=end_of(wanted))
        facts = await store.facts_of_post(conn, checkpoint, within=whole, rules=rules)
        turns = await conn.fetch(store.TURNS_OF_POST, checkpoint, whole.starts, whole.ends)
        within = await _manned_part(conn, checkpoint, whole)
    past = Span(starts=within.starts, ends=max(within.starts, min(within.ends, now)))
    found = coverage(facts.planned, facts.held, past)
    to_come = Span(starts=past.ends, ends=max(past.ends, within.ends))
    return CoverageAnswer(
        checkpoint=checkpoint,
        compound=compound,
        day=wanted,
        minutes=found.minutes,
        covered=found.covered,
        gaps=[_gap(gap) for gap in found.gaps],
        not_planned=[_gap(gap) for gap in coverage((), (*facts.planned, *facts.held), to_come).gaps],
        turns=[TurnAnswer.of(row) for row in turns],
    )


@router.get("/v1/duty/gaps", summary="Gaps that were told")
async def gaps(
    who: Caller,
    context: Working,
    open_only: Annotated[bool, Query(alias="open", description="Only those that go on.")] = False,  # noqa: FBT002
    limit: Limit = 100,
    after: After = None,
) -> Page[ToldGap]:
    """List gaps of the caller's posts, newest first."""
    async with context.database.read() as conn:
        places = await places_of(conn, who)
        key = _GAPS_AFTER.read(after) if after else (None, None)
        rows = await conn.fetch(store.GAPS, places, True if open_only else None, *key, limit + 1)
    return Page(
        items=[ToldGap(**row) for row in rows[:limit]],
        next=_GAPS_AFTER.write(rows[limit - 1]["began_at"], rows[limit - 1]["gap_id"])
        if len(rows) > limit
        else None,
    )


@router.get("/v1/duty/service-record", summary="What a worker held")
async def service_record(
    worker_ref: Annotated[UUID, Query()],
    from_day: Annotated[Day, Query()],
    until_day: Annotated[Day, Query()],
    who: Caller,
    context: Working,
) -> ServiceRecordAnswer:
    """Minutes of duty that count for the worker, by pseudonym."""
    require_order(from_day, until_day)
    async with context.database.read() as conn:
        await require_worker(conn, who, worker_ref)
        row = await conn.fetchrow(store.SERVICE_RECORD, worker_ref, start_of(from_day), end_of(until_day))
    assert row is not None  # noqa: S101 -- an aggregate is one row
    return ServiceRecordAnswer(worker_ref=worker_ref, from_day=from_day, until_day=until_day, **row)


async def _manned_part(conn: Conn, checkpoint: CheckpointId, whole: Span) -> Span:
    """The part of a day in which the post was open."""
    row = await conn.fetchrow(store.OPEN_SPAN, checkpoint)
    assert row is not None  # noqa: S101 -- the caller asked for it before
    starts = min(max(whole.starts, row["opened_at"]), whole.ends)
    return Span(starts=starts, ends=max(starts, min(whole.ends, row["closed_at"] or whole.ends)))


def _gap(gap: Any) -> GapLine:
    return GapLine(cause=gap.cause, began_at=gap.began_at, ended_at=gap.ended_at, minutes=gap.minutes)
