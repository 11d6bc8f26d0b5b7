"""What a look found: well, doubtful or wrong, in one line, with what to do."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]
WORST: dict[State, int] = {"ok": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    check: str
    about: str
    """The service, file or server that was looked at."""
    state: State
    zh: str
    en: str
    remedy: str = ""


def ok(check: str, about: str, zh: str, en: str) -> Finding:
    """As it should be."""
    return Finding(check=check, about=about, state="ok", zh=zh, en=en)


def warn(check: str, about: str, zh: str, en: str, remedy: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(check=check, about=about, state="warn", zh=zh, en=en, remedy=remedy)


def fail(check: str, about: str, zh: str, en: str, remedy: str) -> Finding:
    """It is wrong now."""
    return Finding(check=check, about=about, state="fail", zh=zh, en=en, remedy=remedy)
