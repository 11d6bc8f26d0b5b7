"""Applications for a pass over HTTP: asked at the desk or from home, worked off by a clerk (R2.4, R2.8, P5)."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.registry import metrics
from services.registry.api.common import Instant, PersonName, Phone, Running, cause, roles_of
from services.registry.api.passes import IssuedAnswer, pass_fields, require_reach
from services.registry.domain.applications import (
    Application,
    ApplicationState,
    ApplicationUnknown,
    Colour,
    PaperKind,
    RefusalReason,
    Via,
    not_verified,
)
from services.registry.domain.documents import DocumentKind
from services.registry.domain.passes import unfinished
from services.registry.handlers import applications as handlers
from services.registry.handlers import pass_life, policy
from services.registry.handlers.applications import Apply
from services.registry.store import applications as store
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["pass applications"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))

Note = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class StatedDocument(Body):
    """A document as the applicant writes it; a clerk looks at it later."""

    kind: DocumentKind = Field(examples=["resident_id"])
    number: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class ApplicationBody(Body):
    """Ask for a pass. `application_id` is made by the client and makes a repeat harmless."""

    application_id: UUID
    compound: CompoundId = Field(examples=["lj-001"])
    name: PersonName
    phone: Phone = Field(examples=["19900000000"])
    address: Annotated[str, StringConstraints(min_length=1, max_length=120)] = Field(examples=["8幢2单元501"])
    documents: Annotated[tuple[StatedDocument, ...], Field(max_length=5)] = ()
    papers: Annotated[tuple[PaperKind, ...], Field(max_length=10)] = ()
    suzhou_code: Colour = "none"
    code_seen_at: Instant | None = Field(
        default=None, description="When the colour was shown; now if absent."
    )


class ReceiptAnswer(Answer):
    """Keep `receipt`: it is the only way to ask or to withdraw from home."""

    application_id: UUID
    receipt: str


class ReceiptBody(Body):
    """A receipt code; small letters and dashes do not matter."""

    code: Annotated[str, StringConstraints(min_length=16, max_length=40)]


class StandingAnswer(Answer):
    """How an application stands."""

    state: ApplicationState
    reason: str | None
    held: bool


class ApplicationLine(Answer):
    """An application as lists show it; `held`: its latest colour is yellow or red."""

    application_id: UUID
    compound: str
    via: Via
    state: ApplicationState
    reason: str | None
    suzhou_code: Colour
    code_seen_at: datetime
    held: bool
    papers_verified: list[str]
    person_ref: UUID | None
    pass_id: UUID | None
    received_at: datetime


class PaperAnswer(Answer):
    """A paper that was handed in."""

    kind: str
    verified_at: datetime | None
    verified_by: str | None


class ColourAnswer(Answer):
    """A colour that was seen."""

    colour: Colour
    seen_at: datetime
    recorded_at: datetime
    recorded_by: str


class ApplicationAnswer(ApplicationLine):
    """An application with what was stated. Reading it is recorded.

    `missing`: what is not verified yet, `person` or a group of papers of which one is enough (`lease|ownership`).
    `first_possible`: the first day on which a pass could be issued, where an observation stands and its end is known.
    """

    stated: dict[str, Any] | None
    gate_answers: dict[str, Any] | None
    papers: list[PaperAnswer]
    colours: list[ColourAnswer]
    note: str | None
    settled_at: datetime | None
    settled_by: str | None
    missing: list[str]
    first_possible: date | None


class ColourBody(Body):
    """A colour of the Suzhou code and when it was seen."""

    colour: Colour
    seen_at: Instant | None = None


class PaperBody(Body):
    """A paper that the clerk has looked at."""

    kind: PaperKind


class PersonBody(Body):
    """Who of the book the applicant is."""

    person_ref: UUID


class RefusalBody(Body):
    """Why no pass is issued. The note is sealed."""

    reason: RefusalReason
    note: Note | None = None


@router.post("/v1/pass-applications/online", summary="Apply for a pass from home", status_code=201)
async def apply_online(
    body: ApplicationBody, who: Caller, context: Running, response: Response
) -> ReceiptAnswer:
    """Take an application from anybody; its receipt code tells how it stands. The same again is no second (200)."""
    return await _apply(body, "online", who, context, response)


@router.post("/v1/pass-applications", summary="Take an application at the desk", status_code=201)
async def apply_at_desk(
    body: ApplicationBody, who: Caller, context: Running, response: Response
) -> ReceiptAnswer:
    """Take an application of somebody who stands at the desk; the same again is no second (200)."""
    async with context.database.read() as conn:
        await require_reach(conn, body.compound, who)
    return await _apply(body, "desk", who, context, response)


@router.post("/v1/pass-applications/receipts", summary="Ask how an application stands")
async def ask_receipt(body: ReceiptBody, who: Caller, context: Running) -> StandingAnswer:
    """Tell state and reason to whoever holds the receipt code; 404 `receipt_unknown`."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await _found(tx, await handlers.by_receipt(tx, body.code, context.vault))
    return StandingAnswer(state=found.state, reason=found.reason, held=found.held)


