"""Registering people and correcting what the book says of them, over HTTP (R4.3, Identity, P2, P3, P4)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints, model_validator

from services.registry import metrics
from services.registry.api.common import Day, PersonName, PhoneOrNone, Running, cause, keeper_of
from services.registry.api.identities import DocumentBody, document_of, documents_of, sex_and_birth
from services.registry.api.people_scope import require_dwelling, require_person
from services.registry.domain.people import RegisteredMeanwhile, Relation, Sex
from services.registry.domain.people_life import ActKind
from services.registry.handlers import people_changes as handlers
from services.registry.handlers.people import NewPerson
from services.registry.handlers.people_acts import Asked
from services.registry.handlers.people_changes import Correction, Newcomer, StayAt
from services.registry.store.people_acts import Act
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body

router = APIRouter(tags=["people"])
_TRIES = 3

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Division = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class ActBody(Body):
    """A change. `change_id` is made by the client and makes a repeat harmless."""

    change_id: UUID

    def content(self) -> str:
        """What makes a repeat a repeat."""
        return self.model_dump_json(exclude={"change_id"})


class HomeBody(Body):
    """A dwelling at which somebody is registered. An owner who lives elsewhere is not `resident`."""

    dwelling_id: UUID
    relation: Relation
    resident: bool = True
    registered_on: Day | None = Field(default=None, description="Today where it is left out.")


class IdentityBody(Body):
    """Who somebody is. Sex and birth date may be left out where a resident ID tells them."""

    name: PersonName = Field(examples=["司徒南星"])
    documents: list[DocumentBody] = Field(default=[], max_length=5)
    phone: PhoneOrNone = ""
    sex: Sex | None = None
    born: Day | None = None
    origin_code: Division | None = Field(default=None, description="Registered origin (GB/T 2260).")


class RegisterBody(IdentityBody, ActBody):
    """Somebody to be registered; a newborn has no document yet and names a guardian at the same dwelling (P2)."""

    homes: list[HomeBody] = Field(min_length=1, max_length=10)
    guardian_ref: UUID | None = None

    @model_validator(mode="after")
    def _each_dwelling_once(self) -> Self:
        if len({home.dwelling_id for home in self.homes}) < len(self.homes):
            raise ValueError("每套房屋只填一次。Name each dwelling once.")
        return self


class CorrectionBody(ActBody):
    """What is to be said instead, and why; what is left out stays."""

    name: PersonName | None = None
    sex: Sex | None = None
    born: Day | None = None
    origin_code: Division | None = None
    guardian_ref: UUID | None = None
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.model_fields_set - {"change_id", "reason"}):
            raise ValueError("请填写要更正的内容。Name what is to be corrected.")
        return self


class AddDocumentBody(ActBody, DocumentBody):
    """A document of the same person: a renewed passport, or a newborn's first ID."""


class WithdrawDocumentBody(ActBody, DocumentBody):
    """A document that was attached to the wrong person, and how that is known."""

    reason: Reason


class PhoneBody(ActBody):
    """The phone from now on; empty where there is none. The one before stays in the history."""

    phone: PhoneOrNone


class ResidenceBody(ActBody, HomeBody):
    """As what somebody is at a dwelling, from when on, and whether they live there."""


class ActAnswer(Answer):
    """A change as it was carried out, also when it is asked for again."""

    change_id: UUID
    kind: ActKind
    effective_on: date
    people: list[UUID]
    recorded_at: datetime


class RegisteredAnswer(ActAnswer):
    """The person, under their pseudonym. `outcome`: known people were found by document, or by name at the dwelling."""

    person_ref: UUID
    outcome: Literal["new", "known"]


def told(act: Act) -> ActAnswer:
    """An act as it is answered."""
    return ActAnswer(
        change_id=act.change_id,
        kind=ActKind(act.kind),
        effective_on=act.effective_on,
        people=list(act.people),
        recorded_at=act.recorded_at,
    )


def newcomer_of(body: IdentityBody, homes: list[HomeBody], guardian: UUID | None, today: date) -> Newcomer:
    """Somebody as they are stated, with the dwellings they are at.

    Raises:
        PersonIncomplete: sex or birth date is missing, or a document cannot be read.
    """
    documents = documents_of(body.documents, field="documents")
    sex, born = sex_and_birth(documents, body.sex, body.born)
    stays = tuple(
        StayAt(
            dwelling_id=home.dwelling_id,
            relation=home.relation,
            resident=home.resident,
            registered_on=home.registered_on or today,
        )
        for home in homes
    )
    person = NewPerson(
        name=body.name,
        sex=sex,
        born=born,
        documents=tuple(documents),
        phone=body.phone,
        origin_code=body.origin_code,
        registered_on=stays[0].registered_on,
    )
    return Newcomer(person=person, stays=stays, guardian_ref=guardian)


