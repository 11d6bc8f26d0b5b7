"""Registering somebody who came back, on one page: look, state, see what is proposed, save (R2.7, R4.6, 4.4).

Nothing is saved before the proposal for the trip as it stands was on the screen. Every step sends the whole form, so
nothing that was typed is lost, with scripts or without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import call_list as calls_api
from services.registry.api import returnee_desk as desk_api
from services.registry.api import returnees as api
from services.registry.api.common import Running
from services.registry.api.returnee_desk import (
    FoundReturnee,
    ProposalAnswer,
    ProposalBody,
    ReturneeLookupBody,
)
from services.registry.api.returnees import ReturneeBody
from services.registry.domain.documents import DocumentKind
from services.registry.domain.people import Relation, Sex
from services.registry.domain.returnees import STRICTNESS
from services.registry.pages.common import Places, leads_to, pages_of, places_of, status_of
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from services.registry.pages.trips import CHOICES, Resolved, days_back, picked, resolved, shown_as, via_rows
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()

_KINDS = [kind.value for kind in DocumentKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a page shows besides what was typed.

    Attributes:
        found: people of the book who may be the one at the desk.
        elsewhere: how many more are in the book where the caller may not look.
        looked: whether anybody was looked for.
        proposal: what policy makes of the trip as it stands.
        focus: the field to go on with.
    """

    found: Sequence[FoundReturnee] = ()
    elsewhere: int = 0
    looked: bool = False
    proposal: ProposalAnswer | None = None
    focus: str = "query"
    refused: Refusal | None = None
    trip: Resolved | None = None


@router.get("/intake")
async def intake_form(
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    call: UUID | None = None,
) -> Response:
    """Show an empty form; the compound stays chosen from one person to the next.

    `call`: an entry of the call list who has come; name and phone are known from there.
    """
    known = await calls_api.read_call_entry(call, who, context) if call else None
    typed = Entered.of(
        intake_id=str(uuid7()),
        call=str(call or ""),
        person__name=(known.name or "") if known else "",
        person__phone=(known.phone or "") if known else "",
        dwelling__compound=(known.compound if known else compound) or "",
        trip__arrived_on=context.clock.today().isoformat(),
        person__documents__0__kind=DocumentKind.RESIDENT_ID.value,
        person__relation=Relation.TENANT.value,
    )
    return await _page(request, who, context, typed, Step())


