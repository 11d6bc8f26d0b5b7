"""A worker's sheet: what is due today, and large buttons to say that it is done (R5.1, R5.2, R5.5; screens 4.9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.api.common import InContext, cause
from services.sanitation.domain.sites import SiteUnknown
from services.sanitation.domain.words import EXPLAINED, in_words
from services.sanitation.handlers import day_sheets, mask_bins, rounds, ventilation
from services.sanitation.handlers import work_sheets as handlers
from services.sanitation.handlers.day_sheets import SiteSheet
from services.sanitation.handlers.mask_bins import EmptyBin
from services.sanitation.handlers.policy import in_force
from services.sanitation.handlers.rounds import LogRound
from services.sanitation.handlers.ventilation import LogVentilation
from services.sanitation.handlers.work_sheets import SiteTask
from services.sanitation.metrics import count_round
from services.sanitation.pages.offline import render_kept
from services.sanitation.pages.places import keep_photo, place_of
from services.sanitation.store import sites as sites_store
from shared.context import Context
from shared.db.pool import Tx
from shared.events.policy import PolicyDocument
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of
from shared.pages.typed import LocalMinute, minute_of

router = page_router()

AGENTS = ("chlorine_84", "chlorine_tablet", "chlorine_dioxide", "peracetic_acid")
STRENGTHS = (250, 500, 1000)
"""What people mix, in mg/L; anything else is typed."""
HISTORY_DAYS = 14
NOTHING_ENTERED: Mapping[str, Any] = {
    "agent": AGENTS[0],
    **dict.fromkeys(("concentration_mg_l", "other_mg_l", "done_at", "explanation", "minutes", "bags"), ""),
}
Digits = Annotated[str, Field(max_length=7, pattern=r"^\d*$")]
Reason = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site as the sheet shows it: its day, what the solution is to be, and whether windows are to be opened."""

    sheet: SiteSheet
    task: SiteTask | None
    from_mg_l: int | None
    to_mg_l: int | None
    airing_minutes: int | None

    @property
    def told(self) -> dict[str, Any]:
        """What the page's script needs to fill in the form for this site."""
        return {
            "code": self.sheet.code,
            "name": self.sheet.name,
            "kind": self.sheet.kind,
            "from": self.from_mg_l,
            "to": self.to_mg_l,
            "minutes": self.airing_minutes,
        }


class LogForm(PageForm):
    """What all logs have: an id made with the page, the site, and for late entries when it was and why so late."""

    id: UUID
    site_code: SiteId
    done_at: LocalMinute = ""
    explanation: Reason = ""

    def said(self, now: datetime) -> dict[str, Any]:
        """When it was done, and in which way that is known. A time that was typed is a late entry."""
        late = bool(self.done_at)
        return {
            "at": minute_of(self.done_at) or now,
            "source": "late_entry" if late else "code",
            "explanation": in_words(self.explanation, EXPLAINED, field="explanation") if late else None,
        }


class RoundForm(LogForm):
    """A disinfection."""

    agent: Annotated[str, Field(max_length=32)] = ""
    concentration_mg_l: Digits = ""
    other_mg_l: Digits = ""
    photo: Any = None

    @property
    def strength(self) -> int | None:
        """In mg/L: what was typed goes before what was chosen."""
        typed = self.other_mg_l or self.concentration_mg_l
        return int(typed) if typed else None


class AiringForm(LogForm):
    """Windows that stood open until now."""

    minutes: Annotated[int, Field(ge=1, le=1440)]


class BinForm(LogForm):
    """A bin for masks that was emptied."""

    bags: Annotated[int, Field(ge=0, le=99)]
    agent: Annotated[str, Field(max_length=32)] = ""


