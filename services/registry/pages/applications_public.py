"""Asking for an entry pass from home: a form, a page to check it, a receipt that tells how it stands (R2.4, R2.8)."""

from typing import Any, get_args

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.registry.api import applications as api
from services.registry.api.common import Running
from services.registry.domain.applications import ApplicationReceiptUnknown, Colour, PaperKind
from services.registry.domain.documents import DocumentKind
from services.registry.metrics import count_form_error
from services.registry.pages.entered import Entered
from services.registry.pages.public import (
    PHONE_FAULT,
    Faults,
    drop_form,
    keep_form,
    kept_code,
    kept_form,
    say,
    shown_code,
)
from services.registry.store import premises
from shared.context import Context
from shared.http.access import IDENTIFIED, Caller
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.routes import resident_router

PATH = "/pass-application"
router = resident_router(PATH)

PAPERS: tuple[str, ...] = get_args(PaperKind)
COLOURS: tuple[str, ...] = get_args(Colour)
_LONGEST = {"name": 60, "phone": 30, "address": 120, "number": 40, "compound": 40}


@router.get(PATH, dependencies=IDENTIFIED)
async def ask(request: Request, context: Running) -> Response:
    """The form, with what this browser typed before."""
    pages: Pages = request.app.state.pages
    typed = kept_form(request, PATH)
    faults = await _judge(request, typed, context) if typed["faulty"] else {}
    async with context.database.read() as conn:
        compounds = (await premises.compounds(conn)).values()
    return pages.render(
        request,
        "pass_application.html",
        typed=typed,
        faults=faults,
        compounds=compounds,
        kinds=list(DocumentKind),
        papers=PAPERS,
        colours=COLOURS,
    )


@router.post(PATH, dependencies=IDENTIFIED)
async def enter(request: Request, context: Running) -> Response:
    """Keep what was typed in the browser, and lead on to the check, or back to what has to be mended."""
    sent = Entered.read(await request.form())
    before = kept_form(request, PATH)
    typed = Entered({**sent.values, "application_id": (before["application_id"] or str(uuid7()),)})
    faults = await _judge(request, typed, context)
    for field in faults:
        count_form_error("pass_application", field)
    if faults:
        typed = Entered({**typed.values, "faulty": ("yes",)})
    return _led_to(request, typed, PATH if faults else f"{PATH}/check")


@router.get(f"{PATH}/check", dependencies=IDENTIFIED)
async def check(request: Request, context: Running) -> Response:
    """Everything once more before it is sent."""
    typed = kept_form(request, PATH)
    if not typed["application_id"] or await _judge(request, typed, context):
        return _led_to(request, typed, PATH)
    return await _checked(request, typed, context, None)


@router.post(f"{PATH}/check")
async def send(request: Request, who: Caller, context: Running) -> Response:
    """Send it; pressed twice it is one application."""
    pages: Pages = request.app.state.pages
    typed = kept_form(request, PATH)
    if not typed["application_id"] and shown_code(request, PATH):  # sent already, by the first press
        return RedirectResponse(pages.url(f"{PATH}/receipt"), 303)
    if not typed["application_id"] or await _judge(request, typed, context):
        return _led_to(request, typed, PATH)
    try:
        body = api.ApplicationBody.model_validate(_body(typed))
        told = await api.apply_online(body, who, context, Response())
    except ValidationError:
        return _led_to(request, Entered({}), PATH)
    except Refusal as refused:
        return await _checked(request, typed, context, refused)
    answer = RedirectResponse(pages.url(f"{PATH}/receipt"), 303)
    kept_code(request, answer, PATH, told.receipt)
    drop_form(request, answer, PATH)
    return answer


