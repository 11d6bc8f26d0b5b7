"""Fields of forms that hold a day, a minute or an hour as a browser's field gives it; empty: nothing was said.

The form of a text says nothing of whether there is such a day: 2020-02-30 has it too.
"""

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator

from shared.kernel.days import SHANGHAI, typed_day


def _empty_or(there_is: Callable[[str], bool], wrong: str) -> AfterValidator:
    def judge(text: str) -> str:
        if text and not there_is(text):
            raise ValueError(wrong)
        return text

    return AfterValidator(judge)


def _is_minute(text: str) -> bool:
    day, _, clock = text.partition("T")
    return _is_day(day) and _is_clock(clock)


def _is_day(text: str) -> bool:
    day = typed_day(text)
    return day is not None and day.isoformat() == text


def _is_clock(text: str) -> bool:
    try:
        return time.fromisoformat(text).strftime("%H:%M") == text
    except ValueError:
        return False


def minute_of(text: str) -> datetime | None:
    """The instant of a minute on the clocks of the town; None: nothing was said."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) if text else None


LocalMinute = Annotated[
    str,
    _empty_or(
        _is_minute, "没有这个时间，如 2020-02-24T07:30。There is no such time; such as 2020-02-24T07:30."
    ),
]
LocalDay = Annotated[
    str,
    _empty_or(_is_day, "没有这一天，如 2020-02-24。There is no such day; such as 2020-02-24."),
]
LocalClock = Annotated[
    str,
    _empty_or(_is_clock, "没有这个时刻，如 09:30。There is no such time of day; such as 09:30."),
]
