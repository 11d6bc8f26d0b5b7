"""Filling a household form in online: links for a building, a session, the form, and its confirmation (R4.2)."""

import csv
import io
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Running, cause, roles_of
from services.registry.api.survey_bodies import (
    FindingBody,
    FormBody,
    MemberBody,
    Note,
    OfferBody,
    SubmissionAnswer,
)
from services.registry.api.survey_forms import hand_in, target_within
from services.registry.api.surveys import grids_within
from services.registry.domain.people import masked_name, masked_phone
from services.registry.domain.premises import AddressKey
from services.registry.domain.survey_forms import FormOutcome, SubmissionUnknown
from services.registry.domain.survey_links import LinkUnknown
from services.registry.handlers import people_reading, survey_people
from services.registry.handlers import survey_links as handlers
from services.registry.handlers.survey_files import filed
from services.registry.handlers.survey_forms import SubmitForm
from services.registry.handlers.survey_links import IssueLinks
from services.registry.store import survey_forms as form_store
from services.registry.store import survey_links as store
from shared.audit.noting import note_reads
from shared.db.pool import Conn, Database
from shared.http.access import Caller, Grant, Principal, Role, Scope, ScopeKind
from shared.http.auth import Authenticator, TokenRefused
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId
from shared.kernel.links import digest

router = APIRouter(tags=["survey online"])
_SUBJECT = "survey-link:"
_BOM = "\ufeff"
_PRIVATE = {"Cache-Control": "no-store"}


class LinksBody(Body):
    """Links for a building. `issue_id` is made by the client; links that are in use are kept unless replaced."""

    issue_id: UUID
    compound: CompoundId
    building: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(examples=["8幢"])
    replace: bool = False


class LinkAnswer(Answer):
    """A link, shown this once: the token belongs behind the `#` of the printed address."""

    link_id: UUID
    dwelling_id: UUID
    room: str
    token: str


class LinksAnswer(Answer):
    """Links for the dwellings of a building that have no final result yet."""

    links: list[LinkAnswer]


class SurveySessionBody(Body):
    """A link's token, from the fragment of its address."""

    token: Annotated[str, StringConstraints(min_length=16, max_length=200)]
    device_key: Annotated[str, StringConstraints(min_length=22, max_length=200)] | None = Field(
        default=None,
        description="A random value of this browser: with it, a repeat is answered like the first time.",
    )


class SurveySessionAnswer(Answer):
    """The secret of a session: `Authorization: Link <session>`."""

    session: str


class MyResident(Answer):
    """Somebody whom the record has at the dwelling, masked."""

    person_ref: UUID
    name: str
    relation: Literal["owner", "tenant", "dependant"]


class MyFormAnswer(Answer):
    """What the household begins with. `state`: `to_confirm` once it was filled in."""

    room: str
    state: str
    residents: list[MyResident]


class MyFormBody(Body):
    """A household's own form; a grid worker confirms or corrects it."""

    submission_id: UUID
    members: tuple[MemberBody, ...] = Field(min_length=1, max_length=30)
    findings: tuple[FindingBody, ...] = Field(default=(), max_length=20)
    offers: tuple[OfferBody, ...] = Field(default=(), max_length=20)
    note: Note | None = None


class MyReceipt(Answer):
    """The form arrived; it is not final until a grid worker confirms it."""

    submission_id: UUID
    state: str
    final: bool


class FiledMember(Answer):
    """A member as the form states them, masked."""

    state: Literal["present", "gone", "new"]
    person_ref: UUID | None
    name: str | None
    phone: str | None
    relation: str | None


class FiledAnswer(Answer):
    """A form as it was handed in. Reading it is recorded."""

    submission_id: UUID
    source: Literal["worker", "online", "clerk"]
    standing: Literal["current", "conflicting", "kept"]
    outcome: FormOutcome
    members: list[FiledMember]
    findings: list[FindingBody]
    offers: list[OfferBody]
    note: str | None


class ConfirmationBody(Body):
    """Confirm a household's form as it stands; the confirmation is a form of its own, with a client-made id."""

    submission_id: UUID


