"""Puts the pages together, with words of their own."""

from collections.abc import Mapping
from pathlib import Path

from services.observation.api.resident import link_authenticator
from services.observation.pages.desk_words import DESK_WORDS
from shared.context import Context
from shared.pages.languages import N_
from shared.pages.rendering import Pages

WORDS: Mapping[str, str] = {
    **DESK_WORDS,
    "declared.morning": N_("早报"),
    "declared.evening": N_("晚报"),
    "declared.answered": N_("已报"),
    "declared.late": N_("迟报"),
    "declared.missed": N_("未报"),
    "declared.open": N_("可以申报"),
    "declared.upcoming": N_("未到时间"),
    "symptom.fever": N_("发热"),
    "symptom.cough": N_("咳嗽"),
    "symptom.fatigue": N_("乏力"),
    "symptom.sore_throat": N_("咽痛"),
    "symptom.short_of_breath": N_("气促"),
    "symptom.diarrhoea": N_("腹泻"),
    "symptom.loss_of_smell": N_("闻不到味道"),
    "symptom.other": N_("其他不舒服"),
    "cannot.no_thermometer": N_("没有体温计"),
    "cannot.thermometer_broken": N_("体温计坏了"),
    "cannot.too_young": N_("孩子太小"),
    "cannot.unwell": N_("身体不便"),
    "cannot.refused": N_("不愿意量"),
    "cannot.other": N_("其他原因"),
}


def pages_of(context: Context) -> Pages:
    """Observation's pages."""
    return Pages.make(
        context,
        "observation",
        folder=Path(__file__).parent,
        words=WORDS,
        by_link=link_authenticator(context.database),
    )
