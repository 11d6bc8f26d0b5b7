"""A resident declares on a phone: one question a page, for oneself and for the family (R2.7, screens.md 4.7)."""

from dataclasses import replace
from typing import Literal, get_args

from fastapi import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.observation.api import families
from services.observation.api.batches import BatchItem
from services.observation.api.families import FamilyBody
from services.observation.api.models import FEVER_PATH, Running, cause
from services.observation.handlers import links
from services.observation.metrics import count_form_error
from services.observation.pages.drafts import REASONS, SECONDS, SYMPTOMS, Draft, Part
from services.observation.pages.family import Household, household
from services.observation.pages.judging import Faults, fault_of_symptoms, fault_of_temperature, say
from shared.events.policy_gate import TemperatureRules
from shared.http.access import IDENTIFIED, Caller
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.residents import entrance
from shared.pages.routes import resident_router

Step = Literal["who", "temperature", "symptoms", "check"]
HOME, OPEN = "/declare", "/declare/open"
TITLE = N_("健康申报")
ORDER: tuple[Step, ...] = get_args(Step)

router = resident_router(OPEN, personal=True)
public_router = resident_router(OPEN)


async def _exchange(request: Request, secret: str, device_key: str) -> str:
    context = request.app.state.context
    async with context.database.begin(actor="public", cause=cause()) as tx:
        return await links.open_session(secret, device_key, tx=tx)


entrance_router = entrance(OPEN, onward=HOME, title=TITLE, exchange=_exchange, count_fault=count_form_error)


@router.get(HOME)
async def home(request: Request, who: Caller, context: Running) -> Response:
    """Which day it is, what was received today, and when to declare next: the receipt, to be opened again."""
    pages: Pages = request.app.state.pages
    found = await household(who, context)
    alarm = any(one.last is not None and one.last.alarming for one in found.members)
    return pages.render(
        request,
        "declare.html",
        found=found,
        today=context.clock.today(),
        fever=one_language(FEVER_PATH, language_of(request)) if alarm else None,
        now=context.clock.now(),
        server_now=int(context.clock.now().timestamp() * 1000),
    )


@router.get("/declare/answers/{step}")
async def ask(request: Request, step: Step, who: Caller, context: Running) -> Response:
    """Ask one question; whoever skipped an earlier one is led to it."""
    found = await household(who, context)
    draft = _draft(request, found)
    if (open_step := _reached(request, draft, found, step)) != step:
        return _led_to(request, draft, open_step)
    faults = _faults(request, step, draft, found.temperature) if draft.faulty == step else {}
    return _asked(request, step, found, draft, faults)


@router.post("/declare/answers/{step}")
async def answer(request: Request, step: Step, who: Caller, context: Running) -> Response:
    """Keep an answer and lead to the next question, or back to this one; on the last page, send."""
    found = await household(who, context)
    fields = await request.form()
    given = {name: [str(value) for value in fields.getlist(name)] for name in fields}
    draft = _draft(request, found)
    if (open_step := _reached(request, draft, found, step)) != step:
        return _led_to(request, draft, open_step)
    if step == "check":
        return await _send(request, found, draft, who, context)
    if step == "who":
        chosen = [one.case.case_id for one in found.members if str(one.case.case_id) in given.get("who", [])]
        draft = Draft.of(chosen, draft)
    for nth in range(len(draft.parts)):
        if step == "temperature":
            typed, reason = (given.get(f"{name}-{nth}", [""])[0].strip() for name in (step, "reason"))
            draft = draft.with_temperature(nth, typed, reason)
        elif step == "symptoms":
            draft = draft.with_symptoms(nth, given.get(f"{step}-{nth}", []))
    if faults := _faults(request, step, draft, found.temperature):
        for field in faults:
            count_form_error("declaration", field.partition("-")[0])
        return _led_to(request, replace(draft, faulty=step), step)
    draft = replace(draft, faulty="")
    return _led_to(request, draft, _reached(request, draft, found, "check"))


@router.post("/declare/kept")
async def send_kept(request: Request, body: FamilyBody, who: Caller, context: Running) -> Response:
    """Take what the page's script sends: what was confirmed just now, or what a phone kept while it had no network.

    Whatever was kept names its own time. Where its first sending had come through after all, it is the same
    declaration, though that one named none.
    """
    pages: Pages = request.app.state.pages
    told = (await families.declare_for_family(body, who, context)).items
    items: list[BatchItem] = []
    for raw, item in zip(body.declarations, told, strict=True):
        if item.code == "same_id_other_content" and isinstance(raw, dict) and raw.get("at"):
            again = FamilyBody(declarations=[{**raw, "at": None}])
            items += (await families.declare_for_family(again, who, context)).items
        else:
            items.append(item)
    language = language_of(request)
    answer = JSONResponse(
        {
            "items": [
                {
                    "declaration_id": str(one.declaration_id),
                    "status": one.status,
                    "detail": one_language(one.detail, language) if one.detail else None,
                }
                for one in items
            ]
        }
    )
    if all(one.status in {"created", "exists"} for one in items):
        pages.sessions.take(answer, request, "draft", path=_scope(pages))
    return answer