@router.get("/sheet")
async def sheet(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    site: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """A compound's open work of today. A code that was scanned or typed leads to its site, wherever that lies."""
    pages: Pages = request.app.state.pages
    code = site.rpartition("#")[2].strip().lower()
    if code:
        async with context.database.read() as conn:
            there = await sites_store.site_compound(conn, SiteId(code))
        if there is None:
            unknown = SiteUnknown(
                "没有这个点位编号。There is no site with this code.",
                remedy="核对标牌上的编号，再输一次。Compare it with the sign and enter it again.",
            )
            return await _sheet(request, who, context, compound, typed=code, refused=unknown)
        if there != compound:
            return RedirectResponse(pages.url(f"/sheet?compound={there}&site={code}"), 303)
    return await _sheet(request, who, context, compound, site=code, done=done)


@router.get("/sheet/history")
async def history(request: Request, who: Caller, context: InContext) -> Response:
    """The caller's own last days."""
    pages: Pages = request.app.state.pages
    today = context.clock.today()
    async with context.database.read() as conn:
        found = await handlers.history(
            conn, who.subject, first=today - timedelta(days=HISTORY_DAYS - 1), last=today
        )
    return pages.render(request, "history.html", days=found[::-1])


@router.post("/sheet/rounds")
async def log_round(
    request: Request, who: Caller, context: InContext, form: Annotated[RoundForm, Form()]
) -> Response:
    """Keep a disinfection; where it is refused, the form says why and keeps what was entered."""

    async def keep(tx: Tx, said: Mapping[str, Any], photo_id: UUID | None) -> str:
        logged = await rounds.log_round(
            LogRound(
                round_id=form.id,
                site_code=form.site_code,
                agent=form.agent or None,
                concentration_mg_l=form.strength,
                done_at=said["at"],
                sent_at=None,
                source=said["source"],
                explanation=said["explanation"],
                photo_id=photo_id,
            ),
            who=who,
            tx=tx,
            vault=context.vault,
        )
        if logged.fresh:
            count_round(logged)
        return "too_close" if not logged.counts else "round" if logged.within_range else "outside_range"

    return await _log(request, who, context, form, keep)


@router.post("/sheet/airings")
async def log_airing(
    request: Request, who: Caller, context: InContext, form: Annotated[AiringForm, Form()]
) -> Response:
    """Keep an airing that ended just now, or as a late entry when it is said to have ended."""

    async def keep(tx: Tx, said: Mapping[str, Any], _photo_id: UUID | None) -> str:
        cmd = LogVentilation(
            ventilation_id=form.id,
            site_code=form.site_code,
            began_at=said["at"] - timedelta(minutes=form.minutes),
            minutes=form.minutes,
            sent_at=None,
            source=said["source"],
            explanation=said["explanation"],
        )
        await ventilation.log_ventilation(cmd, who=who, tx=tx, vault=context.vault)
        return "airing"

    return await _log(request, who, context, form, keep)


@router.post("/sheet/bins")
async def empty_bin(
    request: Request, who: Caller, context: InContext, form: Annotated[BinForm, Form()]
) -> Response:
    """Keep that a bin for masks was emptied."""

    async def keep(tx: Tx, said: Mapping[str, Any], _photo_id: UUID | None) -> str:
        cmd = EmptyBin(
            collection_id=form.id,
            site_code=form.site_code,
            emptied_at=said["at"],
            sent_at=None,
            bags=form.bags,
            agent=form.agent,
        )
        await mask_bins.empty_bin(cmd, who=who, tx=tx)
        return "mask_bin"

    return await _log(request, who, context, form, keep)


async def _log(
    request: Request, who: Principal, context: Context, form: LogForm, keep: Callable[..., Any]
) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        compound = await sites_store.site_compound(conn, form.site_code)
    try:
        photo_id = None
        if compound is not None:
            photo_id = await keep_photo(
                getattr(form, "photo", None), compound, proves=form.id, who=who, context=context
            )
        async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
            done = await keep(tx, form.said(tx.now), photo_id)
    except Refusal as refused:
        entered = form.model_dump(exclude={"csrf", "photo"}, mode="json")
        return await _sheet(
            request, who, context, compound, site=form.site_code, entered=entered, refused=refused
        )
    return RedirectResponse(pages.url(f"/sheet?compound={compound}&done={done}"), 303)


async def _sheet(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    site: str = "",
    typed: str = "",
    done: str = "",
    entered: Mapping[str, Any] | None = None,
    refused: Refusal | None = None,
) -> Response:
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        work, rows = None, []
        if place.compound is not None:
            work = await handlers.work_sheet(conn, place.compound, worker=who.subject, day=today, now=now)
            tasks = {one.sheet.code: one for one in work.tasks}
            document = (await in_force(conn, today)).document
            rows = [
                _row(one, tasks.get(one.code), document)
                for one in await day_sheets.day_sheets(conn, place.compound, day=today, now=now)
            ]
    chosen = next((one for one in rows if one.sheet.code == site), None)
    return render_kept(
        request,
        "sheet.html",
        account=who.subject,
        status=refused.status if refused else 200,
        place=place,
        today=today,
        now=now,
        rows=rows,
        owed=sum(one.sheet.sheet.shortfall for one in rows),
        required=sum(one.sheet.sheet.required for one in rows),
        counted=sum(min(one.sheet.sheet.required, one.sheet.sheet.counted) for one in rows),
        bins=work.bins if work else (),
        mine=work.mine if work else {},
        chosen=chosen,
        typed=typed,
        done=done,
        agents=AGENTS,
        strengths=STRENGTHS,
        ids=[uuid7() for _ in range(3)],
        entered={**NOTHING_ENTERED, **(entered or {})},
        refused=told_of(request, refused),
    )


def _row(one: SiteSheet, task: SiteTask | None, document: PolicyDocument) -> SiteRow:
    rule = next((rule for rule in document.sanitation.rounds if rule.kind == one.kind), None)
    airing = next((rule for rule in document.sanitation.airing or () if rule.kind == one.kind), None)
    return SiteRow(
        sheet=one,
        task=task,
        from_mg_l=rule.concentration_from_mg_l if rule else None,
        to_mg_l=rule.concentration_to_mg_l if rule else None,
        airing_minutes=airing.minutes if airing else None,
    )