@router.get(f"{PATH}/receipt", dependencies=IDENTIFIED)
async def receipt(request: Request) -> Response:
    """The receipt code, as long as the browser keeps it: half an hour."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "pass_application_receipt.html", code=shown_code(request, PATH))


@router.get(f"{PATH}/status", dependencies=IDENTIFIED)
async def ask_status(request: Request) -> Response:
    """Ask for a receipt code."""
    return _standing(request, shown_code(request, PATH) or "", None, {})


@router.post(f"{PATH}/status")
async def status(request: Request, who: Caller, context: Running) -> Response:
    """Tell how an application stands, or take it back."""
    typed = Entered.read(await request.form())
    faults: Faults = {}
    standing: api.StandingAnswer | None = None
    try:
        body = api.ReceiptBody(code=typed["code"])
        withdraw = typed["act"] == "withdraw"
        standing = await (api.withdraw_by_receipt if withdraw else api.ask_receipt)(body, who, context)
    except ValidationError:
        faults["code"] = say(request, N_("回执码是 16 位字母和数字，照回执填全。"))
    except ApplicationReceiptUnknown:
        faults["code"] = say(request, N_("没有这个回执码，请对照回执核对每一位。"))
    except Refusal as refused:
        faults["code"] = one_language(refused.detail, language_of(request))
    if faults:
        count_form_error("pass_application_status", "code")
    return _standing(request, typed["code"], standing, faults)


def _standing(request: Request, code: str, standing: api.StandingAnswer | None, faults: Faults) -> Response:
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "pass_application_status.html",
        status=422 if faults else 200,
        code=code,
        standing=standing,
        faults=faults,
    )


async def _checked(request: Request, typed: Entered, context: Context, refused: Refusal | None) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        compound = await premises.compound(conn, typed["compound"])
    language = language_of(request)
    return pages.render(
        request,
        "pass_application_check.html",
        status=refused.status if refused else 200,
        typed=typed,
        compound_name=compound.name if compound else typed["compound"],
        faults={"send": one_language(refused.detail, language)} if refused else {},
    )


async def _judge(request: Request, typed: Entered, context: Context) -> Faults:
    """What is missing, by field, in the order of the form."""
    wanted = {
        "compound": N_("选要办证的小区。"),
        "address": N_("写住在哪里，例如 8幢2单元501。"),
        "name": N_("写姓名。"),
        "phone": N_("写电话，办好了通知您。"),
    }
    faults = {field: say(request, text) for field, text in wanted.items() if not typed[field]}
    if typed["compound"]:
        async with context.database.read() as conn:
            if await premises.compound(conn, typed["compound"]) is None:
                faults["compound"] = say(request, N_("没有这个小区，重新选一个。"))
    if typed["phone"] and normalise_phone(typed["phone"]) is None:
        faults["phone"] = say(request, PHONE_FAULT)
    kind = typed["kind"]
    if kind not in set(DocumentKind):
        faults["kind"] = say(request, N_("选证件种类；无证件的选“无证件”。"))
    elif kind != DocumentKind.NONE and not typed["number"]:
        faults["number"] = say(request, N_("写证件号码；无证件的，证件种类选“无证件”。"))
    if typed["suzhou_code"] not in COLOURS:
        faults["suzhou_code"] = say(request, N_("选苏城码的颜色；没有的选“没有码”。"))
    for field, most in _LONGEST.items():
        if len(typed[field]) > most:
            faults[field] = say(request, N_("太长了，缩短到 %(most)d 个字以内。"), most=most)
    return faults


def _body(typed: Entered) -> dict[str, Any]:
    numbered = typed["kind"] != DocumentKind.NONE
    return {
        "application_id": typed["application_id"],
        "compound": typed["compound"],
        "name": typed["name"],
        "phone": typed["phone"],
        "address": typed["address"],
        "documents": [{"kind": typed["kind"], "number": typed["number"]}] if numbered else [],
        "papers": [one for one in PAPERS if one in typed.all("papers")],
        "suzhou_code": typed["suzhou_code"],
    }


def _led_to(request: Request, typed: Entered, path: str) -> Response:
    pages: Pages = request.app.state.pages
    answer = RedirectResponse(pages.url(path), 303)
    names = (*_LONGEST, "kind", "papers", "suzhou_code", "application_id", "faulty")
    kept = {name: tuple(value[:150] for value in typed.all(name))[:20] for name in names}
    keep_form(request, answer, PATH, Entered(kept))
    return answer
