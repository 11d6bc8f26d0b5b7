"""Finding and reading people over HTTP: masked unless the role may see, audited always (Data and law, H3)."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import StringConstraints, model_validator

from services.registry.api.common import Running, cause, roles_of
from services.registry.api.people_scope import require_person
from services.registry.domain.documents import masked_number
from services.registry.domain.people import masked_name, masked_phone
from services.registry.handlers import people_reading as handlers
from services.registry.handlers.people_reading import Living, Profile, Wanted
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.http.access import Caller, Principal, Role
from shared.http.models import Answer, Body
from shared.http.problem import NotFound

router = APIRouter(tags=["people"])

MOST = 20
"""So many people are listed for one question; a question that fits more is too wide."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class LookupBody(Body):
    """Exactly one way of naming whom one looks for. In the body, because a URL is logged on the way."""

    document: Word | None = None
    phone: Word | None = None
    name: Word | None = None
    surname: Word | None = None
    dwelling_id: UUID | None = None
    reason: Word | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        at_home = self.surname is not None and self.dwelling_id is not None
        if (self.surname is None) != (self.dwelling_id is None):
            raise ValueError("姓氏和房屋编号须同时填写。surname and dwelling_id go together.")
        if sum((self.document is not None, self.phone is not None, self.name is not None, at_home)) != 1:
            raise ValueError(
                "证件号码、手机号、姓名、姓氏加房屋编号，只填一种。"
                "Name exactly one of document, phone, name, surname with dwelling_id."
            )
        return self


class DocumentAnswer(Answer):
    """A document; the number is masked unless the caller may see it."""

    kind: str
    number: str
    verified: bool
    error: str | None


class HomeAnswer(Answer):
    """Where and as what somebody lives."""

    compound: str
    dwelling_id: UUID
    grid_id: str
    room: str
    relation: Literal["owner", "tenant", "dependant"]
    resident: bool
    registered_on: date


class PersonAnswer(Answer):
    """A person as the caller may see them. `masked`: name, documents, phone and birth date are shortened."""

    person_ref: UUID
    masked: bool
    name: str
    sex: str
    born: str
    phone: str | None
    documents: list[DocumentAnswer]
    homes: list[HomeAnswer]
    guardian_ref: UUID | None
    died_on: date | None


class LookupAnswer(Answer):
    """Who was found within the caller's scope. `more`: the question fits more people than are listed."""

    people: list[PersonAnswer]
    more: bool


@router.post("/v1/people/lookup", summary="Look for a person")
async def look_up(body: LookupBody, who: Caller, context: Running) -> LookupAnswer:
    """Find people by document, phone, full name, or surname at a dwelling. Masked, and written to the audit log.

    An empty phone never matches anybody. People outside the caller's scope are not listed.
    """
    wanted = Wanted(
        document=body.document,
        phone=body.phone,
        name=body.name,
        surname=body.surname,
        dwelling_id=body.dwelling_id,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        refs = await handlers.find(tx, wanted, context.vault, limit=MOST + 1)
        found = await handlers.profiles(tx, refs[:MOST], context.vault)
        seen = [profile for profile in found if _reaches(who, profile)]
        await note_reads(
            tx,
            role=roles_of(who),
            action=f"people.lookup.{wanted.by}",
            refs=[profile.person_ref for profile in seen],
            reason=await reasons.sealed(context.vault, body.reason),
        )
    return LookupAnswer(people=[answer_of(profile, masked=True) for profile in seen], more=len(refs) > MOST)


@router.get("/v1/people/{person_ref}", summary="Read a person")
async def read_person(person_ref: UUID, who: Caller, context: Running) -> PersonAnswer:
    """Tell a person: in full to a community clerk within scope, masked to others. Written to the audit log."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.profiles(tx, [person_ref], context.vault)
        if not found:
            raise NotFound("没有这个人。There is no such person.")
        profile = found[0]
        await require_person(tx, who, person_ref)
        masked = not who.has(Role.COMMUNITY_CLERK)
        action = "people.read.masked" if masked else "people.read"
        await note_reads(tx, role=roles_of(who), action=action, refs=[person_ref])
    return answer_of(profile, masked=masked)


def _reaches(who: Principal, profile: Profile) -> bool:
    return any(_within(who, living) for living in profile.homes)


def _within(who: Principal, living: Living) -> bool:
    home = living.home
    return who.reaches(compound=home.key.compound_id, neighbourhood=living.neighbourhood, grid=home.grid_id)


def answer_of(profile: Profile, *, masked: bool) -> PersonAnswer:
    """A person as a caller may see them."""
    return PersonAnswer(
        person_ref=profile.person_ref,
        masked=masked,
        name=masked_name(profile.name) if masked else profile.name,
        sex=profile.sex,
        born=f"{profile.born.year}" if masked else profile.born.isoformat(),
        phone=(masked_phone(profile.phone) if masked else profile.phone) or None,
        documents=[
            DocumentAnswer(
                kind=document.kind.value,
                number=masked_number(document.number) if masked else document.number,
                verified=document.verified,
                error=document.error,
            )
            for document in profile.documents
        ],
        homes=[
            HomeAnswer(
                compound=living.home.key.compound_id,
                dwelling_id=living.home.dwelling_id,
                grid_id=living.home.grid_id,
                room=living.home.key.shown(),
                relation=living.relation.value,
                resident=living.resident,
                registered_on=living.registered_on,
            )
            for living in profile.homes
        ],
        guardian_ref=profile.guardian_ref,
        died_on=profile.died_on,
    )
