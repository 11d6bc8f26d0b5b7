"""Anybody tells what they saw, without saying who they are, and asks later by the receipt code (R6.3, P13)."""

from datetime import datetime, timedelta
from typing import Any, get_args

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.registry.api import leads as api
from services.registry.api.common import Running
from services.registry.domain.leads import ReceiptUnknown
from services.registry.metrics import count_form_error
from services.registry.pages.entered import Entered
from services.registry.pages.public import PHONE_FAULT, Faults, kept_code, say, shown_code
from services.registry.store import premises
from shared.db.pool import Conn
from shared.events.policy import LeadCategory
from shared.http.access import IDENTIFIED, Caller
from shared.kernel.days import SHANGHAI, local_day
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import uuid7
from shared.kernel.links import new_secret
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.routes import resident_router

PATH = "/lead"
router = resident_router(PATH)

CATEGORIES: tuple[str, ...] = get_args(LeadCategory)
WHENS = ("now", "today", "yesterday", "before")
_DAYS_BACK = {"today": 0, "yesterday": 1, "before": 2}
_CHANNELS = frozenset({"gate_code", "wechat"})
_MOST_TEXT = 2_000


@router.get("/residents", dependencies=IDENTIFIED)
async def residents(request: Request) -> Response:
    """What people of the town can do on a phone, in one place: the address to print on a notice."""
    pages: Pages = request.app.state.pages
    declaring = pages.elsewhere("observation", "/declare/open")
    return pages.render(request, "residents.html", declaring=declaring)


@router.get(PATH, dependencies=IDENTIFIED)
async def ask(request: Request, context: Running) -> Response:
    """An empty form; the code at a gate may name the compound and where it hangs."""
    given = request.query_params
    channel = given.get("from", "")
    typed = Entered.of(
        lead_id=str(uuid7()),
        request_secret=new_secret(),
        opened_at=context.clock.now().isoformat(),
        channel=channel if channel in _CHANNELS else "other",
        compound=given.get("compound", "")[:40],
        when="now",
    )
    async with context.database.read() as conn:
        return await _form(request, conn, typed, {})


@router.post(PATH)
async def tell(request: Request, who: Caller, context: Running) -> Response:
    """Take a lead; the receipt is shown on a page of its own, once."""
    pages: Pages = request.app.state.pages
    typed = Entered.read(await request.form())
    faults, at = _judge(request, typed, now=context.clock.now())
    if not faults:
        try:
            body = api.LeadBody.model_validate(_body(typed, at))
            told = await api.tell_lead(body, who, context, Response())
        except ValidationError:
            faults["text"] = say(request, N_("这张表已经不能用了，请重新打开本页再填。"))
        except Refusal as refused:
            detail = one_language(refused.detail, language_of(request))
            faults[{"observed_at": "when"}.get(refused.field or "", refused.field or "text")] = detail
        else:
            answer = RedirectResponse(pages.url(f"{PATH}/receipt"), 303)
            kept_code(request, answer, PATH, told.receipt)
            return answer
    for field in faults:
        count_form_error("lead", field)
    async with context.database.read() as conn:
        return await _form(request, conn, typed, faults)


@router.get(f"{PATH}/receipt", dependencies=IDENTIFIED)
async def receipt(request: Request) -> Response:
    """The receipt code, as long as the browser keeps it: half an hour."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "lead_receipt.html", code=shown_code(request, PATH))


@router.get(f"{PATH}/status", dependencies=IDENTIFIED)
async def ask_status(request: Request) -> Response:
    """Ask for a receipt code."""
    pages: Pages = request.app.state.pages
    return pages.render(
        request, "lead_status.html", code=shown_code(request, PATH) or "", standing=None, faults={}
    )


@router.post(f"{PATH}/status")
async def status(request: Request, who: Caller, context: Running) -> Response:
    """Tell how what was told stands, or ask that it goes. The code travels in the form, never in an address."""
    pages: Pages = request.app.state.pages
    typed = Entered.read(await request.form())
    faults: Faults = {}
    standing: api.StandingAnswer | None = None
    try:
        body = api.ReceiptBody(code=typed["code"])
        erasing = typed["act"] == "erase"
        standing = await (api.ask_erasure(body, who, context) if erasing else api.ask_receipt(body, context))
    except ValidationError:
        faults["code"] = say(request, N_("回执码是 16 位字母和数字，照回执填全。"))
    except ReceiptUnknown:
        faults["code"] = say(request, N_("没有这个回执码，请对照回执核对每一位。"))
    if faults:
        count_form_error("lead_status", "code")
    return pages.render(
        request,
        "lead_status.html",
        status=422 if faults else 200,
        code=typed["code"],
        standing=standing,
        faults=faults,
    )


async def _form(request: Request, conn: Conn, typed: Entered, faults: Faults) -> Response:
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "lead.html",
        status=422 if faults else 200,
        typed=typed,
        faults=faults,
        compounds=(await premises.compounds(conn)).values(),
        categories=CATEGORIES,
        whens=WHENS,
        most=_MOST_TEXT,
    )


def _judge(request: Request, typed: Entered, *, now: datetime) -> tuple[Faults, datetime]:
    """What is missing or wrong, by field, and when it was seen."""
    faults: Faults = {}
    if typed["category"] not in CATEGORIES:
        faults["category"] = say(request, N_("选一项是什么事。"))
    if not typed["compound"]:
        faults["compound"] = say(request, N_("选在哪个小区。"))
    if not typed["place"]:
        faults["place"] = say(request, N_("写清楚在小区的什么地方，例如 3 幢门口。"))
    if not typed["text"]:
        faults["text"] = say(request, N_("写看到了什么。"))
    elif len(typed["text"]) > _MOST_TEXT:
        faults["text"] = say(request, N_("写得太长了，缩短到 2000 字以内。"))
    if typed["phone"] and normalise_phone(typed["phone"]) is None:
        faults["phone"] = say(request, PHONE_FAULT)
    at = _seen_at(typed, now)
    if at is None:
        faults["when"] = say(request, N_("选是什么时候看到的。"))
    elif at > now:
        faults["when"] = say(request, N_("这个时间还没到，改成看到时的钟点。"))
    return faults, at or now


def _seen_at(typed: Entered, now: datetime) -> datetime | None:
    """When it was seen: "just now" is when the page was opened, so that a second press says the same."""
    try:
        opened = datetime.fromisoformat(typed["opened_at"])
    except ValueError:
        opened = now
    if opened.tzinfo is None or abs(opened.year - now.year) > 1:  # nobody's page was opened then
        opened = now
    if typed["when"] == "now":
        return opened
    if typed["when"] not in _DAYS_BACK:
        return None
    day = local_day(opened) - timedelta(days=_DAYS_BACK[typed["when"]])
    hour = typed["hour"]
    if hour.isdecimal() and len(hour) <= 2 and int(hour) < 24:
        return datetime(day.year, day.month, day.day, int(hour), tzinfo=SHANGHAI)
    return min(opened, datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI))


def _body(typed: Entered, at: datetime) -> dict[str, Any]:
    reporter = {name: typed[name] for name in ("name", "phone") if typed[name]}
    return {
        "lead_id": typed["lead_id"],
        "request_secret": typed["request_secret"],
        "channel": typed["channel"] if typed["channel"] in _CHANNELS else "other",
        "category": typed["category"],
        "compound": typed["compound"],
        "place": typed["place"],
        "text": typed["text"],
        "observed_at": at,
        "reporter": reporter or None,
    }
