"""A refusal as a page tells it."""

from typing import Any

from starlette.requests import Request

from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language


def told_of(request: Request, refused: Refusal | None) -> dict[str, Any] | None:
    """A refusal in the reader's language; None where nothing was refused."""
    if refused is None:
        return None
    language = language_of(request)
    return {
        "detail": one_language(refused.detail, language),
        "remedy": one_language(refused.remedy, language) if refused.remedy else None,
        "field": refused.field,
    }
