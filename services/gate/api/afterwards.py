"""Overrides and corrections over HTTP (gate rules, G18)."""

import json
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response
from pydantic import Field, StringConstraints

from services.gate import metrics
from services.gate.api import examples
from services.gate.api.checks import answer_of
from services.gate.api.commands import command_of
from services.gate.api.devices import Working, command_cause
from services.gate.api.models import EntryCheckAnswer, EntryCheckBody
from services.gate.api.proofs import CallingStation
from services.gate.desk import desk
from services.gate.domain.overrides import Objection, Outcome, OverrideReason
from services.gate.handlers import afterwards
from services.gate.handlers.afterwards import OverrideCheck, ReviewOverride
from services.gate.handlers.checks import Rejected
from shared.http.access import Caller, Role
from shared.http.models import Answer
from shared.http.models import Body as BodyModel

router = APIRouter(tags=["entry checks"])


class OverrideBody(BodyModel):
    """Why somebody is let through against the verdict. A note is needed with `other`; it is kept sealed."""

    override_id: UUID
    reason: OverrideReason
    note: Annotated[str, StringConstraints(min_length=2, max_length=500)] | None = Field(
        default=None, repr=False
    )


class OverrideAnswer(Answer):
    """The person may pass; headquarters reviews it."""

    override_id: UUID
    check_id: UUID
    reason: OverrideReason
    overridden_at: datetime


class ReviewBody(BodyModel):
    """Headquarters' word on an override. A note is needed with `other`; it is kept sealed."""

    review_id: UUID
    outcome: Outcome
    objection: Objection | None = Field(default=None, description="With `objected`: what is wrong.")
    note: Annotated[str, StringConstraints(min_length=2, max_length=500)] | None = Field(
        default=None, repr=False
    )


class ReviewAnswer(Answer):
    """The review is closed."""

    review_id: UUID
    check_id: UUID
    outcome: Outcome
    objection: Objection | None
    reviewed_at: datetime


@router.post(
    "/v1/entry-checks/{check_id}/override",
    status_code=HTTPStatus.CREATED,
    summary="Let somebody pass against the verdict, as the shift leader",
)
async def override_check(
    *, check_id: UUID, body: OverrideBody, who: Caller, request: Request, response: Response
) -> OverrideAnswer:
    """Only a shift leader of the place, once a check, with a reason. The verdict itself stays as it was."""
    content = json.dumps([str(check_id), body.model_dump(mode="json")], sort_keys=True)
    command = OverrideCheck(
        override_id=body.override_id, check_id=check_id, reason=body.reason, note=body.note, content=content
    )
    mine = desk(request.app)
    async with mine.context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        rules = await mine.rules(tx, tx.today)
        at, overridden = await afterwards.override(
            command, who=who, tx=tx, rules=rules, vault=mine.context.vault
        )
    response.status_code = HTTPStatus.CREATED if overridden else HTTPStatus.OK
    if overridden:
        metrics.OVERRIDES.labels(overridden.compound, overridden.verdict.value, Role.SHIFT_LEADER.value).inc()
    return OverrideAnswer(
        override_id=body.override_id, check_id=check_id, reason=body.reason, overridden_at=at
    )


@router.post(
    "/v1/entry-checks/{check_id}/override/review",
    status_code=HTTPStatus.CREATED,
    summary="Close the review of an override, as headquarters",
    responses={200: {"model": ReviewAnswer, "description": "A repeat: the first answer again."}},
)
async def review_override(
    *, check_id: UUID, body: ReviewBody, who: Caller, context: Working, response: Response
) -> ReviewAnswer:
    """Once an override, never by who overrode. An objection names its reason; what was done at the gate stays."""
    content = json.dumps([str(check_id), body.model_dump(mode="json")], sort_keys=True)
    command = ReviewOverride(
        review_id=body.review_id,
        check_id=check_id,
        outcome=body.outcome,
        objection=body.objection,
        note=body.note,
        content=content,
    )
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        at, fresh = await afterwards.review(command, who=who, tx=tx, vault=context.vault)
    response.status_code = HTTPStatus.CREATED if fresh else HTTPStatus.OK
    return ReviewAnswer(
        review_id=body.review_id,
        check_id=check_id,
        outcome=body.outcome,
        objection=body.objection,
        reviewed_at=at,
    )


@router.post(
    "/v1/entry-checks/{corrects}/corrections",
    status_code=HTTPStatus.CREATED,
    summary="Put a mistyped reading right by a new check",
    responses={200: {"model": EntryCheckAnswer, "description": "A repeat: the first answer again."}},
)
async def correct_check(
    *,
    corrects: UUID,
    body: Annotated[EntryCheckBody, Body(openapi_examples=examples.CHECKS)],
    station: CallingStation,
    context: Working,
    request: Request,
    response: Response,
) -> EntryCheckAnswer:
    """Check the same person again, at the same place and in the same direction; both checks are kept.

    A fever that was mistyped no longer holds the person here, unless another one stands.
    """
    mine = desk(request.app)
    command = await command_of(mine, station, body)
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await mine.rules(tx, tx.today)
        outcome = await afterwards.correct(corrects, command, tx=tx, rules=rules, vault=context.vault)
    if isinstance(outcome, Rejected):
        raise outcome.refusal
    response.status_code = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    return answer_of(body.check_id, outcome)
