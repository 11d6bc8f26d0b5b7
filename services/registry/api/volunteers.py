"""Volunteers over HTTP: application, vetting (R6.2)."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.registry.api.common import Instant, PersonName, Phone, Running, cause, roles_of
from services.registry.api.premises import PlaceCode
from services.registry.domain.people import Sex
from services.registry.domain.workers import ApplicationUnknown, ReasonMissing, VolunteerRefusal
from services.registry.handlers import volunteers as handlers
from services.registry.handlers.volunteers import Application
from services.registry.store import premises
from services.registry.store import volunteers as store
from shared.audit.noting import note_reads
from shared.http.access import Caller, OutOfScope, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["workers"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))

State = Literal["received", "accepted", "refused"]


class ApplicationBody(Body):
    """Somebody would serve as a volunteer where they live. Only staff may say who that is in the book."""

    application_id: UUID
    name: PersonName
    sex: Sex
    phone: Phone
    home_compound: PlaceCode
    person_ref: UUID | None = None


class Received(Answer):
    """The application is written down."""

    application_id: UUID
    state: State


class ApplicationLine(Answer):
    """An application, without who applied."""

    application_id: UUID
    home_compound_id: str
    via: Literal["public", "desk", "survey"]
    state: State
    reason: VolunteerRefusal | None
    received_at: datetime
    settled_at: datetime | None
    worker_ref: UUID | None


class ApplicationAnswer(ApplicationLine):
    """An application and who applied."""

    name: str = Field(repr=False)
    sex: Sex
    phone: str = Field(repr=False)
    person_ref: UUID | None


class Settlement(Body):
    """Accept the applicant, or refuse with a reason."""

    outcome: Literal["accepted", "refused"]
    reason: VolunteerRefusal | None = None


@router.post("/v1/volunteers", summary="Apply as a volunteer", status_code=201)
async def apply(body: ApplicationBody, who: Caller, context: Running, response: Response) -> Received:
    """Write an application down, by anybody or at the desk. The same one twice is one (200)."""
    staff = who.kind == "staff"
    if body.person_ref is not None and not staff:
        raise OutOfScope("只有工作人员可以填写此项。Only staff may fill this in.", field="person_ref")
    application = Application(**body.model_dump(), via="desk" if staff else "public")
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        new = await handlers.apply(application, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return Received(application_id=body.application_id, state="received")


@router.get("/v1/volunteers", summary="Applications of volunteers")
async def list_applications(
    *,
    who: Caller,
    context: Running,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ApplicationLine]:
    """List applications from the caller's compounds in the order in which they came, without who applied."""
    at, last = _AFTER.read(after) if after else _FIRST
    async with context.database.read() as conn:
        compounds = [
            one.compound_id
            for one in (await premises.compounds(conn)).values()
            if who.reaches(compound=one.compound_id, neighbourhood=one.neighbourhood_id)
        ]
        rows = await store.page(conn, compounds, state=state, after=(at, last), limit=limit + 1)
    items = [ApplicationLine(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    cut = _AFTER.write(items[-1].received_at, items[-1].application_id) if more else None
    return Page(items=items, next=cut)


@router.get("/v1/volunteers/{application_id}", summary="An application")
async def read_application(application_id: UUID, who: Caller, context: Running) -> ApplicationAnswer:
    """Tell an application and who applied; that it was read is written down."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = _reached(await store.one(tx, application_id), who)
        name, sex, phone = await handlers.opened(row, context.vault)
        await note_reads(tx, role=roles_of(who), action="volunteer.read", refs=[application_id])
    return ApplicationAnswer(
        **_line(row).model_dump(), name=name, sex=sex, phone=phone, person_ref=row["person_ref"]
    )


@router.post("/v1/volunteers/{application_id}/settlement", summary="Accept or refuse a volunteer")
async def settle(application_id: UUID, body: Settlement, who: Caller, context: Running) -> ApplicationLine:
    """Accept the applicant, who becomes a worker of kind `volunteer`, or refuse with a reason."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        _reached(await store.one(tx, application_id), who)
        if body.outcome == "accepted":
            row = await handlers.accept(application_id, tx=tx, vault=context.vault)
        elif body.reason is None:
            raise ReasonMissing("请写明原因。Say why.", field="reason")
        else:
            row = await handlers.refuse(application_id, body.reason, tx=tx)
    return _line(row)


def _reached(row: asyncpg.Record | None, who: Principal) -> asyncpg.Record:
    if row is None:
        raise ApplicationUnknown("没有这份申请。There is no such application.", field="application_id")
    who.require_compound(CompoundId(row["home_compound_id"]), neighbourhood=row["neighbourhood_id"])
    return row


def _line(row: asyncpg.Record) -> ApplicationLine:
    return ApplicationLine(**{name: row[name] for name in ApplicationLine.model_fields})
