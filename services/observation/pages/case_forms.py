"""What pages of the desk share: acting within a cell of the API, forms that keep what was typed, refusals in words."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from services.observation.access import ACCESS
from shared.http.access import Principal
from shared.kernel.refusal import Refusal
from shared.pages import said
from shared.pages.languages import language_of
from shared.pages.rendering import Pages

B = TypeVar("B", bound=BaseModel)


class FormMisfilled(Refusal):
    """A field of a form is `missing` or `unusable`; where a page shows its form again, the words are the face's."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"

    def __init__(self, field: str, kind: str) -> None:
        super().__init__(
            "表单有一项没有填写或填写不对。A field of the form is missing or not usable.",
            field=field,
            remedy="请重新打开页面，填好后再提交。Open the page again, fill it in and send it.",
        )
        self.kind = kind


_ABSENT = frozenset({"missing", "string_too_short", "too_short"})


def may(who: Principal, cell: str) -> Principal | None:
    """The caller with those grants only that open a route of the API; None where none does.

    A page is opened by more roles than each of its acts, and a role that opens the page lends its scope to no act.
    """
    return who.acting(*ACCESS[cell]) if who.has(*ACCESS[cell]) else None


def acting(who: Principal, cell: str) -> Principal:
    """The same, for an act that was asked for.

    Raises:
        RoleNotAllowed: no grant opens it.
    """
    return who.acting(*ACCESS[cell])


async def given(request: Request) -> dict[str, str]:
    """The fields of a form that were filled in, stripped; of a repeated one the last."""
    form = await request.form()
    return {
        name: text.strip()
        for name, text in form.items()
        if isinstance(text, str) and text.strip() and "\0" not in text and name != "csrf"
    }


async def chosen(request: Request, name: str) -> list[str]:
    """Every value of a field that may be ticked more than once."""
    form = await request.form()
    return [text for text in form.getlist(name) if isinstance(text, str) and text]


def body_of(model: type[B], values: Mapping[str, Any]) -> B:
    """A body of the API, made of what a form gave.

    Raises:
        FormMisfilled: naming the field.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=True)[0]
        if first["type"] == "value_error":  # a rule of ours, that says in both languages what is wrong
            said = first["ctx"]["error"]
            raise _Told(str(said), field=getattr(said, "field", None)) from error
        field = next((str(part) for part in first["loc"] if isinstance(part, str)), "")
        raise FormMisfilled(field, "missing" if first["type"] in _ABSENT else "unusable") from error


class _Told(Refusal):
    """What a body's own rule says."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"


def told_of(request: Request, refused: Refusal | None) -> dict[str, Any] | None:
    """A refusal in the reader's language: the field, what is wrong, and what to do; None where nothing was refused."""
    if not isinstance(refused, FormMisfilled):
        return said.told_of(request, refused)
    word: Any = pages_of(request).environments[language_of(request)].globals["word"]
    return {
        "field": refused.field,
        "detail": word(f"fault.{refused.kind}"),
        "remedy": word(f"remedy.{refused.kind}"),
        "at": request.url.path,
    }


def pages_of(request: Request) -> Pages:
    """The pages of the service."""
    found: Pages = request.app.state.pages
    return found


def identifier(text: str | None) -> UUID | None:
    """An id as a form carries it; None where it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
