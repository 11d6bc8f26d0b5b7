"""Records that may be one person's: side by side, merged into one, or kept as two; a merge can be taken back (P10)."""

from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import merges as api
from services.registry.api import people as people_api
from services.registry.api.common import Running
from services.registry.api.merges import DismissalBody, DuplicateReason, MergeBody, SeparationBody
from services.registry.api.people import PersonAnswer
from services.registry.pages.common import Ask, acting, leads_to, pages_of, places_of, status_of
from services.registry.pages.entered import Entered, Typed, judged, told_of
from shared.http.access import IDENTIFIED, Caller
from shared.http.paging import After
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 30


@router.get("/duplicates")
async def pair_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    reason: Annotated[DuplicateReason | None, Query()] = None,
    dismissed: Annotated[bool, Query()] = False,
    after: After = None,
) -> Response:
    """List pairs of records with why they may be one person's, masked; the reading is recorded."""
    places = await places_of(context, who, compound)
    page = (
        await api.list_duplicates(
            compound=places.id,
            who=who,
            context=context,
            reason=reason,
            dismissed=dismissed,
            after=after,
            limit=_SHOWN,
        )
        if places.chosen
        else None
    )
    return pages_of(request).render(
        request,
        "duplicate_list.html",
        places=places,
        page=page,
        reason=reason or "",
        reasons=get_args(DuplicateReason),
        dismissed=dismissed,
        paged=after is not None,
        told=None,
    )


@router.get("/duplicates/{one}/{other}")
async def pair(
    *, request: Request, one: UUID, other: UUID, who: Caller, context: Running, compound: str = ""
) -> Response:
    """Show two records side by side with what differs; the reading is recorded."""
    typed = Entered.of(merge_id=str(uuid7()), compound=compound)
    return await _pair(Ask(request, who, context), one, other, typed)


@router.post("/duplicates/{one}/{other}")
async def decide(
    *, request: Request, one: UUID, other: UUID, who: Caller, context: Running, typed: Typed
) -> Response:
    """Merge the two, or remember that they are two people; both for a reason."""
    reason = {"reason": typed["reason"]} if typed["reason"] else {}
    try:
        if typed["act"] == "dismiss":
            await api.dismiss_duplicate(
                judged(DismissalBody, {"one": one, "other": other, **reason}), who, context
            )
            return leads_to(request, f"/duplicates?compound={typed['compound']}")
        kept = one if typed["kept"] == "one" else other if typed["kept"] == "other" else None
        stated = {"merge_id": typed["merge_id"], "merged": other if kept == one else one, **reason}
        body = judged(MergeBody, stated | ({"kept": kept} if kept else {}))
        await api.merge_people(body, who, context, Response())
    except Refusal as refused:
        return await _pair(Ask(request, who, context), one, other, typed, refused=refused)
    return leads_to(request, f"/people/{body.kept}")


@router.get("/merges/{merge_id}/undo", dependencies=IDENTIFIED)
async def undo_form(request: Request, merge_id: UUID, person: UUID) -> Response:
    """Ask why a merge is taken back."""
    typed = Entered.of(separation_id=str(uuid7()), person=str(person))
    return _undo(request, merge_id, typed, None)


@router.post("/merges/{merge_id}/undo")
async def undo(request: Request, merge_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Let both records stand for themselves again."""
    stated = {name: typed[name] for name in ("separation_id", "reason") if typed[name]}
    try:
        told = await api.separate_people(merge_id, judged(SeparationBody, stated), who, context)
    except Refusal as refused:
        return _undo(request, merge_id, typed, refused)
    return leads_to(request, f"/people/{told.kept}")


def _undo(request: Request, merge_id: UUID, typed: Entered, refused: Refusal | None) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "merge_undo.html",
        status=status_of(request, told.status if told else None),
        merge_id=merge_id,
        typed=typed,
        told=told,
        focus="reason",
    )


async def _pair(
    ask: Ask, one: UUID, other: UUID, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    request, who, context = ask.request, ask.who, ask.context
    reader = acting(who, "GET /v1/people/{person_ref}")
    sides = [await people_api.read_person(ref, reader, context) for ref in (one, other)]
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "duplicate.html",
        status=status_of(request, told.status if told else None),
        sides=sides,
        rows=_rows(*sides),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
    )


def _rows(one: PersonAnswer, other: PersonAnswer) -> list[tuple[str, list[str], bool]]:
    """What the two say, field by field, and whether it is the same."""

    def said(person: PersonAnswer) -> dict[str, str]:
        return {
            "name": person.name,
            "sex": person.sex,
            "born": person.born,
            "phone": person.phone or "",
            "documents.number": " ".join(sorted(document.number for document in person.documents)),
            "home": " ".join(sorted(f"{home.compound} {home.room}" for home in person.homes)),
        }

    first, second = said(one), said(other)
    return [(name, [first[name], second[name]], first[name] == second[name]) for name in first]
