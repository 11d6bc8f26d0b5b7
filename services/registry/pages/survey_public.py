"""A household fills its own form in by its link: who lives here, who came, what else is to be known (R4.2).

It is a household's word: nothing changes until a worker confirms it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.registry.api import survey_links as api
from services.registry.api.common import Running, cause
from services.registry.api.returnees import PersonBody, stated_person
from services.registry.domain.documents import DocumentKind
from services.registry.domain.people import Relation, Sex
from services.registry.handlers import survey_links as handlers
from services.registry.metrics import count_form_error
from services.registry.pages.entered import Entered
from services.registry.pages.public import PHONE_FAULT, Faults, drop_form, keep_form, kept_form, say
from shared.http.access import Caller
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.residents import entrance
from shared.pages.routes import resident_router

HOME, OPEN = "/survey", "/survey/open"
TITLE = N_("入户排摸登记")
MOST_NEW = 10
_PERSON = ("name", "kind", "number", "phone", "sex", "born", "relation")

router = resident_router(OPEN, personal=True)


async def _exchange(request: Request, secret: str, device_key: str) -> str:
    context = request.app.state.context
    async with context.database.begin(actor="public", cause=cause()) as tx:
        return await handlers.open_session(secret, device_key, tx=tx)


entrance_router = entrance(OPEN, onward=HOME, title=TITLE, exchange=_exchange, count_fault=count_form_error)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the household answered so far, as it was typed."""

    typed: Entered

    @property
    def submission_id(self) -> str:
        """Made with the first answer, so that sending twice is sending once."""
        return self.typed["submission_id"]

    def stays(self, person_ref: UUID) -> str:
        """Whether somebody of the record lives here: `present`, `gone`, or nothing yet."""
        return self.typed[f"stay.{person_ref.hex}"]

    @property
    def people(self) -> list[dict[str, str]]:
        """Those who were added."""
        found: list[dict[str, str]] = []
        for text in self.typed.all("p"):
            try:
                values = json.loads(text)
            except ValueError:
                continue
            if isinstance(values, list) and len(values) == len(_PERSON):
                found.append(dict(zip(_PERSON, map(str, values), strict=True)))
        return found

    def but(self, **values: Sequence[str]) -> "Answers":
        """The same with other answers."""
        return Answers(Entered({**self.typed.values, **{name: tuple(some) for name, some in values.items()}}))


