"""A refusal as a page tells it, and how its fields point to it."""

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
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
        "at": request.url.path,
    }


@pass_context
def marked(
    context: Context, *names: str, at: object = "", when: object = True, group: bool = False
) -> Markup:
    """The attributes that join a field to what the page's `refused` says of it; nothing where it is not about it.

    Args:
        context: of the template.
        names: what the field is called in refusals.
        at: what the address has that its form is sent to, where a page has several forms with such a field.
        when: whether its form is the one that was sent, where addresses do not tell.
        group: the field is a group of choices, which cannot be called invalid itself.
    """
    refused = context.get("refused")
    if not refused or refused["field"] not in names or str(at) not in refused["at"] or not when:
        return Markup()
    described = Markup(' aria-describedby="refusal"')
    return described if group else Markup(' aria-invalid="true"') + described