def link_authenticator(database: Database) -> Authenticator:
    """Make the authenticator behind `Authorization: Link <session>`."""

    async def authenticate(credential: str, _app: FastAPI) -> Principal:
        async with database.read() as conn:
            link = await store.session(conn, digest(credential))
        if link is None or link["revoked_at"] is not None or link["closed_at"] is not None:
            raise TokenRefused("link session unknown, withdrawn or over")
        scope = Scope(kind=ScopeKind.COMPOUND, id=link["compound_id"])
        return Principal(
            kind="resident",
            subject=f"{_SUBJECT}{link['link_id']}",
            grants=(Grant(role=Role.RESIDENT, scope=scope),),
        )

    return authenticate


@router.post(
    "/v1/survey-rounds/{round_id}/links",
    summary="Make a building's links",
    status_code=201,
    response_model=LinksAnswer,
    responses={201: {"content": {"text/csv": {}}, "description": "The links, shown this once."}},
)
async def issue_links(
    round_id: UUID,
    body: LinksBody,
    who: Caller,
    context: Running,
    as_: Annotated[Literal["json", "csv"], Query(alias="as", description="csv: a list to print.")] = "json",
) -> Any:
    """Make personal links for a building's dwellings, shown this once; they are valid for the round."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await grids_within(tx, who, body.compound)
        cmd = IssueLinks(round_id=round_id, **dict(body))
        made = await handlers.issue(cmd, tx=tx)
    if as_ == "csv":
        text = io.StringIO()
        rows = csv.writer(text)
        public = context.settings.public_url
        address = public.rstrip("/") + "/survey/open#" if public else ""
        rows.writerow(["房屋", "链接口令"] + ["链接"] * bool(address))
        rows.writerows([one.room, one.token] + [address + one.token] * bool(address) for one in made)
        return Response(_BOM + text.getvalue(), 201, _PRIVATE, "text/csv; charset=utf-8")
    answer = LinksAnswer(
        links=[
            LinkAnswer(link_id=one.link_id, dwelling_id=one.dwelling_id, room=one.room, token=one.token)
            for one in made
        ]
    )
    return Response(answer.model_dump_json(), 201, _PRIVATE, "application/json")


@router.delete(
    "/v1/survey-rounds/{round_id}/dwellings/{dwelling_id}/link", summary="Withdraw a link", status_code=204
)
async def revoke_link(round_id: UUID, dwelling_id: UUID, who: Caller, context: Running) -> None:
    """Withdraw a dwelling's link and its session at once."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await target_within(tx, who, round_id, dwelling_id)
        if not await store.revoke(tx, round_id, dwelling_id):
            raise LinkUnknown("该户没有有效的链接。The dwelling has no link.")


@router.post("/v1/survey-link-sessions", summary="Open a household's link")
async def open_session(body: SurveySessionBody, _who: Caller, context: Running) -> SurveySessionAnswer:
    """Exchange a link's token for a session. The browser that does so first keeps it; another needs a new link."""
    async with context.database.begin(actor="public", cause=cause()) as tx:
        return SurveySessionAnswer(session=await handlers.open_session(body.token, body.device_key, tx=tx))


