"""Figures, days and ages as people read them: filters that all templates have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.support import NullTranslations
from jinja2 import Environment, pass_context
from jinja2.runtime import Context as JinjaContext

from shared.kernel.days import SHANGHAI, local_day
from shared.kernel.percent import floored_percent
from shared.pages.languages import Language, one_title

NOTHING = "—"
_WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day of a strip: where its bar stands in a box of given height."""

    x: int
    y: int
    height: int
    label: str
    value: int | None


def number(value: int | None) -> str:
    """With thousands apart; a dash for what is not known."""
    return NOTHING if value is None else f"{value:,}"


def share(part: int | None, whole: int | None) -> str:
    """A share in percent, never rounded up to all; a dash where nothing is due or the whole is not known."""
    return NOTHING if part is None or not whole else f"{floored_percent(part, whole)}%"


def clock(instant: datetime | None) -> str:
    """Hours and minutes in town."""
    return NOTHING if instant is None else f"{instant.astimezone(SHANGHAI):%H:%M}"


def day(value: date, language: Language, this_year: int | None = None) -> str:
    """A day with its weekday, and with its year where that is another than this."""
    other = this_year is not None and value.year != this_year
    if language is Language.ENGLISH:
        said = f"{_DAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]}"
        return f"{said} {value.year}" if other else said
    said = f"{value.month}月{value.day}日 {_WEEKDAYS[value.weekday()]}"
    return f"{value.year}年{said}" if other else said


def short_day(value: date) -> str:
    """A day under a bar: both languages read it."""
    return f"{value.month}/{value.day}"


def moment(instant: datetime | None, language: Language, this_year: int | None = None) -> str:
    """Day, hour and minute in town; the year as with a day."""
    if instant is None:
        return NOTHING
    local = instant.astimezone(SHANGHAI)
    return f"{day(local.date(), language, this_year)} {local:%H:%M}"


def since(instant: datetime, today: date, language: Language) -> str:
    """The time alone where it is today's."""
    return clock(instant) if local_day(instant) == today else moment(instant, language, today.year)


def strip(values: Sequence[tuple[date, int | None]], *, height: int = 36, width: int = 14) -> list[Bar]:
    """The bars of a strip of days. The highest day fills the box; what is more than nothing is seen."""
    most = max((value or 0 for _, value in values), default=0)
    bars = []
    for place, (on, value) in enumerate(values):
        tall = 0 if not value else max(2, round(value * height / most))
        bars.append(
            Bar(x=place * width, y=height - tall, height=tall, label=short_day(on), value=value),
        )
    return bars


def install(environment: Environment, language: Language, catalog: NullTranslations) -> None:
    """Give an environment its filters, in its language."""

    def ago(seconds: float | None) -> str:
        return NOTHING if seconds is None else _ago(seconds, catalog)

    @pass_context
    def day_of(page: JinjaContext, value: date) -> str:
        return day(value, language, page.get("this_year"))

    @pass_context
    def moment_of(page: JinjaContext, value: datetime | None) -> str:
        return moment(value, language, page.get("this_year"))

    filters: dict[str, Any] = {
        "number": number,
        "clock": clock,
        "day": day_of,
        "moment": moment_of,
        "since": lambda value, today: since(value, today, language),
        "ago": ago,
        "titled": lambda text: one_title(text, language),
    }
    environment.filters.update(filters)

    def tongue(chinese: str, english: str) -> str:
        return english if language is Language.ENGLISH else chinese

    environment.globals.update(share=share, strip=strip, tongue=tongue)


def _ago(seconds: float, catalog: NullTranslations) -> str:
    minutes = int(seconds) // 60
    if minutes < 1:
        return str(catalog.gettext("刚刚"))
    if minutes < 60:
        return str(catalog.ngettext("%(num)d 分钟前", "%(num)d 分钟前", minutes)) % {"num": minutes}
    if minutes < 48 * 60:
        return str(catalog.ngettext("%(num)d 小时前", "%(num)d 小时前", minutes // 60)) % {
            "num": minutes // 60
        }
    days = minutes // (24 * 60)
    return str(catalog.ngettext("%(num)d 天前", "%(num)d 天前", days)) % {"num": days}