@router.post("/v1/people", summary="Register a person", status_code=201)
async def register_person(
    body: RegisterBody, who: Caller, context: Running, response: Response
) -> RegisteredAnswer:
    """Register somebody with documents, phone and dwellings; or find that they are in the book (200).

    Whoever holds a verified document is the person; else the same name and birth date at the first dwelling is. A
    document whose check fails is kept as unverified with its error.
    """
    act, new = await _register(body, who, context)
    metrics.REGISTRATIONS.labels("person", "api", "new" if new else "duplicate").inc()
    response.status_code = 201 if new else 200
    return RegisteredAnswer(
        **told(act).model_dump(), person_ref=act.people[-1], outcome="new" if new else "known"
    )


async def _register(body: RegisterBody, who: Principal, context: Context) -> tuple[Act, bool]:
    for attempt in range(1, _TRIES + 1):
        try:
            async with context.database.begin(actor=who.subject, cause=cause()) as tx:
                for home in body.homes:
                    await require_dwelling(tx, who, home.dwelling_id)
                newcomer = newcomer_of(body, body.homes, body.guardian_ref, tx.today)
                asked = Asked(
                    change_id=body.change_id,
                    kind=ActKind.REGISTERED,
                    effective_on=newcomer.person.registered_on,
                    content=body.content(),
                )
                return await handlers.register(newcomer, asked, tx=tx, keeper=keeper_of(context))
        except RegisteredMeanwhile:  # now the person is in the book: look again
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


@router.post("/v1/people/{person_ref}/corrections", summary="Correct a person")
async def correct_person(person_ref: UUID, body: CorrectionBody, who: Caller, context: Running) -> ActAnswer:
    """Correct name, sex, birth date, registered origin or guardian; what was said before stays in the history."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        asked = _asked(body, ActKind.CORRECTED, person_ref, tx.today, body.reason)
        correction = Correction(
            name=body.name,
            sex=body.sex,
            born=body.born,
            origin_code=body.origin_code,
            guardian_ref=body.guardian_ref,
        )
        act = await handlers.correct(person_ref, correction, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/people/{person_ref}/documents", summary="Attach a document")
async def add_document(person_ref: UUID, body: AddDocumentBody, who: Caller, context: Running) -> ActAnswer:
    """Attach another document to the same person. `document_of_another`: somebody else of the book holds it."""
    document = document_of(body, field="number")
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        asked = _asked(body, ActKind.DOCUMENT_ADDED, person_ref, tx.today)
        act = await handlers.add_document(person_ref, document, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/people/{person_ref}/documents/withdrawal", summary="Take a wrong document off")
async def withdraw_document(
    person_ref: UUID, body: WithdrawDocumentBody, who: Caller, context: Running
) -> ActAnswer:
    """Take off a document that was attached to the wrong person; it stays in the history."""
    document = document_of(body, field="number")
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        asked = _asked(body, ActKind.DOCUMENT_WITHDRAWN, person_ref, tx.today, body.reason)
        act = await handlers.withdraw_document(person_ref, document, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/people/{person_ref}/phones", summary="Change the phone")
async def change_phone(person_ref: UUID, body: PhoneBody, who: Caller, context: Running) -> ActAnswer:
    """Write down another phone, or that there is none."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        asked = _asked(body, ActKind.PHONE_CHANGED, person_ref, tx.today)
        act = await handlers.change_phone(person_ref, body.phone, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/people/{person_ref}/residences", summary="Set where and as what a person is")
async def set_residence(person_ref: UUID, body: ResidenceBody, who: Caller, context: Running) -> ActAnswer:
    """Add a dwelling of a person, or correct relation, day, and whether they live there (P4)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        await require_dwelling(tx, who, body.dwelling_id)
        stay = StayAt(
            dwelling_id=body.dwelling_id,
            relation=body.relation,
            resident=body.resident,
            registered_on=body.registered_on or tx.today,
        )
        asked = _asked(body, ActKind.RESIDENCE_SET, person_ref, stay.registered_on)
        act = await handlers.set_residence(person_ref, stay, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


def _asked(body: ActBody, kind: ActKind, ref: UUID, day: date, reason: str | None = None) -> Asked:
    return Asked(
        change_id=body.change_id,
        kind=kind,
        effective_on=day,
        content=f"{ref}\n{body.content()}",
        reason=reason,
    )
