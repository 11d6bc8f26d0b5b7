"""Planning duty over HTTP: badges, shifts, patterns, imported rosters, swaps (R2.2)."""

import asyncio
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from services.gate.api.devices import Working, command_cause
from services.gate.api.duty import Day, rules_of_duty
from services.gate.desk import desk
from services.gate.domain.roster import LONGEST_PATTERN_DAYS, Shift, Slot, expand_pattern, require_order
from services.gate.domain.roster_lines import COLUMNS, LineFault, read_line
from services.gate.handlers import roster as handlers
from services.gate.handlers.roster import ImportedLine, RulesOn, require_post
from services.gate.store import roster as store
from shared.db.pool import Tx
from shared.events.policy_gate import DutyRules
from shared.events.policy_part import LocalTime
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import PolicyUnknown
from shared.kernel import sheets
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CheckpointId
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["roster"])

MOST_LINES = 5_000
_SHIFTS_AFTER = Cursor(datetime, UUID)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOST_TOLD = 1_000

Instant = Annotated[
    AwareDatetime, Field(ge=_FIRST, lt=_LAST), AfterValidator(lambda instant: instant.astimezone(UTC))
]
Clock = Annotated[LocalTime, AfterValidator(lambda at: at.replace(second=0, microsecond=0))]


class RosterTooLong(Refusal):
    """More lines, or more days, than are planned at once."""

    status = 422
    code = "roster_too_long"


class BadgeBody(Body):
    """Give a worker a badge. A further one makes the earlier one void."""

    badge_id: UUID
    worker_ref: UUID
    staff_number: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(
        repr=False, description="工号: how rosters name the worker. Kept as a keyed index only."
    )


class BadgeAnswer(Answer):
    """The badge's number, for printing as digits or as a code. It is not kept in the clear."""

    badge_id: UUID
    worker_ref: UUID
    number: str


class ShiftBody(Body):
    """Plan a worker at a post."""

    shift_id: UUID
    checkpoint: CheckpointId
    worker_ref: UUID
    starts_at: Instant
    ends_at: Instant


class ShiftAnswer(Answer):
    """A planned shift."""

    shift_id: UUID
    checkpoint: CheckpointId
    worker_ref: UUID
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, shift: Shift) -> "ShiftAnswer":
        """From the rules' value."""
        return cls(
            shift_id=shift.shift_id,
            checkpoint=shift.checkpoint,
            worker_ref=shift.worker_ref,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
        )


class RosterLine(ShiftAnswer):
    """A planned shift, how it came into the plan, and the turn that fulfils it."""

    source: Literal["single", "pattern", "import"]
    turn_id: UUID | None


class SlotBody(Body):
    """A stretch of every day. `until` at or before `begins` is on the next day; the workers take turns."""

    begins: Clock
    until: Clock
    workers: Annotated[list[UUID], Field(min_length=1, max_length=31)]


class PatternBody(Body):
    """Plan the same stretches day after day: all shifts or none."""

    pattern_id: UUID
    checkpoint: CheckpointId
    first_day: Day
    last_day: Day
    slots: Annotated[list[SlotBody], Field(min_length=1, max_length=12)]


class PatternAnswer(Answer):
    """How many shifts the pattern planned."""

    pattern_id: UUID
    shifts: int


class SwapBody(Body):
    """Two workers exchange two shifts that are still to come."""

    swap_id: UUID
    shift_id: UUID
    other_shift_id: UUID


class SwapAnswer(Answer):
    """Both shifts as they are now."""

    swap_id: UUID
    shifts: list[ShiftAnswer]


class CancelledAnswer(Answer):
    """A shift that is out of the plan."""

    shift_id: UUID


class RejectedLine(Answer):
    """A line that was not taken. Row 1 is the header; `column` is "" where the whole line is meant."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str


class RosterAnswer(Answer):
    """What became of a roster: `rows` = accepted + unchanged + rejected; the first 1,000 faults are told."""

    rows: int
    accepted: int
    unchanged: int
    rejected: int
    faults: list[RejectedLine]


@router.post("/v1/duty/badges", status_code=HTTPStatus.CREATED, summary="Give a worker a badge")
async def issue_badge(body: BadgeBody, who: Caller, context: Working, response: Response) -> BadgeAnswer:
    """Tell the number of a worker's new badge. Asked again under the same id, the same number is told."""
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        number, fresh = await handlers.issue_badge(
            body.badge_id, body.worker_ref, body.staff_number, who=who, tx=tx, vault=context.vault
        )
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return BadgeAnswer(badge_id=body.badge_id, worker_ref=body.worker_ref, number=number)


@router.post("/v1/duty/shifts", status_code=HTTPStatus.CREATED, summary="Plan a shift")
async def plan_shift(
    body: ShiftBody, who: Caller, context: Working, request: Request, response: Response
) -> ShiftAnswer:
    """Plan one shift. A worker is planned at one post at a time."""
    shift = Shift(**body.model_dump())
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        fresh = await handlers.plan_shift(shift, who=who, tx=tx, rules_on=_rules_on(request, tx))
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return ShiftAnswer.of(shift)


