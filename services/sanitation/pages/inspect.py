"""Inspections on the spot, item by item with photos, also without a network; and rounds looked at again (R5.4, S5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import InContext, Instant, cause, roles_of
from services.sanitation.api.inspections import InspectionBody, InspectionLine, answer
from services.sanitation.domain.inspections import InspectionUnknown
from services.sanitation.domain.words import LETTERS, in_words
from services.sanitation.handlers import inspections as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers import spot_checks as spot_handlers
from services.sanitation.handlers.inspections import Item, RecordInspection
from services.sanitation.handlers.policy import checklist_of, in_force, inspection_rules
from services.sanitation.handlers.spot_checks import CheckRound
from services.sanitation.pages.offline import render_kept
from services.sanitation.pages.places import Place, keep_photo, place_of
from services.sanitation.store import inspections as store
from services.sanitation.store import sites as sites_store
from services.sanitation.store import venues as venues_store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.paging import After, Cursor
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of

router = page_router()

Looked = Literal["site", "venue", "property_company", "post"]
LOOKED: tuple[Looked, ...] = ("site", "venue", "property_company", "post")
SHOWN = 50
MOST_SUBJECTS = 500
_AFTER = Cursor(Instant, UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that can be inspected, as a list offers it."""

    code: str
    name: str


class InspectForm(PageForm):
    """An inspection; the answers of the checklist stand in `verdict-…`, `note-…` and `photo-…`, one of each an item."""

    model_config = ConfigDict(extra="allow")

    id: UUID
    compound: CompoundId
    inspected: Looked
    subject: Annotated[str, Field(max_length=64)]
    found: Literal["", "open", "closed"] = ""
    note: Annotated[str, Field(max_length=500)] = ""

    @property
    def answers(self) -> Mapping[str, Any]:
        """What was answered, by the names of the fields."""
        return self.model_extra or {}


class AnswersUnreadable(Refusal):
    """An answer is not of the form that answers have."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"

    def __init__(self) -> None:
        super().__init__(
            "有一项填写不对。Something is not filled in as it should be.",
            remedy="每项选一个结果，说明至少两个字。Choose a result for each item; words are two characters or more.",
        )


class SpotCheckForm(PageForm):
    """A round that was looked at again."""

    id: UUID
    compound: CompoundId
    site_code: Annotated[str, Field(max_length=200)]
    outcome: Literal["confirmed", "contradicted"]
    note: Annotated[str, Field(max_length=500)] = ""
    photo: Any = None


@router.get("/inspect")
async def inspect(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    inspected: Annotated[Looked, Query()] = "site",
    subject: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The checklist of one kind of thing, with what there is of it in a compound."""
    return await _form(request, who, context, compound, inspected, entered={"subject": subject})