@router.post("/v1/pass-applications/withdrawals", summary="Withdraw an application from home")
async def withdraw_by_receipt(body: ReceiptBody, who: Caller, context: Running) -> StandingAnswer:
    """Take an application back with its receipt code."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        application_id = await handlers.by_receipt(tx, body.code, context.vault)
        await handlers.withdraw(application_id, tx=tx)
        found = await _found(tx, application_id)
    return StandingAnswer(state=found.state, reason=found.reason, held=found.held)


@router.get("/v1/pass-applications", summary="The applications of a compound")
async def list_applications(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    *,
    state: Annotated[ApplicationState | None, Query()] = None,
    via: Annotated[Via | None, Query()] = None,
    held: Annotated[
        bool | None, Query(description="Only those whose colour holds them, or only the others.")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ApplicationLine]:
    """List applications in the order in which they came; nothing in the list names a person."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        await require_reach(conn, compound, who)
        rows = await store.page(
            conn, compound, state=state, via=via, held=held, after=(last[0], last[1]), limit=limit + 1
        )
    cut = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[ApplicationLine.model_validate(_line(row)) for row in rows[:limit]],
        next=_AFTER.write(cut.received_at, cut.application_id) if cut else None,
    )


@router.get("/v1/pass-applications/{application_id}", summary="An application")
async def read_application(application_id: UUID, who: Caller, context: Running) -> ApplicationAnswer:
    """Tell what was stated, papers, colours and the first possible day; the reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await _within(tx, application_id, who)
        told = await handlers.opened(tx, found, context.vault)
        papers, colours = await store.papers(tx, application_id), await store.codes(tx, application_id)
        refs = [found.person_ref] if found.person_ref else []
        await note_reads(
            tx,
            action="application.read",
            role=roles_of(who),
            refs=refs,
            scope=f"application:{application_id}",
        )
        possible = await _first_possible(tx, found)
        missing = await _missing(tx, found)
    return ApplicationAnswer.model_validate(
        {
            **_line(found),
            "stated": told.stated,
            "gate_answers": told.answers,
            "papers": [dict(row) for row in papers],
            "colours": [dict(row) for row in colours],
            "note": told.note,
            "settled_at": told.settled_at,
            "settled_by": told.settled_by,
            "missing": missing,
            "first_possible": possible,
        }
    )


@router.post("/v1/pass-applications/{application_id}/colours", summary="Record a Suzhou code")
async def record_colour(
    application_id: UUID, body: ColourBody, who: Caller, context: Running
) -> ApplicationLine:
    """Keep a colour with its time: for reference only; yellow or red holds it until another one is seen."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        await handlers.record_colour(application_id, body.colour, body.seen_at or tx.now, tx=tx)
        return ApplicationLine.model_validate(_line(await _found(tx, application_id)))