@router.post("/v1/duty/shifts/{shift_id}/cancel", summary="Take a shift out of the plan")
async def cancel_shift(shift_id: UUID, who: Caller, context: Working) -> CancelledAnswer:
    """Only what is still to come can be taken out; again, it changes nothing."""
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        await handlers.cancel_shift(shift_id, who=who, tx=tx)
    return CancelledAnswer(shift_id=shift_id)


@router.post("/v1/duty/patterns", status_code=HTTPStatus.CREATED, summary="Plan a recurring pattern")
async def plan_pattern(
    body: PatternBody, who: Caller, context: Working, request: Request, response: Response
) -> PatternAnswer:
    """Plan every day from the first to the last, at most 62 days: all shifts or none."""
    days = (body.last_day - body.first_day).days + 1
    if not 1 <= days <= LONGEST_PATTERN_DAYS:
        raise RosterTooLong(
            f"一次排班 1 至 {LONGEST_PATTERN_DAYS} 天。A pattern spans 1 to {LONGEST_PATTERN_DAYS} days.",
            field="last_day",
        )
    slots = [Slot(begins=slot.begins, until=slot.until, workers=tuple(slot.workers)) for slot in body.slots]
    shifts = list(expand_pattern(body.pattern_id, body.checkpoint, body.first_day, body.last_day, slots))
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        fresh = await handlers.plan_pattern(
            body.pattern_id,
            shifts,
            body.model_dump_json(),
            checkpoint=body.checkpoint,
            who=who,
            tx=tx,
            rules_on=_rules_on(request, tx),
            vault=context.vault,
        )
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return PatternAnswer(pattern_id=body.pattern_id, shifts=len(shifts))


@router.post("/v1/duty/rosters", summary="Send a roster as xlsx or CSV")
async def import_roster(
    file: Annotated[UploadFile, File(description="卡口编号, 日期, 开始, 结束, 工号; columns by header.")],
    who: Caller,
    context: Working,
    request: Request,
) -> RosterAnswer:
    """Good lines are planned, the others say why not; the same list again changes nothing."""
    lines = await asyncio.to_thread(_read, await file.read())
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        outcome = await handlers.import_roster(
            lines, who=who, tx=tx, rules_on=_rules_on(request, tx), vault=context.vault
        )
    faults = [
        RejectedLine(
            sheet=line.sheet, row=line.row, column=fault.column, code=fault.code, detail=fault.detail
        )
        for line in outcome.rejected
        for fault in line.faults
    ]
    return RosterAnswer(
        rows=len(lines),
        accepted=outcome.accepted,
        unchanged=outcome.unchanged,
        rejected=len(outcome.rejected),
        faults=faults[:_MOST_TOLD],
    )


@router.post("/v1/duty/swaps", summary="Exchange two shifts between their workers")
async def swap_shifts(body: SwapBody, who: Caller, context: Working) -> SwapAnswer:
    """Both shifts are still to come, and neither worker is planned elsewhere at that time."""
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        swapped = await handlers.swap_shifts(body.swap_id, body.shift_id, body.other_shift_id, who=who, tx=tx)
    return SwapAnswer(swap_id=body.swap_id, shifts=[ShiftAnswer.of(shift) for shift in swapped])


@router.get("/v1/duty/shifts", summary="The roster of a post")
async def roster(
    *,
    checkpoint: Annotated[CheckpointId, Query()],
    from_day: Annotated[Day, Query()],
    until_day: Annotated[Day, Query()],
    who: Caller,
    context: Working,
    limit: Limit = 100,
    after: After = None,
) -> Page[RosterLine]:
    """List the shifts that touch these days, both included, by their beginning."""
    require_order(from_day, until_day)
    key = _SHIFTS_AFTER.read(after) if after else (datetime.min.replace(tzinfo=UTC), UUID(int=0))
    async with context.database.read() as conn:
        await require_post(conn, who, checkpoint)
        rows = await conn.fetch(
            store.ROSTER, checkpoint, start_of(from_day), end_of(until_day), *key, limit + 1
        )
    return Page(
        items=[RosterLine(**row) for row in rows[:limit]],
        next=_SHIFTS_AFTER.write(rows[limit - 1]["starts_at"], rows[limit - 1]["shift_id"])
        if len(rows) > limit
        else None,
    )


def _rules_on(request: Request, tx: Tx) -> RulesOn:
    """The rules of any day; of days before the first policy, today's."""
    known: dict[date, DutyRules] = {}

    async def rules_on(day: date) -> DutyRules:
        if day not in known:
            try:
                rules = await desk(request.app).rules(tx, day)
            except PolicyUnknown:
                rules = await desk(request.app).rules(tx, tx.today)
            known[day] = rules_of_duty(rules)
        return known[day]

    return rules_on


def _read(content: bytes) -> list[ImportedLine]:
    rows = sheets.read(content, required=COLUMNS)
    if len(rows) > MOST_LINES:
        raise RosterTooLong(
            f"一次最多 {MOST_LINES} 行，请拆分文件。At most {MOST_LINES} lines; split the file.", field="file"
        )
    lines = []
    for row in rows:
        read = read_line(row.cells)
        faults: list[LineFault] = read if isinstance(read, list) else []
        line = None if isinstance(read, list) else read
        lines.append(ImportedLine(sheet=row.sheet, row=row.number, line=line, faults=faults))
    return lines