@router.post("/inspect")
async def record(
    request: Request, who: Caller, context: InContext, form: Annotated[InspectForm, Form()]
) -> Response:
    """Keep an inspection; where it is refused, the form says why and keeps what was answered."""
    pages: Pages = request.app.state.pages
    try:
        items = []
        for name, verdict in form.answers.items():
            if not name.startswith("verdict-"):
                continue
            code = name.removeprefix("verdict-")
            photo = form.answers.get(f"photo-{code}")
            photo_id = await keep_photo(photo, form.compound, proves=form.id, who=who, context=context)
            note = str(form.answers.get(f"note-{code}", "")).strip() or None
            items.append({"code": code, "verdict": verdict, "note": note, "photo_id": photo_id})
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            body = InspectionBody.model_validate(
                {
                    "inspection_id": form.id,
                    "inspected": form.inspected,
                    "subject": form.subject,
                    "found": form.found or None,
                    "items": [] if form.found == "closed" else items,
                    "note": form.note or None,
                    "inspected_at": tx.now,
                }
            )
            said = body.model_dump(exclude={"items"})
            cmd = RecordInspection(**said, items=tuple(Item(**item.model_dump()) for item in body.items))
            if not await store.inspection(tx, form.id):  # the same form again is the same inspection
                await handlers.record(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    except (Refusal, ValidationError) as refused:
        return await _form(
            request,
            who,
            context,
            form.compound,
            form.inspected,
            entered={
                **{name: value for name, value in form.answers.items() if isinstance(value, str)},
                "subject": form.subject,
                "found": form.found,
                "note": form.note,
            },
            refused=refused if isinstance(refused, Refusal) else AnswersUnreadable(),
        )
    return RedirectResponse(pages.url(f"/inspections/{form.id}"), 303)


@router.get("/inspections")
async def inspections(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    after: After = None,
) -> Response:
    """Inspections and spot checks of a compound, the newest first."""
    pages: Pages = request.app.state.pages
    seen = _AFTER.read(after) if after else (None, None)
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        rows = []
        if place.compound is not None:
            rows = await conn.fetch(store.INSPECTIONS, place.compound, None, None, *seen, SHOWN + 1)
        titles = await _titles(conn, context)
    lines = [InspectionLine(**dict(row)) for row in rows[:SHOWN]]
    following = None
    if len(rows) > SHOWN:
        following = _AFTER.write(lines[-1].inspected_at, lines[-1].inspection_id)
    return pages.render(
        request,
        "inspections.html",
        place=place,
        lines=lines,
        titles=titles,
        following=following,
        paged=after is not None,
        may_inspect=who.has(*ACCESS["GET /inspect"]),
        may_check=who.has(*ACCESS["GET /spot-checks"]),
    )


@router.get("/inspections/{inspection_id}")
async def inspection(request: Request, inspection_id: UUID, who: Caller, context: InContext) -> Response:
    """One inspection: every item, and the orders that it led to."""
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        row = await store.inspection(conn, inspection_id)
        if row is None:
            raise InspectionUnknown("没有这次检查。There is no such inspection.", field="inspection_id")
        await sites_handlers.require_compound(conn, who, row["compound"])
        found = await handlers.recorded(conn, inspection_id, fresh=False)
        titles = await _titles(conn, context)
        place = await place_of(conn, who, row["compound"])
    return pages.render(
        request,
        "inspection.html",
        place=place,
        inspection=await answer(found, context.vault),
        titles=titles,
        may_see=who.has(*ACCESS["GET /v1/photos/{photo_id}"]),
    )


@router.get("/spot-checks")
async def spot_checks(
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
) -> Response:
    """How far today's spot checks are, and which rounds to look at next, drawn by lot."""
    return await _spot_checks(request, who, context, compound)


@router.post("/spot-checks/{round_id}")
async def check(
    request: Request,
    round_id: UUID,
    who: Caller,
    context: InContext,
    form: Annotated[SpotCheckForm, Form()],
) -> Response:
    """Confirm a round by its place's code, or contradict it with words or a photo."""
    pages: Pages = request.app.state.pages
    try:
        photo_id = await keep_photo(form.photo, form.compound, proves=form.id, who=who, context=context)
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            cmd = CheckRound(
                round_id=round_id,
                inspection_id=form.id,
                site_code=SiteId(form.site_code.rpartition("#")[2].strip().lower()),
                outcome=form.outcome,
                note=in_words(form.note, LETTERS),
                photo_id=photo_id,
                checked_at=tx.now,
                sent_at=None,
            )
            await spot_handlers.check(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    except Refusal as refused:
        return await _spot_checks(request, who, context, form.compound, refused=refused)
    return RedirectResponse(pages.url(f"/spot-checks?compound={form.compound}&done=yes"), 303)


async def _spot_checks(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    refused: Refusal | None = None,
) -> Response:
    today = context.clock.today()
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        found = None
        if place.compound is not None:
            found = await spot_handlers.checks_of_day(conn, place.compound, today, today=today)
    return render_kept(
        request,
        "spot_checks.html",
        account=who.subject,
        status=refused.status if refused else 200,
        place=place,
        now=context.clock.now(),
        today=today,
        checks=found,
        may_check=who.has(*ACCESS["POST /v1/rounds/{round_id}/spot-checks"]),
        new_id=uuid7,
        refused=told_of(request, refused),
    )


async def _titles(conn: Conn, context: Context) -> dict[str, str]:
    """What policy calls its items, by code."""
    rules = inspection_rules((await in_force(conn, context.clock.today())).document)
    listed = [item for one in rules.checklists for item in one.items]
    return {item.code: item.title for item in (*listed, *rules.findings)}


async def _form(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    inspected: Looked,
    *,
    entered: Mapping[str, Any],
    refused: Refusal | None = None,
) -> Response:
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        rules = inspection_rules((await in_force(conn, context.clock.today())).document)
        subjects = await _subjects(conn, place, inspected, context) if place.compound else []
    return render_kept(
        request,
        "inspect.html",
        account=who.subject,
        status=refused.status if refused else 200,
        place=place,
        now=context.clock.now(),
        inspected=inspected,
        looked=LOOKED,
        subjects=subjects,
        items=checklist_of(rules, inspected),
        new_id=uuid7(),
        entered={"subject": "", "found": "", "note": ""} | dict(entered),
        refused=told_of(request, refused),
    )


async def _subjects(conn: Conn, place: Place, inspected: Looked, context: Context) -> list[Subject]:
    compound = place.compound
    assert compound is not None  # noqa: S101 -- the caller has chosen one
    match inspected:
        case "site":
            sites = await sites_store.sites_of(conn, compound, after="", limit=MOST_SUBJECTS)
            return [
                Subject(code=one.site.code, name=f"{one.site.name} {one.site.code}")
                for one in sites
                if one.site.active
            ]
        case "venue":
            found = await venues_store.venues_of(
                conn,
                compound,
                kind=None,
                status=None,
                after=UUID(int=0),
                today=context.clock.today(),
                limit=MOST_SUBJECTS,
            )
            return [Subject(code=str(one.known.venue_id), name=one.known.name) for one in found]
        case "property_company":
            return [Subject(code=compound, name=place.name)]
        case "post":
            rows = await conn.fetch(store.CHECKPOINTS_OF, compound)
            return [Subject(code=row["checkpoint"], name=row["checkpoint"]) for row in rows]
