"""Entry checks over HTTP (R2.3, device contract)."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Body, Request, Response
from pydantic import ValidationError

from services.gate import metrics
from services.gate.api import examples
from services.gate.api.devices import CallingStation
from services.gate.api.holding import check_id_of, hold
from services.gate.api.models import (
    BatchAnswer,
    BatchBody,
    BatchItem,
    DisplayAnswer,
    Document,
    DwellingSurname,
    EntryCheckAnswer,
    EntryCheckBody,
    PassNumber,
    PassToken,
    Visitor,
)
from services.gate.desk import Desk, Station, desk
from services.gate.domain.entry import Answers, SubjectKind
from services.gate.handlers.checks import (
    Answered,
    CheckEntry,
    DecidedOffline,
    Outcome,
    Rejected,
    check_entries,
    time_of,
)
from services.gate.sealing import DOCUMENT_INDEX, ROOM_INDEX
from services.gate.store.checks import Lookup
from shared.db.pool import TRANSIENT, Tx
from shared.events.envelope import Cause
from shared.kernel.ids import uuid7
from shared.obs.logging import current_correlation, get_logger

log = get_logger(__name__)
router = APIRouter(tags=["entry checks"])

RETRY_SECONDS = 5


@router.post(
    "/v1/entry-checks",
    status_code=HTTPStatus.CREATED,
    summary="Check one person at the device's checkpoint",
    responses={200: {"model": EntryCheckAnswer, "description": "A repeat: the first answer again."}},
)
async def check_entry(
    body: Annotated[EntryCheckBody, Body(openapi_examples=examples.CHECKS)],
    station: CallingStation,
    request: Request,
    response: Response,
) -> EntryCheckAnswer:
    """Decide, record and answer. What was answered is durable; a repeat of the same content gets the first answer.

    Every verdict comes with all its reasons and with one instruction in the guard's words. The same `check_id` with
    other content is refused (`same_id_other_content`).
    """
    mine = desk(request.app)
    [outcome] = await _run(mine, [await command_of(mine, station, body)])
    match outcome:
        case Rejected():
            raise outcome.refusal
        case Answered(created=False):
            response.status_code = HTTPStatus.OK
    return answer_of(body.check_id, outcome)


@router.post("/v1/entry-checks/batch", summary="Send queued checks, at most 200")
async def check_entries_queued(body: BatchBody, station: CallingStation, request: Request) -> BatchAnswer:
    """Record checks that the device queued, each by itself; the answer has one item a check, in order.

    Delete a check from the queue on `created` and `exists` only. What a revoked device sends, and what was stamped in
    the future by a clock that nobody can correct, is kept aside for a supervisor (`quarantined`).
    """
    mine = desk(request.app)
    if station.revoked:
        return BatchAnswer(items=await hold(mine, station, body.checks, "device_revoked"))
    items: dict[int, BatchItem] = {}
    commands: dict[int, CheckEntry] = {}
    for nth, raw in enumerate(body.checks):
        try:
            check = EntryCheckBody.model_validate(raw)
        except ValidationError as error:
            items[nth] = _invalid(raw, error)
        else:
            commands[nth] = await command_of(mine, station, check)
    if ahead := await _stamped_ahead(mine, commands):
        held = await hold(mine, station, [body.checks[nth] for nth in ahead], "stamp_in_future")
        items |= dict(zip(ahead, held, strict=True))
    due = {nth: command for nth, command in commands.items() if nth not in items}
    if due:
        items |= dict(zip(due, await _run_each_if_needed(mine, list(due.values())), strict=True))
    return BatchAnswer(items=[items[nth] for nth in range(len(body.checks))])


async def _stamped_ahead(mine: Desk, commands: Mapping[int, CheckEntry]) -> list[int]:
    """Which checks a device decided by itself at a time that is still to come (G11)."""
    offline = {nth: command for nth, command in commands.items() if command.offline}
    if not offline:
        return []
    async with mine.context.database.read() as conn:
        rules = await mine.rules(conn, mine.context.clock.today())
    now = mine.context.clock.now()
    return [nth for nth, command in offline.items() if time_of(command, received_at=now, rules=rules).ahead]


async def take_vouched(mine: Desk, commands: Sequence[CheckEntry], tx: Tx) -> list[str]:
    """Record checks that a supervisor vouches for, in their transaction; tells what became of each, in order."""
    rules = await mine.rules(tx, tx.today)
    outcomes = await check_entries(commands, tx=tx, rules=rules, vault=mine.context.vault)
    told: list[str] = []
    for outcome in outcomes:
        match outcome:
            case Rejected():
                told.append(outcome.refusal.code)
            case Answered():
                told.append("created" if outcome.created else "exists")
    return told


async def _run(mine: Desk, commands: Sequence[CheckEntry]) -> list[Outcome]:
    """One transaction for all; figures after the commit."""
    began = time.perf_counter()
    database = mine.context.database
    actor, cause = commands[0].station.subject, Cause(correlation=current_correlation() or uuid7())
    async with database.begin(actor=actor, cause=cause) as tx:
        rules = await mine.rules(tx, tx.today)
        outcomes = await check_entries(commands, tx=tx, rules=rules, vault=mine.context.vault)
    seconds = time.perf_counter() - began
    for command, outcome in zip(commands, outcomes, strict=True):
        _count(command, outcome, seconds / len(commands))
    return outcomes


async def _run_each_if_needed(mine: Desk, commands: Sequence[CheckEntry]) -> list[BatchItem]:
    """All at once; should the database not take one of them, each by itself, so that it harms no other."""
    try:
        outcomes = await _run(mine, commands)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        log.warning("batch_isolated", checks=len(commands), error=type(error).__name__)
        return [await _run_alone(mine, command) for command in commands]
    return [_item(command, outcome) for command, outcome in zip(commands, outcomes, strict=True)]


async def _run_alone(mine: Desk, command: CheckEntry) -> BatchItem:
    try:
        [outcome] = await _run(mine, [command])
    except TRANSIENT:
        return BatchItem(
            check_id=command.check_id, status="retry", code="unavailable", retry_after=RETRY_SECONDS
        )
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        log.exception("check_not_storable", exc_info=error)
        return BatchItem(check_id=command.check_id, status="rejected", code="not_storable")
    return _item(command, outcome)


async def command_of(mine: Desk, station: Station, body: EntryCheckBody) -> CheckEntry:
    """What a device sent, as a command."""
    offline = body.offline
    return CheckEntry(
        station=station,
        check_id=body.check_id,
        seq=body.seq,
        direction=body.direction,
        kind=SubjectKind(body.subject.kind),
        purpose=body.subject.purpose if isinstance(body.subject, Visitor) else None,
        mask=body.mask,
        temperature_c=body.temperature_c,
        answers=body.answers.answers() if body.answers else Answers(),
        checked_at=body.checked_at,
        offline=DecidedOffline(
            verdict=offline.verdict,
            reasons=offline.reasons,
            action=offline.action,
            policy_version=offline.policy_version,
            clock_skew_seconds=offline.clock_skew_seconds,
        )
        if offline
        else None,
        lookup=await _lookup(mine, station, body),
        content=body.content(station.compound, station.checkpoint),
    )


async def _lookup(mine: Desk, station: Station, body: EntryCheckBody) -> Lookup:
    here, subject = station.compound, body.subject
    match subject:
        case PassToken():
            proof, claims = await mine.read_token(subject.token)
            if claims is None:
                return Lookup(check_id=body.check_id, compound=here, proof=proof)
            return Lookup(
                check_id=body.check_id,
                compound=here,
                pass_id=claims.pass_id,
                serial=claims.serial,
                proof=proof,
            )
        case PassNumber():
            return Lookup(check_id=body.check_id, compound=here, number=subject.number)
        case Document():
            indexes = mine.context.vault.index_all(DOCUMENT_INDEX, subject.spell(here))
            return Lookup(check_id=body.check_id, compound=here, indexes=tuple(indexes))
        case DwellingSurname():
            indexes = mine.context.vault.index_all(ROOM_INDEX, subject.spell(here))
            return Lookup(check_id=body.check_id, compound=here, indexes=tuple(indexes))
        case Visitor():
            return Lookup(check_id=body.check_id, compound=here)


def _count(command: CheckEntry, outcome: Outcome, seconds: float) -> None:
    if not isinstance(outcome, Answered) or not outcome.created:
        return
    station, mode = command.station, "offline" if outcome.answer.offline else "online"
    metrics.CHECKS.labels(
        station.compound, station.checkpoint, command.direction.value, mode, outcome.answer.verdict.value
    ).inc()
    metrics.CHECK_SECONDS.labels(mode).observe(seconds)
    if outcome.temperature_c is not None:
        metrics.TEMPERATURE.labels(station.compound).observe(float(outcome.temperature_c))


def answer_of(check_id: UUID, outcome: Answered) -> EntryCheckAnswer:
    """What is answered, with what may be shown of the person."""
    shown = outcome.display
    display = DisplayAnswer(surname=shown.surname, room=shown.room) if shown else None
    return EntryCheckAnswer.of(check_id, outcome.answer, display)


def _item(command: CheckEntry, outcome: Outcome) -> BatchItem:
    if isinstance(outcome, Rejected):
        refusal = outcome.refusal
        return BatchItem(check_id=command.check_id, status="rejected", code=refusal.code, field=refusal.field)
    return BatchItem(
        check_id=command.check_id,
        status="created" if outcome.created else "exists",
        answer=answer_of(command.check_id, outcome),
    )


def _invalid(raw: object, error: ValidationError) -> BatchItem:
    """What is wrong with an item, by place; never its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))[:200] or None
    return BatchItem(check_id=check_id_of(raw), status="rejected", code="invalid_request", field=field)