@router.get("/v1/me/survey", summary="My household's form")
async def read_my_form(who: Caller, context: Running) -> MyFormAnswer:
    """Tell who lives here by the record, masked. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        round_id, dwelling_id = await _own(tx, who)
        target = await target_within(tx, who, round_id, dwelling_id)
        stays = [
            row
            for row in await tx.fetch(form_store.STAYS, dwelling_id)
            if row["resident"] and row["ended_on"] is None
        ]
        refs = [row["person_ref"] for row in stays]
        profiles = await people_reading.by_pseudonym(tx, refs, context.vault)
        stays = survey_people.each_once(stays, profiles)
        await note_reads(
            tx,
            action="survey_form.read.masked",
            role=roles_of(who),
            refs=list(profiles),
            scope=f"compound:{target['compound_id']}",
        )
    return MyFormAnswer(
        room=AddressKey(target["compound_id"], target["building"], target["unit"], target["room"]).shown(),
        state=target["outcome"] or "open",
        residents=[
            MyResident(
                person_ref=row["person_ref"],
                name=masked_name(profiles[row["person_ref"]].name),
                relation=row["relation"],
            )
            for row in stays
        ],
    )


@router.post("/v1/me/survey", summary="Fill my household's form in", status_code=201)
async def fill_in(body: MyFormBody, who: Caller, context: Running, response: Response) -> MyReceipt:
    """Keep a household's own form; it changes nothing in the book and is not final until a worker confirms it."""
    async with context.database.read() as conn:
        round_id, dwelling_id = await _own(conn, who)
    form = FormBody(
        outcome=FormOutcome.DONE,
        visited_at=context.clock.now(),
        members=body.members,
        findings=body.findings,
        offers=body.offers,
        note=body.note,
    ).form()
    cmd = SubmitForm(
        submission_id=body.submission_id,
        round_id=round_id,
        dwelling_id=dwelling_id,
        source="online",
        corrects=None,
        form=form,
        content=f"{round_id}\n{dwelling_id}\n{body.model_dump_json(exclude={'submission_id'})}",
    )
    taken, new = await hand_in(cmd, who, context)
    response.status_code = 201 if new else 200
    return MyReceipt(submission_id=taken.submission_id, state=taken.state, final=taken.final)


@router.get("/v1/survey-submissions/{submission_id}", summary="A form as it was handed in")
async def read_submission(submission_id: UUID, who: Caller, context: Running) -> FiledAnswer:
    """Tell a form with names and phones masked, to confirm or correct it. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await form_store.submission(tx, submission_id)
        if row is None:
            raise SubmissionUnknown("没有这份登记。There is no such form.", field="submission_id")
        target = await target_within(tx, who, row["round_id"], row["dwelling_id"])
        kept, standing = await filed(tx, row, context.vault)
        refs = [one.person_ref for one in kept.form.members if one.person_ref]
        known = await people_reading.by_pseudonym(tx, refs, context.vault)
        await note_reads(
            tx,
            action="survey_submission.read",
            role=roles_of(who),
            refs=refs,
            scope=f"compound:{target['compound_id']}",
        )
    members: list[FiledMember] = []
    for one in kept.form.members:
        name = (
            one.stated.name if one.stated else known[one.person_ref].name if one.person_ref in known else None
        )
        phone = one.stated.phone if one.stated else ""
        members.append(
            FiledMember(
                state=one.state,
                person_ref=one.person_ref,
                name=masked_name(name) if name else None,
                phone=masked_phone(phone) if phone else None,
                relation=one.stated.relation.value if one.stated else None,
            )
        )
    return FiledAnswer(
        submission_id=submission_id,
        source=kept.source,
        standing=standing.value,
        outcome=kept.form.outcome,
        members=members,
        findings=[FindingBody.of(one) for one in kept.form.findings],
        offers=[OfferBody(member=one.member, kind=one.kind, note=one.note) for one in kept.form.offers],
        note=kept.form.note,
    )


@router.post(
    "/v1/survey-submissions/{submission_id}/confirmation",
    summary="Confirm a household's form",
    status_code=201,
)
async def confirm(
    submission_id: UUID, body: ConfirmationBody, who: Caller, context: Running, response: Response
) -> SubmissionAnswer:
    """Confirm what a household filled in as it stands: it becomes the record, and the book says it.

    To correct it instead, hand in a form of your own: a worker's outweighs the household's.
    """
    async with context.database.read() as conn:
        cmd = await handlers.confirmation(
            conn,
            submission_id,
            confirmed_as=body.submission_id,
            now=context.clock.now(),
            vault=context.vault,
        )
    taken, new = await hand_in(cmd, who, context)
    response.status_code = 201 if new else 200
    return SubmissionAnswer.of(taken)


async def _own(conn: Conn, who: Principal) -> tuple[UUID, UUID]:
    row = await conn.fetchrow(store.LIVE, UUID(who.subject.removeprefix(_SUBJECT)))
    if row is None:
        raise TokenRefused("link withdrawn since the request was let in")
    return row["round_id"], row["dwelling_id"]
