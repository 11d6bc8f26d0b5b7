"""What is wrong with the answers of a declaration, in words for whoever gave them."""

from fastapi import Request

from services.observation.domain.declaring import check_temperature
from services.observation.domain.readings import read_degrees
from services.observation.domain.refusals import TemperatureImplausible
from services.observation.pages.drafts import NONE_OF_THEM, Part
from shared.events.policy_gate import TemperatureRules
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages

Faults = dict[str, str]
"""Field -> what is wrong with it and how to mend it."""


def fault_of_temperature(request: Request, part: Part, rules: TemperatureRules) -> str | None:
    """What is wrong with somebody's temperature, or with the reason why there is none."""
    if part.temperature and part.reason:
        return say(request, N_("体温和测不了的原因只填一个。"))
    if not part.temperature:
        return None if part.reason else say(request, N_("填体温；测不了的，选一个原因。"))
    value = read_degrees(part.temperature)
    if value is None:
        return say(request, N_("体温写成数字，例如 36.5。"))
    try:
        check_temperature(value, rules)
    except TemperatureImplausible as refused:
        language = language_of(request)
        return " ".join(one_language(text, language) for text in (refused.detail, refused.remedy) if text)
    return None


def fault_of_symptoms(request: Request, part: Part) -> str | None:
    """What is wrong with how somebody says they feel."""
    if not part.ticked:
        return say(request, N_("没有不舒服就选“没有不舒服”，有的选是哪里不舒服。"))
    if NONE_OF_THEM in part.ticked and part.symptoms:
        return say(request, N_("“没有不舒服”和症状不能同时选，去掉其中一边。"))
    return None


def say(request: Request, text: str) -> str:
    """A marked text in the reader's language."""
    pages: Pages = request.app.state.pages
    return pages.say(request, text)
