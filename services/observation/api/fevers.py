"""Fever paths that are open, what clinics say, and confirmed cases with their close contacts."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.observation.api.models import Day, Running, cause
from services.observation.domain.contacts import Outcome
from services.observation.domain.refusals import ConfirmationUnknown, EpisodeUnknown
from services.observation.handlers import fevers as handlers
from services.observation.handlers.fevers import ClinicResult, Confirmation
from services.observation.store import fevers
from shared.db.pool import Conn
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, DwellingId, PersonRef

router = APIRouter(tags=["fevers"])
_AFTER = Cursor(UUID)
Reason = Annotated[str, Field(min_length=2, max_length=500)]


class EpisodeLine(Answer):
    """A fever path that nobody has closed yet. Without an observation `case_id` is null."""

    episode_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    case_id: UUID | None
    source: Literal["gate", "declaration"]
    opened_at: datetime


class ResultBody(Body):
    """What the fever clinic said."""

    result_id: UUID
    result: ClinicResult
    reason: Reason = Field(examples=["发热门诊排除"])


class ResultAnswer(Answer):
    """What was recorded."""

    result_id: UUID
    episode_id: UUID
    result: ClinicResult
    decided_at: datetime


class ConfirmationBody(Body):
    """Somebody was confirmed ill."""

    confirmation_id: UUID
    person_ref: PersonRef
    confirmed_on: Day
    last_exposure: Day = Field(description="When others were last near the person: day 0 of every contact.")
    contacts: list[PersonRef] = Field(
        default_factory=list, max_length=200, description="Whom the person stated, besides the households."
    )
    reason: Reason = Field(examples=["疾控通报"])


class ContactLine(Answer):
    """One way in which somebody was near. Who has two addresses appears in both."""

    person_ref: PersonRef
    dwelling_id: DwellingId | None
    outcome: Outcome
    case_id: UUID | None


class ConfirmationAnswer(Answer):
    """A confirmed case with its close contacts."""

    confirmation_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    confirmed_on: date
    last_exposure: date
    confirmed_at: datetime
    contacts: list[ContactLine]


@router.get("/v1/fevers", summary="Fever paths that are open")
async def list_fevers(
    who: Caller,
    context: Running,
    case_id: Annotated[UUID | None, Query(description="Only of this case.")] = None,
    *,
    after: After = None,
    limit: Limit = 50,
) -> Page[EpisodeLine]:
    """Tell the open fever paths within the caller's scopes, of people under observation and of others."""
    last = None if after is None else _AFTER.read(after)[0]
    async with context.database.read() as conn:
        rows = await fevers.page(conn, scopes=who.scopes_for(), case_id=case_id, after=last, limit=limit + 1)
    more = _AFTER.write(rows[limit - 1]["episode_id"]) if len(rows) > limit else None
    return Page(items=[EpisodeLine(**dict(row)) for row in rows[:limit]], next=more)


@router.post(
    "/v1/fevers/{episode_id}/results",
    summary="What the fever clinic said",
    status_code=201,
    responses={200: {"model": ResultAnswer, "description": "Sent before: the first answer."}},
)
async def take_result(
    episode_id: UUID, body: ResultBody, who: Caller, context: Running, response: Response
) -> ResultAnswer:
    """Record that somebody was cleared, or stays with the clinic. A confirmed case is said to `/v1/confirmations`."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        episode = await fevers.lock(tx, episode_id)
        if episode is None:
            raise EpisodeUnknown("没有这条发热记录。There is no such fever path.")
        who.require_compound(
            episode["compound"], neighbourhood=episode["neighbourhood"], grid=episode["grid"]
        )
        decided_at, repeated = await handlers.take_result(
            body.result_id,
            body.result,
            body.reason,
            episode_id=episode_id,
            decided_by=who.subject,
            tx=tx,
            vault=context.vault,
        )
    if repeated:
        response.status_code = 200
    return ResultAnswer(
        result_id=body.result_id, episode_id=episode_id, result=body.result, decided_at=decided_at
    )


@router.post(
    "/v1/confirmations",
    summary="Somebody was confirmed ill",
    status_code=201,
    responses={200: {"model": ConfirmationAnswer, "description": "Sent before: the first answer."}},
)
async def confirm(
    body: ConfirmationBody, who: Caller, context: Running, response: Response
) -> ConfirmationAnswer:
    """Make everybody near a close contact from the last exposure, in one step: observed, restarted, or kept as is."""
    who.require_town()
    said = Confirmation(
        confirmation_id=body.confirmation_id,
        person_ref=body.person_ref,
        confirmed_on=body.confirmed_on,
        last_exposure=body.last_exposure,
        contacts=tuple(body.contacts),
        reason=body.reason,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        if await handlers.confirm(said, confirmed_by=who.subject, tx=tx, vault=context.vault):
            response.status_code = 200
        return await _answer(tx, body.confirmation_id)


@router.get("/v1/confirmations/{confirmation_id}", summary="A confirmed case with its close contacts")
async def read_confirmation(confirmation_id: UUID, who: Caller, context: Running) -> ConfirmationAnswer:
    """Tell a confirmed case and whom it made a close contact, in every way in which they were near."""
    who.require_town()
    async with context.database.read() as conn:
        return await _answer(conn, confirmation_id)


async def _answer(conn: Conn, confirmation_id: UUID) -> ConfirmationAnswer:
    kept = await fevers.find_confirmation(conn, confirmation_id)
    if kept is None:
        raise ConfirmationUnknown("没有这条确诊记录。There is no such confirmed case.")
    return ConfirmationAnswer(
        confirmation_id=kept["confirmation_id"],
        person_ref=kept["person_ref"],
        compound=kept["compound"],
        confirmed_on=kept["confirmed_on"],
        last_exposure=kept["last_exposure"],
        confirmed_at=kept["confirmed_at"],
        contacts=[ContactLine(**dict(row)) for row in await fevers.contacts(conn, confirmation_id)],
    )
