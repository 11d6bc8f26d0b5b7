"""Entry checks over HTTP (R2.3, device contract)."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Body, FastAPI, Request, Response
from pydantic import ValidationError

from services.gate import metrics
from services.gate.api import examples
from services.gate.api.commands import cause_here, command_at_once, command_of
from services.gate.api.holding import hold, invalid, not_storable, refused
from services.gate.api.models import (
    RETRY_SECONDS,
    BatchAnswer,
    BatchBody,
    BatchItem,
    DisplayAnswer,
    EntryCheckAnswer,
    EntryCheckBody,
)
from services.gate.api.proofs import proved_station, station_of
from services.gate.api.spelled import spell_answer, spell_item
from services.gate.desk import Desk, desk
from services.gate.domain.entry import SubjectKind
from services.gate.domain.flags import LETS_THROUGH
from services.gate.handlers.checks import Answered, Outcome, Rejected, check_entries
from services.gate.handlers.groups import Groups, TooBusy
from services.gate.handlers.judging import CheckEntry, time_of
from shared.db.pool import TRANSIENT, Tx
from shared.events.envelope import Cause
from shared.http.access import Principal
from shared.http.direct import DirectRoute
from shared.http.express import Origin, Pending, Reply, answers_at_once
from shared.kernel.pass_token import UnknownKey
from shared.kernel.refusal import Refusal
from shared.obs.logging import get_logger
from shared.obs.tracing import use_traceparent

log = get_logger(__name__)
router = APIRouter(tags=["entry checks"], route_class=DirectRoute)


def check_at_once(body: EntryCheckBody, who: Principal, origin: Origin, app: FastAPI) -> Pending | None:
    """A check without anything out of the ordinary (`shared.http.express`)."""
    began = time.perf_counter()
    cause = Cause(correlation=origin.correlation, traceparent=origin.traceparent)
    try:
        command = command_at_once(desk(app), station_of(who), body, cause=cause)
        outcome = groups(app).queue(command)
    except (UnknownKey, TooBusy):
        return None
    return Pending(outcome, partial(_reply, command, began))


@router.post(
    "/v1/entry-checks",
    status_code=HTTPStatus.CREATED,
    response_model=EntryCheckAnswer,
    summary="Check one person at the device's checkpoint",
    responses={200: {"model": EntryCheckAnswer, "description": "A repeat: the first answer again."}},
)
@answers_at_once(check_at_once)
async def check_entry(
    body: Annotated[EntryCheckBody, Body(openapi_examples=examples.CHECKS)], request: Request
) -> Response:
    """Decide, record and answer. What was answered is durable; a repeat of the same content gets the first answer.

    Every verdict comes with all its reasons and with one instruction in the guard's words. The same `check_id` with
    other content is refused (`same_id_other_content`).
    """
    began = time.perf_counter()
    station = await proved_station(request, ticket_will_do=True)
    command = await command_of(desk(request.app), station, body)
    status, content = _reply(command, began, await groups(request.app).live(command))
    return Response(content, status, media_type="application/json")


def _reply(command: CheckEntry, began: float, outcome: Outcome) -> Reply:
    """What is answered to a single check.

    Raises:
        SameIdOtherContent: the id was used for another check.
    """
    _count(command, outcome, time.perf_counter() - began)
    if isinstance(outcome, Rejected):
        raise outcome.refusal
    content = spell_answer(command.check_id, outcome).encode()
    return Reply(HTTPStatus.CREATED if outcome.created else HTTPStatus.OK, content)


@router.post("/v1/entry-checks/batch", response_model=BatchAnswer, summary="Send queued checks, at most 200")
async def check_entries_queued(body: BatchBody, request: Request) -> Response:
    """Record checks that the device queued, each by itself; the answer has one item a check, in order.

    Delete a check from the queue on `created` and `exists` only. What a revoked device sends, and what was stamped in
    the future by a clock that nobody can correct, is kept aside for a supervisor (`quarantined`).
    """
    mine, station = desk(request.app), await proved_station(request)
    if station.revoked:
        return _batch_answer(await hold(mine, station, body.checks, "device_revoked", as_item=BatchItem))
    cause = cause_here()
    items: dict[int, BatchItem | str] = {}
    commands: dict[int, CheckEntry] = {}
    for nth, raw in enumerate(body.checks):
        try:
            check = EntryCheckBody.model_validate(raw)
        except ValidationError as error:
            items[nth] = invalid(raw, error, BatchItem)
        else:
            commands[nth] = await command_of(mine, station, check, cause=cause)
    if ahead := await _stamped_ahead(mine, commands):
        held = await hold(
            mine, station, [body.checks[nth] for nth in ahead], "stamp_in_future", as_item=BatchItem
        )
        items |= dict(zip(ahead, held, strict=True))
    due = {nth: command for nth, command in commands.items() if nth not in items}
    if due:
        items |= dict(zip(due, await _each(groups(request.app), list(due.values())), strict=True))
    return _batch_answer([items[nth] for nth in range(len(body.checks))])


def groups(app: FastAPI) -> Groups:
    """The checks that wait in an application's process, made when first asked for."""
    found: Groups | None = getattr(app.state, "groups", None)
    if found is None:
        found = app.state.groups = Groups(partial(_decide, desk(app)))
    return found


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


