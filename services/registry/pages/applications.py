"""Applications for a pass at the desk: the queue, a case with its papers, the pass or why not (R2.4, 4.5)."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import applications as api
from services.registry.api import people as people_api
from services.registry.api.applications import (
    ApplicationAnswer,
    ApplicationBody,
    ColourBody,
    PaperBody,
    PersonBody,
    RefusalBody,
)
from services.registry.api.common import Running
from services.registry.api.people import LookupBody, PersonAnswer
from services.registry.domain.applications import ApplicationState, Colour, PaperKind, RefusalReason, Via
from services.registry.domain.documents import DocumentKind
from services.registry.pages.common import (
    Ask,
    Hidden,
    acting,
    leads_to,
    may,
    pages_of,
    places_of,
    status_of,
    views_at,
)
from services.registry.pages.entered import Entered, Typed, judged, told_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 50
_READ_PERSON = "GET /v1/people/{person_ref}"
_ISSUE = "POST /v1/pass-applications/{application_id}/issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found on the way: people who may be the applicant, or what was refused."""

    candidates: list[PersonAnswer] = field(default_factory=list)
    looked: bool = False
    refused: Refusal | None = None


@router.get("/applications")
async def application_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    state: Annotated[ApplicationState | Literal["all"], Query()] = "open",
    via: Annotated[Via | Literal[""], Query()] = "",
    held: Annotated[bool, Query()] = False,
    said: Annotated[Literal["none_chosen", ""], Query()] = "",
    hidden: Hidden = None,
    after: After = None,
) -> Response:
    """List applications, the oldest first; nothing in the list names a person."""
    places = await places_of(context, who, compound)
    page = (
        await api.list_applications(
            places.id,
            who,
            context,
            state=None if state == "all" else state,
            via=via or None,
            held=held or None,
            after=after,
            limit=_SHOWN,
        )
        if places.chosen
        else None
    )
    given = {"state": state, "via": via, "held": "true" if held else ""}
    return pages_of(request).render(
        request,
        "application_list.html",
        none_chosen=said == "none_chosen",
        views=await views_at(Ask(request, who, context), places),
        hidden=frozenset(hidden or ()),
        places=places,
        page=page,
        given=given,
        kept="&".join(f"{name}={value}" for name, value in given.items() if value),
        vias=get_args(Via),
        states=["open", "issued", "refused", "withdrawn", "all"],
        paged=after is not None,
        told=None,
        now=context.clock.now(),
        today=context.clock.today(),
        may_open=may(who, "GET /v1/pass-applications/{application_id}"),
        may_take=may(who, "POST /v1/pass-applications"),
    )


@router.get("/applications/new")
async def application_form(
    request: Request, who: Caller, context: Running, compound: CompoundId | None = None
) -> Response:
    """Show the form for somebody who stands at the desk."""
    typed = Entered.of(
        application_id=str(uuid7()),
        compound=compound or "",
        documents__0__kind=DocumentKind.RESIDENT_ID.value,
        suzhou_code="none",
    )
    return await _form(request, who, context, typed)


@router.post("/applications/new")
async def take(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Take an application; its case is the next page."""
    stated = typed.nested(lists=["papers"])
    kept = {name: value for name, value in stated.items() if name in ApplicationBody.model_fields}
    if not typed["documents.0.number"]:
        kept.pop("documents", None)
    try:
        body = judged(ApplicationBody, kept)
        await api.apply_at_desk(body, who, context, Response())
    except Refusal as refused:
        return await _form(request, who, context, typed, refused=refused)
    return leads_to(request, f"/applications/{body.application_id}")


@router.get("/applications/{application_id}")
async def application(request: Request, application_id: UUID, who: Caller, context: Running) -> Response:
    """Show a case: what was stated, who it is in the book, papers, colours, and what is still missing."""
    return await _case(Ask(request, who, context), application_id, Entered.of(), Seen())


@router.post("/applications/{application_id}")
async def work_on(
    request: Request, application_id: UUID, who: Caller, context: Running, typed: Typed
) -> Response:
    """Do one thing about a case; what is refused is said on the case."""
    try:
        if typed["act"] == "find":
            found = await _candidates(application_id, who, context)
            return await _case(
                Ask(request, who, context), application_id, typed, Seen(candidates=found, looked=True)
            )
        issued = await _do(application_id, acting(who, _ISSUE), context, typed)
    except Refusal as refused:
        return await _case(Ask(request, who, context), application_id, typed, Seen(refused=refused))
    return leads_to(request, f"/passes/{issued}?issued=1" if issued else f"/applications/{application_id}")


async def _do(application_id: UUID, who: Principal, context: Context, typed: Entered) -> UUID | None:
    """The act that was asked for; the pass where one was issued."""
    match typed["act"]:
        case "colour":
            colour = judged(ColourBody, {"colour": typed["colour"]})
            await api.record_colour(application_id, colour, who, context)
        case "paper":
            await api.verify_paper(application_id, judged(PaperBody, {"kind": typed["kind"]}), who, context)
        case "person":
            person = judged(PersonBody, {"person_ref": typed["person_ref"]})
            await api.name_person(application_id, person, who, context)
        case "refuse":
            stated = {name: typed[name] for name in ("reason", "note") if typed[name]}
            await api.refuse_application(application_id, judged(RefusalBody, stated), who, context)
        case "withdraw":
            await api.withdraw_application(application_id, who, context)
        case "issue":
            return (await api.issue_pass(application_id, who, context, Response())).pass_id
    return None


async def _candidates(application_id: UUID, who: Principal, context: Context) -> list[PersonAnswer]:
    """People of the book with a document, the phone or the name that the applicant stated."""
    stated: dict[str, Any] = (await api.read_application(application_id, who, context)).stated or {}
    asked = [LookupBody(document=one["number"]) for one in stated.get("documents") or [] if one["number"]]
    asked += [LookupBody(**{name: stated[name]}) for name in ("phone", "name") if stated.get(name)]
    found: dict[UUID, PersonAnswer] = {}
    for body in asked:
        answer = await people_api.look_up(body, acting(who, "POST /v1/people/lookup"), context)
        found |= {one.person_ref: one for one in answer.people}
    return list(found.values())


async def _person(one: ApplicationAnswer, who: Principal, context: Context) -> PersonAnswer | None:
    """Who the applicant is in the book, where the caller may read them."""
    if one.person_ref is None:
        return None
    try:
        return await people_api.read_person(one.person_ref, acting(who, _READ_PERSON), context)
    except Refusal:  # elsewhere in town, or erased: the case is worked on all the same
        return None


async def _case(ask: Ask, application_id: UUID, typed: Entered, seen: Seen) -> Response:
    request, who, context = ask.request, ask.who, ask.context
    one = await api.read_application(application_id, who, context)
    told = told_of(request, seen.refused)
    return pages_of(request).render(
        request,
        "application.html",
        status=status_of(request, told.status if told else None),
        one=one,
        person=await _person(one, who, context),
        seen=seen,
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        papers=get_args(PaperKind),
        verified={paper.kind for paper in one.papers if paper.verified_at},
        colours=get_args(Colour),
        reasons=get_args(RefusalReason),
        today=context.clock.today(),
        may_work=one.state == "open" and may(who, _ISSUE),
    )


async def _form(
    request: Request, who: Principal, context: Context, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "application_new.html",
        status=status_of(request, told.status if told else None),
        places=await places_of(context, who, typed["compound"]),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "name",
        kinds=[kind.value for kind in DocumentKind if kind is not DocumentKind.NONE],
        papers=get_args(PaperKind),
        colours=get_args(Colour),
    )
