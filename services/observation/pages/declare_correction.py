"""A resident corrects what was mistyped last; both entries are kept (observation rules)."""

from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.observation.api.entries import CorrectionBody, correct_mine
from services.observation.api.models import Running
from services.observation.domain.correcting import HOUSEHOLD
from services.observation.metrics import count_form_error
from services.observation.pages.declare import HOME, OPEN
from services.observation.pages.drafts import REASONS, SYMPTOMS, Draft, Part
from services.observation.pages.family import Household, household
from services.observation.pages.judging import Faults, fault_of_symptoms, fault_of_temperature, say
from shared.http.access import Caller
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.routes import resident_router

PATH = "/declare/correction"
router = resident_router(OPEN, personal=True)
_MOST_REASON = 200


@router.get(PATH)
async def ask(request: Request, who: Caller, context: Running) -> Response:
    """What was declared last, to be changed."""
    pages: Pages = request.app.state.pages
    found = await household(who, context)
    last = found.own.last
    if last is None or last.channel not in HOUSEHOLD:
        return RedirectResponse(pages.url(HOME), 303)
    part = Part(
        case_id=last.case_id,
        declaration_id=uuid7(),
        temperature=last.temperature_c or "",
        reason=last.cannot_measure_reason or "",
        ticked=tuple(last.symptoms or ("none",)),
    )
    return _page(request, found, part, corrects=str(last.declaration_id), reason="", faults={})


@router.post(PATH)
async def correct(request: Request, who: Caller, context: Running) -> Response:
    """Keep the correction; pressed twice it is one."""
    pages: Pages = request.app.state.pages
    found = await household(who, context)
    fields = await request.form()

    def typed(name: str) -> str:
        return str(fields.get(name, "")).replace("\0", "").strip()

    try:
        corrects, declaration_id = UUID(typed("corrects")), UUID(typed("declaration_id"))
    except ValueError:
        return RedirectResponse(pages.url(PATH), 303)
    part = Part(case_id=found.own.case.case_id, declaration_id=declaration_id)
    draft = Draft(parts=(part,)).with_temperature(0, typed("temperature-0"), typed("reason-0"))
    part = draft.with_symptoms(0, [str(one) for one in fields.getlist("symptoms-0")]).parts[0]
    faults = _judge(request, found, part, typed("why"))
    if not faults:
        try:
            body = CorrectionBody.model_validate(_body(part, typed("why")))
            await correct_mine(corrects, body, who, context, Response())
        except (ValidationError, Refusal) as refused:
            told = one_language(refused.detail, language_of(request)) if isinstance(refused, Refusal) else ""
            faults = {"why": told or say(request, N_("没有收下，请重新打开本页再改。"))}
        else:
            return RedirectResponse(pages.url(HOME), 303)
    for field in faults:
        count_form_error("correction", field.partition("-")[0])
    return _page(request, found, part, corrects=str(corrects), reason=typed("why"), faults=faults)


def _judge(request: Request, found: Household, part: Part, why: str) -> Faults:
    wrong = {
        "temperature-0": fault_of_temperature(request, part, found.temperature),
        "symptoms-0": fault_of_symptoms(request, part),
        "why": None if 2 <= len(why) <= _MOST_REASON else say(request, N_("写为什么要改，例如“按错了”。")),
    }
    return {field: text for field, text in wrong.items() if text}


def _body(part: Part, why: str) -> dict[str, Any]:
    return {name: value for name, value in part.body().items() if name != "case_id"} | {"reason": why}


def _page(
    request: Request, found: Household, part: Part, *, corrects: str, reason: str, faults: Faults
) -> Response:
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "declare_correction.html",
        status=422 if faults else 200,
        found=found,
        parts_of=[(0, part, found.own)],
        corrects=corrects,
        reason=reason,
        symptoms=SYMPTOMS,
        reasons=REASONS,
        faults=faults,
    )