@router.post("/intake")
async def intake_step(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Go a step further: look the person up, propose, or save what was proposed."""
    typed = picked(typed)
    if typed["act"] == "next" and typed["query"] and typed["query"] != typed["asked"]:
        return await _looked_up(request, who, context, typed)
    try:
        trip = await resolved(context, typed)
        typed = trip.typed
        body = _body(typed, trip)
        if typed["act"] == "save" and typed["proposed"] == _digest(body):
            await api.register_returnee(body, who, context, Response())
            return leads_to(request, _after(body.intake_id, typed["call"]))
        async with context.database.read() as conn:
            await api.place_within(conn, body.dwelling, who)
        proposal = await desk_api.propose(_to_judge(body), who, context)
    except Refusal as refused:
        found = await _alike(who, context, typed) if refused.code == "already_observed" else ((), 0)
        step = Step(
            found=found[0],
            elsewhere=found[1],
            looked=bool(found[0]),
            focus="",
            refused=refused,
            trip=trip,
            proposal=await _proposed_before(who, context, typed, trip, refused),
        )
        return await _page(request, who, context, typed, step)
    found = await _alike(who, context, typed)
    step = Step(found=found[0], elsewhere=found[1], looked=True, proposal=proposal, focus="save", trip=trip)
    return await _page(request, who, context, typed.but({"proposed": _digest(body)}), step)


def _after(intake_id: UUID, call: str) -> str:
    """Where to go on: to the call list's entry where the person was on it, else to the intake."""
    if not call:
        return f"/returnees/{intake_id}?saved=1"
    return f"/calls/{quote(call, safe='')}?intake={intake_id}"


async def _looked_up(request: Request, who: Principal, context: Context, typed: Entered) -> Response:
    """Who is known by the document or phone that was typed; what was typed is in the form already."""
    query = typed["query"]
    if normalise_phone(query):
        body, into = ReturneeLookupBody(phone=query), "person.phone"
    else:
        body, into = ReturneeLookupBody(document=query[:60]), "person.documents.0.number"
    answer = await desk_api.look_up_returnee(body, who, context)
    changes = {"asked": query, into: typed[into] or query}
    homes = [home for one in answer.people for home in one.homes]
    if len(answer.people) == 1 and len(homes) == 1 and not typed["dwelling.room"]:
        changes["dwelling.dwelling_id"] = str(homes[0].dwelling_id)
    step = Step(found=answer.people, elsewhere=answer.elsewhere, looked=True, focus="person.name")
    return await _page(request, who, context, typed.but(changes), step)


async def _alike(who: Principal, context: Context, typed: Entered) -> tuple[Sequence[FoundReturnee], int]:
    """Everybody who has the document or the phone that was stated: they may be registered already."""
    asked = [
        ReturneeLookupBody(**{kind: text[:60]})
        for kind, text in (
            ("document", typed["person.documents.0.number"]),
            ("phone", typed["person.phone"]),
        )
        if text
    ]
    found: dict[UUID, FoundReturnee] = {}
    elsewhere = 0
    for body in asked:
        answer = await desk_api.look_up_returnee(body, who, context)
        found |= {one.person_ref: one for one in answer.people}
        elsewhere = max(elsewhere, answer.elsewhere)
    return list(found.values()), elsewhere


async def _proposed_before(
    who: Principal, context: Context, typed: Entered, trip: Resolved, refused: Refusal
) -> ProposalAnswer | None:
    """The proposal again, where the refusal is about what was chosen instead of it."""
    if not (refused.field or "").startswith("choice."):
        return None
    return await desk_api.propose(_to_judge(_body(typed, trip)), who, context)


def _body(typed: Entered, trip: Resolved) -> ReturneeBody:
    """The intake as the API takes it.

    Raises:
        Misfilled: naming every field that is missing or cannot be read.
    """
    person = typed.nested("person.")
    if typed["person.documents.0.kind"] == DocumentKind.NONE:
        person["documents"] = []
    stated: dict[str, Any] = {
        "intake_id": typed["intake_id"],
        "person": person,
        "dwelling": _dwelling(typed),
        "trip": trip.trip,
        "choice": typed.nested("choice.") if typed["choice.measure"] else {},
    }
    if typed["suzhou_code"]:
        stated["suzhou_code"] = typed["suzhou_code"]
    if typed["asked_health"]:
        some = typed["asked_health"] == "some"
        stated["health"] = typed.nested("health.", lists=["health.symptoms"]) if some else {}
    shown = {"dwelling": "dwelling.room", **shown_as(typed)}
    faults = dict(trip.faults)
    if not typed["person.documents.0.number"] and typed["person.documents.0.kind"] != DocumentKind.NONE:
        faults["person.documents.0.number"] = "fault.missing"
    if not typed["dwelling.dwelling_id"]:
        faults |= {
            name: "fault.missing"
            for name in ("dwelling.compound", "dwelling.building", "dwelling.room")
            if not typed[name]
        }
    try:
        body = judged(ReturneeBody, stated, shown=shown)
    except Misfilled as wrong:
        raise Misfilled(_in_order(wrong.faults | faults)) from wrong
    if faults:
        raise Misfilled(_in_order(faults))
    return body


def _dwelling(typed: Entered) -> dict[str, Any]:
    if typed["dwelling.dwelling_id"]:
        return {"dwelling_id": typed["dwelling.dwelling_id"]}
    stated = typed.nested("dwelling.")
    return stated if {"compound", "building", "room"} <= stated.keys() else {"dwelling_id": str(UUID(int=0))}


_ORDER = ("person.name", "person.documents", "person.phone", "person", "dwelling", "origin", "via", "trip")


def _in_order(faults: dict[str, str]) -> dict[str, str]:
    """In the order of the form, so that the first one named is the first one met."""

    def place(name: str) -> int:
        return next((nth for nth, begin in enumerate(_ORDER) if name.startswith(begin)), len(_ORDER))

    return {name: faults[name] for name in sorted(faults, key=place)}


def _digest(body: ReturneeBody) -> str:
    """What a proposal was made for: another trip, or somebody else, needs another one."""
    return sha256(_to_judge(body).model_dump_json().encode()).hexdigest()[:16]


def _to_judge(body: ReturneeBody) -> ProposalBody:
    documents = body.person.documents
    return ProposalBody(trip=body.trip, document=documents[0].number[:60] if documents else None)


_SHOWN = {
    "person.documents.0": "person.documents.0.number",
    "person.documents": "person.documents.0.number",
    "dwelling": "dwelling.room",
    "trip.origin_code": "origin",
    "choice": "choice.reason",
}


async def _page(request: Request, who: Principal, context: Context, typed: Entered, step: Step) -> Response:
    told = told_of(request, step.refused, shown=_SHOWN | shown_as(typed))
    places: Places = await places_of(context, who, typed["dwelling.compound"])
    proposal = step.proposal
    return pages_of(request).render(
        request,
        "intake.html",
        status=status_of(request, told.status if told else None),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else step.focus,
        step=step,
        places=places,
        candidates=step.trip.candidates if step.trip else {},
        days=days_back(context.clock.today()),
        via_rows=via_rows(typed),
        choices=CHOICES,
        kinds=_KINDS,
        relations=[one.value for one in Relation],
        sexes=[one.value for one in Sex],
        rule=one_language(proposal.rule, language_of(request)) if proposal else None,
        first_day=proposal.anchor_date + timedelta(days=1) if proposal else None,
        stricter=[
            measure
            for measure, strict in STRICTNESS.items()
            if proposal and measure != "medical" and strict > STRICTNESS[proposal.proposed]
        ],
    )
