"""Keyset paging: a page is cut by the last key seen, never by an offset, so it stays right as rows arrive."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.http.problem import HttpRefusal

T = TypeVar("T")

MAX_LIMIT = 200
_MAX_CURSOR = 512

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
After = Annotated[str | None, Query(max_length=_MAX_CURSOR, description="The `next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """A page of items; `next` continues it and is None on the last page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: list[T]
    next: str | None = None


class BadCursor(HttpRefusal):
    """The cursor was not made here."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_cursor"


class Cursor:
    """The key of the last row of a page as an opaque text: `Cursor(datetime, UUID)`.

    The text travels in URLs, so a key column is an instant, a number or an id, never a personal value. It is
    not signed: whoever forges one gets another page of what the caller may read anyway.
    """

    def __init__(self, *columns: Any) -> None:
        shape: Any = tuple.__class_getitem__(columns)
        self._key: TypeAdapter[tuple[Any, ...]] = TypeAdapter(shape)

    def write(self, *key: object) -> str:
        """Make the cursor behind a row."""
        return urlsafe_b64encode(self._key.dump_json(key)).rstrip(b"=").decode()

    def read(self, text: str) -> tuple[Any, ...]:
        """Read a cursor back.

        Raises:
            BadCursor: it is not one of ours.
        """
        try:
            found = self._key.validate_json(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValidationError, ValueError) as error:
            raise BadCursor(
                "翻页标记无效，请从第一页开始。Start again from the first page.", field="after"
            ) from error
        if any(isinstance(part, str) and "\0" in part for part in found):
            raise BadCursor("翻页标记无效，请从第一页开始。Start again from the first page.", field="after")
        return found
