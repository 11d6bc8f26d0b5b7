"""Survey rounds at the desk: how far each building is, one dwelling's form, and forms that disagree (R4.1, P7, P8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import survey_conflicts as conflicts_api
from services.registry.api import survey_forms as forms_api
from services.registry.api import surveys as api
from services.registry.api.common import Running
from services.registry.api.survey_bodies import SubmissionBody
from services.registry.api.survey_conflicts import ConflictAnswer, ResolutionBody
from services.registry.api.surveys import ClosureBody, CoverageAnswer, RoundBody, TargetAnswer
from services.registry.domain.documents import DocumentKind
from services.registry.domain.people import Relation, Sex
from services.registry.domain.survey_forms import FormOutcome
from services.registry.domain.surveys import State
from services.registry.pages.common import Ask, acting, leads_to, may, pages_of, places_of, status_of
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from shared.context import Context
from shared.events.policy import Witness
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_MOST = 500
_NEW_PEOPLE = 3
_TENANTS = {f"new__{nth}__relation": Relation.TENANT.value for nth in range(_NEW_PEOPLE)}
_OPEN = "POST /v1/survey-rounds"
_SUBMIT = "POST /v1/survey-submissions"
_CLOSE = "POST /v1/survey-rounds/{round_id}/closure"
_RESOLVE = "POST /v1/survey-rounds/{round_id}/dwellings/{dwelling_id}/resolution"


_NEW = {"person.born": "new.0.born", "person.sex": "new.0.sex", "person.documents.0": "new.0.number"}
"""Where a refusal about somebody new stands on the form."""


@dataclass(slots=True)
class Building:
    """A building of the matrix: its dwellings row by row, the rooms of one stair and floor side by side."""

    name: str
    dwellings: list[TargetAnswer] = field(default_factory=list)

    @property
    def final(self) -> int:
        """How many have their final result."""
        return sum(one.final for one in self.dwellings)

    @property
    def conflicts(self) -> int:
        """How many have forms that disagree."""
        return sum(one.state == "conflict" for one in self.dwellings)


@router.get("/surveys")
async def round_list(request: Request, who: Caller, context: Running) -> Response:
    """List the rounds of the caller's compounds with how far they are, the newest first."""
    return await _rounds(request, who, context, Entered.of(round_id=str(uuid7())))