@router.post("/v1/pass-applications/{application_id}/papers", summary="Verify a paper")
async def verify_paper(
    application_id: UUID, body: PaperBody, who: Caller, context: Running
) -> ApplicationLine:
    """Note that a paper was looked at; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        await handlers.verify_paper(application_id, body.kind, tx=tx)
        return ApplicationLine.model_validate(_line(await _found(tx, application_id)))


@router.post("/v1/pass-applications/{application_id}/person", summary="Say who the applicant is")
async def name_person(
    application_id: UUID, body: PersonBody, who: Caller, context: Running
) -> ApplicationLine:
    """Link the application with somebody of the book, found or registered before."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        await handlers.name_person(application_id, body.person_ref, tx=tx)
        return ApplicationLine.model_validate(_line(await _found(tx, application_id)))


@router.post("/v1/pass-applications/{application_id}/issue", summary="Issue the pass", status_code=201)
async def issue_pass(application_id: UUID, who: Caller, context: Running, response: Response) -> IssuedAnswer:
    """Issue the pass that was applied for, once; 409 `pass_not_yet` names the first possible day where it is known."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        issued = await handlers.grant(application_id, tx=tx, vault=context.vault)
    if issued.new:
        metrics.PASSES_ISSUED.labels(issued.entry_pass.kind).inc()
    response.status_code = 201 if issued.new else 200
    return IssuedAnswer.model_validate({**pass_fields(issued.entry_pass), "token": issued.token})


@router.post("/v1/pass-applications/{application_id}/refusal", summary="Refuse an application")
async def refuse_application(
    application_id: UUID, body: RefusalBody, who: Caller, context: Running
) -> ApplicationLine:
    """Refuse with a reason; the same again changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        await handlers.refuse(application_id, body.reason, body.note, tx=tx, vault=context.vault)
        return ApplicationLine.model_validate(_line(await _found(tx, application_id)))


@router.post("/v1/pass-applications/{application_id}/withdrawal", summary="Take an application back")
async def withdraw_application(application_id: UUID, who: Caller, context: Running) -> ApplicationLine:
    """Withdraw it for the applicant; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _within(tx, application_id, who)
        await handlers.withdraw(application_id, tx=tx)
        return ApplicationLine.model_validate(_line(await _found(tx, application_id)))


async def _apply(
    body: ApplicationBody,
    via: Literal["desk", "online"],
    who: Principal,
    context: Context,
    response: Response,
) -> ReceiptAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        cmd = Apply(
            application_id=body.application_id,
            compound=body.compound,
            via=via,
            stated=body.model_dump(mode="json", include={"name", "phone", "address", "documents"}),
            documents=[document.number for document in body.documents],
            papers=body.papers,
            colour=body.suzhou_code,
            code_seen_at=body.code_seen_at or tx.now,
            content=f"{via}\n{body.model_dump_json()}",
        )
        receipt, new = await handlers.apply(cmd, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return ReceiptAnswer(application_id=body.application_id, receipt=receipt)


async def _found(tx: Tx, application_id: UUID) -> Application:
    found = await store.for_update(tx, application_id)
    if found is None:
        raise ApplicationUnknown("没有这份申请。There is no such application.")
    return found


async def _within(tx: Tx, application_id: UUID, who: Principal) -> Application:
    found = await _found(tx, application_id)
    await require_reach(tx, found.compound, who)
    return found


async def _missing(tx: Tx, found: Application) -> list[str]:
    if found.state != "open":
        return []
    rules = (await policy.in_force(tx, tx.today)).document.pass_applications
    return not_verified(found, rules) if rules else []


async def _first_possible(tx: Tx, found: Application) -> date | None:
    if found.person_ref is None or found.state != "open":
        return None
    holder = await pass_life.holder_of(tx, found.person_ref)
    standing = unfinished(holder.observations, tx.today)
    return standing.pass_from if standing and standing.phase in {"pending", "in_force", "completed"} else None


def _line(found: Application) -> dict[str, object]:
    return {
        "application_id": found.application_id,
        "compound": found.compound,
        "via": found.via,
        "state": found.state,
        "reason": found.reason,
        "suzhou_code": found.colour,
        "code_seen_at": found.code_seen_at,
        "held": found.held,
        "papers_verified": sorted(found.papers),
        "person_ref": found.person_ref,
        "pass_id": found.pass_id,
        "received_at": found.received_at,
    }
