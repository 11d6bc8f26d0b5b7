"""How many letters say something: the same for pages and the API."""

from typing import ClassVar, Final

from shared.kernel.refusal import Refusal

LETTERS: Final = 2
"""So many a note has at least: two characters say it in Chinese."""
EXPLAINED: Final = 4
"""So many an explanation has at least."""


class TooFewLetters(Refusal):
    """So few letters say nothing."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"


def in_words(typed: str, least: int, *, field: str = "note", needed: bool = False) -> str | None:
    """What was typed; None where nothing was, and nothing had to be.

    Raises:
        TooFewLetters: it is shorter than that.
    """
    if len(typed) < least and (typed or needed):
        raise TooFewLetters(
            f"请写明情况，至少 {least} 个字。Say it in {least} letters at least.", field=field
        )
    return typed or None