@router.post("/surveys")
async def open_round(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Begin a round for the compounds that were ticked."""
    stated = {name: typed[name] for name in ("round_id", "number", "due_on") if typed[name]}
    try:
        body = judged(RoundBody, stated | {"compounds": list(typed.all("compounds"))})
        await api.open_round(body, acting(who, _OPEN), context, Response())
    except Refusal as refused:
        return await _rounds(request, who, context, typed, refused=refused)
    return leads_to(request, f"/surveys/{body.round_id}")


@router.get("/surveys/{round_id}")
async def matrix(
    *,
    request: Request,
    round_id: UUID,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    building: Annotated[str, Query(max_length=50)] = "",
) -> Response:
    """Show every dwelling of a compound as a field with a shape and a word, building by building."""
    return await _matrix(request, round_id, who, context, compound, building=building)


@router.post("/surveys/{round_id}")
async def close_round(
    request: Request, round_id: UUID, who: Caller, context: Running, typed: Typed
) -> Response:
    """End a round; over open dwellings only with a reason."""
    try:
        body = judged(ClosureBody, {"reason": typed["reason"]} if typed["reason"] else {})
        await api.close_round(round_id, body, acting(who, _CLOSE), context)
    except Refusal as refused:
        return await _matrix(request, round_id, who, context, typed["compound"], refused=refused)
    return leads_to(request, f"/surveys/{round_id}")


@router.get("/surveys/{round_id}/dwellings/{dwelling_id}")
async def dwelling_form(
    request: Request, round_id: UUID, dwelling_id: UUID, who: Caller, context: Running
) -> Response:
    """Begin a dwelling's form with who lives there by the record; the reading is recorded."""
    return await _form(
        Ask(request, who, context), round_id, dwelling_id, Entered.of(submission_id=str(uuid7()), **_TENANTS)
    )


@router.post("/surveys/{round_id}/dwellings/{dwelling_id}")
async def submit(
    *, request: Request, round_id: UUID, dwelling_id: UUID, who: Caller, context: Running, typed: Typed
) -> Response:
    """Hand the form in; where it is refused, it is shown again as it was filled in."""
    try:
        body = judged(SubmissionBody, _stated(round_id, dwelling_id, context, typed), shown=_shown(typed))
        await forms_api.submit(body, acting(who, _SUBMIT), context, Response())
    except Refusal as refused:
        return await _form(Ask(request, who, context), round_id, dwelling_id, typed, refused=refused)
    return leads_to(request, f"/surveys/{round_id}?compound={typed['compound']}#d-{dwelling_id}")


@router.get("/surveys/{round_id}/conflicts")
async def conflict_list(
    request: Request, round_id: UUID, who: Caller, context: Running, compound: CompoundId | None = None
) -> Response:
    """Show forms that disagree side by side, with what is different."""
    return await _conflicts(Ask(request, who, context), round_id, compound, Entered.of())


@router.post("/surveys/{round_id}/conflicts")
async def resolve(request: Request, round_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Say which of two forms holds, and why; both are kept."""
    stated = {name: typed[name] for name in ("resolution_id", "chosen", "reason") if typed[name]}
    try:
        if not typed["chosen"]:
            raise Misfilled({"chosen": "fault.choice"})
        body = judged(ResolutionBody, stated)
        await conflicts_api.resolve(
            round_id=round_id,
            dwelling_id=judged_id(typed["dwelling_id"]),
            body=body,
            who=acting(who, _RESOLVE),
            context=context,
            response=Response(),
        )
    except Refusal as refused:
        return await _conflicts(
            Ask(request, who, context), round_id, typed["compound"], typed, refused=refused
        )
    return leads_to(request, f"/surveys/{round_id}/conflicts?compound={typed['compound']}")


def judged_id(text: str) -> UUID:
    """An id that a form carries.

    Raises:
        Misfilled: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise Misfilled({"dwelling_id": "fault.shape"}) from error


def _stated(round_id: UUID, dwelling_id: UUID, context: Context, typed: Entered) -> dict[str, Any]:
    outcome = typed["outcome"]
    stated: dict[str, Any] = {
        "submission_id": typed["submission_id"],
        "round_id": round_id,
        "dwelling_id": dwelling_id,
        "visited_at": context.clock.now(),
        **{name: typed[name] for name in ("outcome", "witness", "note", "corrects") if typed[name]},
    }
    if outcome != FormOutcome.EMPTY:
        stated.pop("witness", None)
    if outcome == FormOutcome.DONE:
        members: list[Mapping[str, Any]] = [
            {"state": typed[f"state.{ref}"], "person_ref": ref} for ref in typed.all("resident")
        ]
        for nth in _named(typed):
            person = typed.nested(f"new.{nth}.")
            number = typed[f"new.{nth}.number"]
            person.pop("number", None)
            kind = DocumentKind.RESIDENT_ID if number else DocumentKind.NONE
            person["documents"] = [{"kind": kind, "number": number}]
            members.append({"state": "new", "person": person})
        stated["members"] = members
    if outcome == FormOutcome.EMPTY:
        stated["members"] = [{"state": "gone", "person_ref": ref} for ref in typed.all("resident")]
    return stated


def _named(typed: Entered) -> list[int]:
    """The lines of people not on record in which something was written; none of them is dropped without a word."""
    told = ("name", "number", "phone", "born")
    return [nth for nth in range(_NEW_PEOPLE) if any(typed[f"new.{nth}.{name}"] for name in told)]


def _shown(typed: Entered) -> dict[str, str]:
    """The body's names of what was written of people not on record, with the form's."""
    on_record = len(typed.all("resident"))
    parts = {"documents.0.number": "number"} | {
        name: name for name in ("name", "phone", "sex", "born", "relation")
    }
    return {
        f"members.{on_record + place}.person.{theirs}": f"new.{nth}.{ours}"
        for place, nth in enumerate(_named(typed))
        for theirs, ours in parts.items()
    }


async def _rounds(
    request: Request, who: Principal, context: Context, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    found = await api.list_rounds(who, context, limit=20)
    coverage: list[CoverageAnswer] = [
        await api.read_coverage(one.round_id, who, context, by="compound") for one in found.items
    ]
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "survey_rounds.html",
        status=status_of(request, told.status if told else None),
        rounds=list(zip(found.items, coverage, strict=True)),
        places=await places_of(context, who, None),
        next_number=max((one.number for one in found.items), default=0) + 1,
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        today=context.clock.today(),
        may_open=may(who, _OPEN),
    )


async def _matrix(
    request: Request,
    round_id: UUID,
    who: Principal,
    context: Context,
    compound: str | None,
    *,
    building: str = "",
    refused: Refusal | None = None,
) -> Response:
    one = await api.read_round(round_id, who, context)
    places = await places_of(context, who, compound)
    mine = [place for place in places.all if place.compound_id in one.compounds]
    chosen = places.chosen if places.chosen in mine else mine[0] if mine else None
    buildings: list[Building] = []
    if chosen:
        buildings = await _buildings(round_id, CompoundId(chosen.compound_id), who, context)
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "survey_matrix.html",
        status=status_of(request, told.status if told else None),
        round=one,
        mine=mine,
        chosen=chosen,
        buildings=[b for b in buildings if not building or b.name == building],
        all_buildings=buildings,
        building=building,
        states=get_args(State),
        marks=MARKS,
        told=told,
        typed=Entered.of(),
        focus="",
        today=context.clock.today(),
        may_fill=one.state == "open" and may(who, _SUBMIT),
        may_resolve=may(who, "GET /v1/survey-rounds/{round_id}/conflicts"),
        may_close=one.state == "open" and may(who, _CLOSE),
    )


MARKS: Mapping[str, str] = {
    "open": "",
    "done": "good",
    "empty": "good",
    "absent": "warn",
    "refused": "bad",
    "to_confirm": "warn",
    "conflict": "bad",
}
"""How much of a problem a dwelling's state is: each with its own word besides."""


async def _buildings(
    round_id: UUID, compound: CompoundId, who: Principal, context: Context
) -> list[Building]:
    found: dict[str, Building] = {}
    after: str | None = None
    for _ in range(100):
        page = await api.list_targets(
            round_id=round_id, compound=compound, who=who, context=context, after=after, limit=_MOST
        )
        for one in page.items:
            found.setdefault(one.building, Building(one.building)).dwellings.append(one)
        after = page.next
        if after is None:
            break
    return list(found.values())


async def _form(
    ask: Ask, round_id: UUID, dwelling_id: UUID, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    request, who, context = ask.request, ask.who, ask.context
    one = await forms_api.read_form(round_id, dwelling_id, who, context)
    told = told_of(request, refused, shown=_NEW)
    return pages_of(request).render(
        request,
        "survey_form.html",
        status=status_of(request, told.status if told else None),
        one=one,
        round=await api.read_round(round_id, who, context),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "outcome",
        outcomes=[outcome.value for outcome in FormOutcome],
        relations=[relation.value for relation in Relation],
        sexes=[sex.value for sex in Sex],
        witnesses=get_args(Witness),
        new_people=range(_NEW_PEOPLE),
        marks=MARKS,
    )


async def _conflicts(
    ask: Ask, round_id: UUID, compound: str | None, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    request, who, context = ask.request, ask.who, ask.context
    one = await api.read_round(round_id, who, context)
    places = await places_of(context, who, compound or (one.compounds[0] if one.compounds else None))
    items: Sequence[ConflictAnswer] = ()
    if places.chosen:
        page = await conflicts_api.list_conflicts(
            round_id=round_id, compound=places.id, who=who, context=context
        )
        items = page.items
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "survey_conflicts.html",
        status=status_of(request, told.status if told else None),
        round=one,
        places=places,
        items=items,
        typed=typed,
        told=told,
        focus="",
        resolution_ids=[uuid7() for _ in items],
        may_decide=one.state == "open" and may(who, _RESOLVE),
    )