@router.get(HOME)
async def home(request: Request, who: Caller, context: Running) -> Response:
    """How the household's form stands."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "survey.html", mine=await api.read_my_form(who, context))


@router.get("/survey/people")
async def ask_people(request: Request, who: Caller, context: Running) -> Response:
    """Who of the record lives here."""
    mine, answers = await api.read_my_form(who, context), _answers(request)
    faults = _unanswered(request, mine, answers) if answers.typed["faulty"] == "people" else {}
    return _page(request, "survey_people.html", mine, answers, faults)


@router.post("/survey/people")
async def take_people(request: Request, who: Caller, context: Running) -> Response:
    """Keep who lives here."""
    mine, typed = await api.read_my_form(who, context), Entered.read(await request.form())
    states = {
        f"stay.{one.person_ref.hex}": [value]
        for one in mine.residents
        if (value := typed[f"stay.{one.person_ref.hex}"]) in {"present", "gone"}
    }
    answers = _answers(request).but(**states)
    faults = _unanswered(request, mine, answers)
    return _led_to(request, answers, "/survey/people" if faults else "/survey/others", "people", faults)


@router.get("/survey/others")
async def ask_others(request: Request, who: Caller, context: Running) -> Response:
    """Whoever else lives here, one after another."""
    mine, answers = await api.read_my_form(who, context), _answers(request)
    if _unanswered(request, mine, answers):
        return _led_to(request, answers, "/survey/people")
    faults = _nobody(request, mine, answers) if answers.typed["faulty"] == "others" else {}
    return _page(request, "survey_others.html", mine, answers, faults)


@router.post("/survey/others")
async def take_others(request: Request, who: Caller, context: Running) -> Response:
    """Take somebody off the list again, or go on."""
    mine, typed = await api.read_my_form(who, context), Entered.read(await request.form())
    answers = _answers(request)
    if typed["drop"].isdecimal():
        nth = int(typed["drop"])
        kept = [text for place, text in enumerate(answers.typed.all("p")) if place != nth]
        return _led_to(request, answers.but(p=kept), "/survey/others")
    faults = _nobody(request, mine, answers)
    return _led_to(request, answers, "/survey/others" if faults else "/survey/more", "others", faults)


@router.get("/survey/person")
async def ask_person(request: Request, who: Caller, context: Running) -> Response:
    """Somebody who is not in the record."""
    mine, answers = await api.read_my_form(who, context), _answers(request)
    entered = {name: answers.typed[f"n.{name}"] for name in _PERSON}
    faults = _fault_of_person(request, entered) if answers.typed["faulty"] == "person" else {}
    return _page(request, "survey_person.html", mine, answers, faults, entered=entered)


@router.post("/survey/person")
async def take_person(request: Request, _who: Caller) -> Response:
    """Add them to the list, once they are stated whole."""
    typed, answers = Entered.read(await request.form()), _answers(request)
    entered = {name: typed[name][:60] for name in _PERSON}
    faults = _fault_of_person(request, entered)
    if not faults and len(answers.people) >= MOST_NEW:
        faults = {"name": say(request, N_("网上一次最多加 10 位，其余的请告诉网格员。"))}
    drafted = {f"n.{name}": [value] for name, value in entered.items()}
    if faults:
        return _led_to(request, answers.but(**drafted), "/survey/person", "person", faults)
    text = json.dumps([entered[name] for name in _PERSON], ensure_ascii=False, separators=(",", ":"))
    added = answers.but(p=[*answers.typed.all("p"), text], **{name: [] for name in drafted})
    return _led_to(request, added, "/survey/others")


@router.get("/survey/more")
async def ask_more(request: Request, who: Caller, context: Running) -> Response:
    """Whether somebody came back from elsewhere, and what else is to be said."""
    mine, answers = await api.read_my_form(who, context), _answers(request)
    if _unanswered(request, mine, answers) or _nobody(request, mine, answers):
        return _led_to(request, answers, "/survey/people")
    faults = _fault_of_more(request, answers) if answers.typed["faulty"] == "more" else {}
    return _page(request, "survey_more.html", mine, answers, faults)


@router.post("/survey/more")
async def take_more(request: Request, _who: Caller) -> Response:
    """Keep it, and lead to the check."""
    typed = Entered.read(await request.form())
    answers = _answers(request).but(
        returned=[typed["returned"]], journey=[typed["journey"][:200]], note=[typed["note"][:200]]
    )
    faults = _fault_of_more(request, answers)
    return _led_to(request, answers, "/survey/more" if faults else "/survey/check", "more", faults)


@router.get("/survey/check")
async def check(request: Request, who: Caller, context: Running) -> Response:
    """Everything once more before it is sent."""
    mine, answers = await api.read_my_form(who, context), _answers(request)
    if (missing := _missing(request, mine, answers)) is not None:
        return _led_to(request, answers, missing)
    return _page(request, "survey_check.html", mine, answers, {})


@router.post("/survey/check")
async def send(request: Request, who: Caller, context: Running) -> Response:
    """Hand the form in; pressed twice it is one form."""
    pages: Pages = request.app.state.pages
    mine, answers = await api.read_my_form(who, context), _answers(request)
    if not answers.typed["returned"] and mine.state == "to_confirm":  # sent already, by the first press
        return RedirectResponse(pages.url(HOME), 303)
    if (missing := _missing(request, mine, answers)) is not None:
        return _led_to(request, answers, missing)
    try:
        body = api.MyFormBody.model_validate(_body(mine, answers))
        await api.fill_in(body, who, context, Response())
    except (ValidationError, Refusal) as refused:
        count_form_error("survey", "check")
        detail = refused.detail if isinstance(refused, Refusal) else ""
        remedy = (refused.remedy or "") if isinstance(refused, Refusal) else ""
        language = language_of(request)
        told = " ".join(one_language(text, language) for text in (detail, remedy) if text)
        faults = {"answers": told or say(request, N_("没有收下，请从头再填一次。"))}
        return _page(request, "survey_check.html", mine, answers, faults, status=422)
    answer = RedirectResponse(pages.url(HOME), 303)
    drop_form(request, answer, HOME)
    return answer


# ---- what is missing, and what is sent


def _unanswered(request: Request, mine: api.MyFormAnswer, answers: Answers) -> Faults:
    text = N_("每个人都选一下：还住在这里，还是不住了。")
    return {
        f"stay.{one.person_ref.hex}": say(request, text)
        for one in mine.residents
        if answers.stays(one.person_ref) not in {"present", "gone"}
    }


def _nobody(request: Request, mine: api.MyFormAnswer, answers: Answers) -> Faults:
    here = any(answers.stays(one.person_ref) == "present" for one in mine.residents)
    if here or answers.people:
        return {}
    return {"others": say(request, N_("至少要有一位住在这里的人；没有人住的，请告诉网格员。"))}


def _fault_of_person(request: Request, entered: dict[str, str]) -> Faults:
    faults: Faults = {}
    if not entered["name"]:
        faults["name"] = say(request, N_("写姓名。"))
    if entered["kind"] not in set(DocumentKind):
        faults["kind"] = say(request, N_("选证件种类。"))
    elif entered["kind"] != DocumentKind.NONE and not entered["number"]:
        faults["number"] = say(request, N_("写证件号码；无证件的，证件种类选“无证件”。"))
    if entered["relation"] not in set(Relation):
        faults["relation"] = say(request, N_("选和这套房子的关系。"))
    if faults:
        return faults
    try:
        stated_person(PersonBody.model_validate(_person(entered)))
    except ValidationError as error:
        place = {"born": N_("出生日期写成 1990-05-01 这样。"), "phone": PHONE_FAULT}
        for part in error.errors(include_input=False, include_url=False, include_context=False):
            field = next((str(step) for step in part["loc"] if step in _PERSON), "name")
            faults[field] = say(request, place.get(field, N_("这一项填得不对，核对一下。")))
    except Refusal as refused:
        language = language_of(request)
        told = " ".join(one_language(text, language) for text in (refused.detail, refused.remedy) if text)
        field = (refused.field or "").rpartition(".")[2]
        faults[field if field in _PERSON else "number"] = told
    return faults


def _fault_of_more(request: Request, answers: Answers) -> Faults:
    if answers.typed["returned"] not in {"no", "yes"}:
        return {"returned": say(request, N_("选有还是没有。"))}
    if answers.typed["returned"] == "yes" and not answers.typed["journey"]:
        return {"journey": say(request, N_("写谁、从哪里、哪天回来的。"))}
    return {}


def _missing(request: Request, mine: api.MyFormAnswer, answers: Answers) -> str | None:
    """The first page that has no answer yet."""
    if _unanswered(request, mine, answers):
        return "/survey/people"
    if _nobody(request, mine, answers):
        return "/survey/others"
    return "/survey/more" if _fault_of_more(request, answers) else None


def _person(entered: dict[str, str]) -> dict[str, Any]:
    numbered = entered["kind"] != DocumentKind.NONE
    return {
        "name": entered["name"],
        "documents": [{"kind": entered["kind"], "number": entered["number"]}] if numbered else [],
        "phone": entered["phone"],
        "sex": entered["sex"] or None,
        "born": entered["born"] or None,
        "relation": entered["relation"],
    }


def _body(mine: api.MyFormAnswer, answers: Answers) -> dict[str, Any]:
    members = [
        {"state": answers.stays(one.person_ref), "person_ref": one.person_ref} for one in mine.residents
    ]
    members += [{"state": "new", "person": _person(one)} for one in answers.people]
    findings = []
    if answers.typed["returned"] == "yes":
        # A household's word about a journey: the worker who confirms the form opens the intake.
        findings.append({"kind": "other", "note": answers.typed["journey"]})
    return {
        "submission_id": answers.submission_id,
        "members": members,
        "findings": findings,
        "note": answers.typed["note"] or None,
    }


# ---- the way through the questions


def _answers(request: Request) -> Answers:
    kept = Answers(kept_form(request, HOME))
    try:
        UUID(kept.submission_id)
    except ValueError:
        return Answers(Entered.of(submission_id=str(uuid7())))
    return kept


def _led_to(
    request: Request,
    answers: Answers,
    path: str,
    step: Literal["people", "others", "person", "more", ""] = "",
    faults: Faults | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    for field in faults or {}:
        count_form_error("survey", field.partition(".")[0])
    answer = RedirectResponse(pages.url(path), 303)
    keep_form(request, answer, HOME, answers.but(faulty=[step if faults else ""]).typed)
    return answer


def _page(
    request: Request,
    template: str,
    mine: api.MyFormAnswer,
    answers: Answers,
    faults: Faults,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    pages: Pages = request.app.state.pages
    answer = pages.render(
        request,
        template,
        status=status,
        mine=mine,
        answers=answers,
        faults=faults,
        kinds=list(DocumentKind),
        relations=list(Relation),
        sexes=list(Sex),
        **values,
    )
    keep_form(request, answer, HOME, answers.typed)
    return answer