@public_router.get("/declare/offline", dependencies=IDENTIFIED)
async def offline(request: Request) -> Response:
    """What the phone shows without a network: nothing of anybody, and what it keeps itself."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "declare_offline.html")


@public_router.get("/declare/worker.js", dependencies=IDENTIFIED)
async def worker(request: Request) -> Response:
    """The script that answers without a network; it may look after the declaration's pages only."""
    pages: Pages = request.app.state.pages
    headers = pages.page_headers() | {
        "Service-Worker-Allowed": _scope(pages),
        "Cache-Control": "no-cache",
    }
    body = pages.assets.assets["declare-worker.js"].body
    return Response(body, headers=headers, media_type="text/javascript")


# ---- the way through the questions


def _draft(request: Request, found: Household) -> Draft:
    """What this browser kept of people whom the link reaches."""
    pages: Pages = request.app.state.pages
    kept = Draft.read(request.cookies.get(pages.sessions.named("draft", request, path=_scope(pages)), ""))
    parts = tuple(part for part in kept.parts if found.of(part.case_id)) if kept else ()
    if not parts and len(found.members) == 1:
        return Draft.of([found.own.case.case_id])
    return Draft(parts=parts, faulty=kept.faulty if kept else "")


def _reached(request: Request, draft: Draft, found: Household, wanted: Step) -> Step:
    """The page that can be shown: the wanted one, or the first question before it that has no answer."""
    if wanted == "who":
        return "who" if len(found.members) > 1 else "temperature"
    for step in ORDER[: ORDER.index(wanted)]:
        if _faults(request, step, draft, found.temperature):
            return step
    return wanted


def _led_to(request: Request, draft: Draft, step: Step) -> Response:
    pages: Pages = request.app.state.pages
    answer = RedirectResponse(pages.url(f"/declare/answers/{step}"), 303)
    pages.sessions.give(answer, request, "draft", draft.write(), seconds=SECONDS, path=_scope(pages))
    return answer


def _asked(request: Request, step: Step, found: Household, draft: Draft, faults: Faults) -> Response:
    pages: Pages = request.app.state.pages
    before = {
        "who": HOME,
        "temperature": "/declare/answers/who" if len(found.members) > 1 else HOME,
        "symptoms": "/declare/answers/temperature",
        "check": "/declare/answers/symptoms",
    }
    answer = pages.render(
        request,
        f"declare_{step}.html",
        found=found,
        parts_of=[(nth, part, found.of(part.case_id)) for nth, part in enumerate(draft.parts)],
        before=before[step],
        bodies=[part.body() for part in draft.parts],
        symptoms=SYMPTOMS,
        reasons=REASONS,
        faults=faults,
    )
    pages.sessions.give(answer, request, "draft", draft.write(), seconds=SECONDS, path=_scope(pages))
    return answer


def _faults(request: Request, step: Step, draft: Draft, rules: TemperatureRules) -> Faults:
    """What is wrong with the answers to a question, by field; nothing once it is answered."""
    if step == "who":
        return {} if draft.parts else {"who": say(request, N_("勾选要申报的人，至少一位。"))}
    found: dict[str, str | None] = {}
    for nth, part in enumerate(draft.parts):
        if step == "temperature":
            found[f"{step}-{nth}"] = fault_of_temperature(request, part, rules)
        elif step == "symptoms":
            found[f"{step}-{nth}"] = fault_of_symptoms(request, part)
    return {field: text for field, text in found.items() if text}


async def _send(request: Request, found: Household, draft: Draft, who: Caller, context: Running) -> Response:
    pages: Pages = request.app.state.pages
    body = FamilyBody(declarations=[part.body() for part in draft.parts])
    items = (await families.declare_for_family(body, who, context)).items
    language = language_of(request)
    left: list[Part] = []
    faults: Faults = {}
    for part, item in zip(draft.parts, items, strict=True):
        if item.status not in {"created", "exists"}:
            detail = one_language(item.detail, language) if item.detail else None
            faults[f"answers-{len(left)}"] = detail or say(request, N_("没有收下，请从头再报一次。"))
            left.append(part)
    if faults:
        count_form_error("declaration", "check")
        return _asked(request, "check", found, Draft(parts=tuple(left)), faults)
    answer = RedirectResponse(pages.url(HOME), 303)
    pages.sessions.take(answer, request, "draft", path=_scope(pages))
    return answer


def _scope(pages: Pages) -> str:
    """The part of the service's addresses that belongs to the declaration."""
    return pages.url(HOME)