async def _decide(mine: Desk, commands: Sequence[CheckEntry]) -> list[Outcome]:
    """One transaction for all that queued; the trace shown with its statements is the first one's."""
    cause = commands[0].cause
    with use_traceparent(cause.traceparent):
        async with mine.context.database.begin(cause=cause) as tx:
            rules = await mine.rules_for_group(tx)
            return await check_entries(commands, tx=tx, rules=rules, vault=mine.context.vault)


async def _each(mine: Groups, commands: Sequence[CheckEntry]) -> list[BatchItem | str]:
    """Queued checks through the groups; one that is not taken harms no other. What is kept is told in JSON already.

    Raises:
        TooBusy: too many wait already; nothing was recorded.
        Refusal, asyncpg.PostgresError, OSError: what keeps every check from being recorded (no policy, no database).
    """
    began = time.perf_counter()
    items: list[BatchItem | str] = []
    outcomes = await mine.backlog(commands)
    if all(_for_the_moment(outcome) for outcome in outcomes) and isinstance(outcomes[0], BaseException):
        raise outcomes[0]
    for command, outcome in zip(commands, outcomes, strict=True):
        match outcome:
            case Answered() | Rejected():
                _count(command, outcome, time.perf_counter() - began)
                items.append(_item(command, outcome))
            case error:
                items.append(_failed(command, error))
    return items


def _for_the_moment(outcome: object) -> bool:
    """No policy, or no database just now: nothing was recorded, and the same check may be taken later."""
    return isinstance(outcome, (Refusal, *TRANSIENT))


def _failed(command: CheckEntry, error: BaseException) -> BatchItem:
    if isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError):
        log.error("check_not_storable", exc_info=error)
        return not_storable(command.check_id, BatchItem)
    if not _for_the_moment(error):
        log.error("check_failed", exc_info=error)
    return BatchItem(check_id=command.check_id, status="retry", code="unavailable", retry_after=RETRY_SECONDS)


def _count(command: CheckEntry, outcome: Outcome, seconds: float) -> None:
    if not isinstance(outcome, Answered) or not outcome.created:
        return
    station, mode = command.station, "offline" if outcome.answer.offline else "online"
    metrics.checks(
        station.compound, station.checkpoint, command.direction.value, mode, outcome.answer.verdict.value
    ).inc()
    metrics.check_seconds(mode).observe(seconds)
    if outcome.answer.verdict in LETS_THROUGH and command.kind is not SubjectKind.PASS_TOKEN:
        metrics.manual_admissions(station.compound, command.kind.value).inc()
    if outcome.temperature_c is not None:
        metrics.temperature(station.compound).observe(float(outcome.temperature_c))


def answer_of(check_id: UUID, outcome: Answered) -> EntryCheckAnswer:
    """What is answered, with what may be shown of the person."""
    shown = outcome.display
    display = DisplayAnswer(surname=shown.surname, room=shown.room) if shown else None
    return EntryCheckAnswer.of(check_id, outcome.answer, display)


def _batch_answer(items: Sequence[BatchItem | str]) -> Response:
    told = (item if isinstance(item, str) else item.model_dump_json() for item in items)
    return Response(f'{{"items":[{",".join(told)}]}}', media_type="application/json")


def _item(command: CheckEntry, outcome: Outcome) -> BatchItem | str:
    if isinstance(outcome, Rejected):
        return refused(command.check_id, outcome.refusal, BatchItem)
    return spell_item(command.check_id, outcome)
