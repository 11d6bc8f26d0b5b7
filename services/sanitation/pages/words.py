"""Words of a form, held to what the API asks of them."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class TooFewLetters(Refusal):
    """So few letters say nothing."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"


def in_words(typed: str, least: int, *, field: str = "note", needed: bool = False) -> str | None:
    """What was typed; None where nothing was, and nothing had to be.

    Raises:
        TooFewLetters: it is shorter than the API takes.
    """
    if len(typed) < least and (typed or needed):
        raise TooFewLetters(
            f"请写明情况，至少 {least} 个字。Say it in {least} letters at least.", field=field
        )
    return typed or None
