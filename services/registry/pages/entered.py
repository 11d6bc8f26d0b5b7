"""What was typed into a form, as it was typed, and what is wrong with it in words.

Fields are named as the API's bodies name them, with dots, so that a form is judged by the body that the API takes and a
refusal points at the field. What was typed is kept whatever is wrong with it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeVar

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import FormData

from shared.http.models import Body
from shared.kernel import field_faults
from shared.kernel.field_faults import place_of
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language

_NUMBER = re.compile(r"\.\d+")
_MOST_LETTERS = 4_000
T = TypeVar("T", bound=Body)


class Misfilled(Refusal):
    """Fields of a form that cannot be taken as they are; `faults` tells which and why."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "misfilled"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("有几处需要改正，其余内容已保留。Some fields need correcting; the rest is kept.")
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Entered:
    """The fields of a form: every one has a text, empty where nothing was typed."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, **values: str) -> "Entered":
        """A form that begins with these values; `__` stands for a dot."""
        return cls({name.replace("__", "."): (value,) for name, value in values.items() if value})

    @classmethod
    def read(cls, form: FormData) -> "Entered":
        """What came in. NUL characters, which nobody types, are left out; a text is cut at 4,000 letters."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                found[name] = (*found.get(name, ()), value.replace("\0", "").strip()[:_MOST_LETTERS])
        return cls(found)

    def __getitem__(self, name: str) -> str:
        values = self.values.get(name, ())
        return values[-1] if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that can be ticked more than once."""
        return self.values.get(name, ())

    def but(self, values: Mapping[str, str]) -> "Entered":
        """The same with other values."""
        return Entered({**self.values, **{name: (value,) for name, value in values.items()}})

    def nested(self, begin: str = "", *, lists: Iterable[str] = ()) -> dict[str, Any]:
        """What was typed below a name, as the API's body states it; a field without a text is left out.

        Args:
            begin: `person.` for everything of the person; all of it without.
            lists: whole names of fields that hold several values.
        """
        many, made = frozenset(lists), dict[str, Any]()
        for name in self.values:
            if not name.startswith(begin) or not (self.all(name) if name in many else self[name]):
                continue
            *path, last = name.removeprefix(begin).split(".")
            place = made
            for part in path:
                place = place.setdefault(part, {})
            place[last] = list(self.all(name)) if name in many else self[name]
        listed: dict[str, Any] = _lists(made)
        return listed


async def _entered(request: Request) -> Entered:
    return Entered.read(await request.form())


Typed = Annotated[Entered, Depends(_entered)]
"""How a page asks for what was typed; the check of the form's token has read it already."""


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal as a form tells it: a sentence, what to do, and a word beside each field that it is about."""

    status: int
    code: str
    detail: str
    remedy: str | None
    faults: Mapping[str, str]
    extra: Mapping[str, object]

    def at(self, name: str) -> str | None:
        """What is wrong with a field: a code of `fault.` words, or the sentence itself."""
        return self.faults.get(name)

    @property
    def first(self) -> str | None:
        """The first field that is wrong."""
        return next(iter(self.faults), None)


def judged(kind: type[T], stated: Mapping[str, Any], *, shown: Mapping[str, str] | None = None) -> T:
    """The API's body of what a form states.

    Args:
        kind: the body.
        stated: see `Entered.nested`.
        shown: the body's name of a field -> the form's, where they differ.

    Raises:
        Misfilled: naming every field that cannot be taken.
    """
    try:
        return kind.model_validate(stated)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for part in error.errors(include_url=False):
            name = place_of(part)
            faults.setdefault((shown or {}).get(name, name), _word(part))
        raise Misfilled(faults) from error


def told_of(
    request: Request, refused: Refusal | None, *, shown: Mapping[str, str] | None = None
) -> Told | None:
    """A refusal in the reader's language; None where nothing was refused."""
    if refused is None:
        return None
    language = language_of(request)
    detail = one_language(refused.detail, language)
    faults: Mapping[str, str] = {}
    if isinstance(refused, Misfilled):
        faults = {name: one_language(wrong, language) for name, wrong in refused.faults.items()}
    elif refused.field:
        faults = {(shown or {}).get(refused.field, refused.field): detail}
    return Told(
        status=refused.status,
        code=refused.code,
        detail=detail,
        remedy=one_language(refused.remedy, language) if refused.remedy else None,
        faults=faults,
        extra=refused.extra,
    )


def label_of(name: str) -> str:
    """The word of a field's label, whichever of several alike it is."""
    return f"field.{_NUMBER.sub('', name)}"


_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("fault.missing", ("missing",)),
    ("fault.too_long", ("string_too_long", "too_long")),
    ("fault.time", ("time_",)),
    ("fault.day", ("date", "timezone")),
    ("fault.number", ("int", "decimal_type", "decimal_parsing")),
    ("fault.choice", ("literal_error", "enum", "bool_parsing")),
    ("fault.shape", ("string_pattern_mismatch",)),
)
"""A word, and how the types of Pydantic's errors begin that it is said of."""


def _word(part: Mapping[str, Any]) -> str:
    """A code of `fault.` words, or a sentence in both languages where the body knows better what would be right."""
    kind: str = part["type"]
    if kind in {"string_too_short", "too_short"} and not part["input"]:
        return "fault.missing"
    told = field_faults.told_of(part)
    otherwise = "fault.shape" if told == field_faults.ELSE else told
    return next((word for word, begins in _WORDS if kind.startswith(begins)), otherwise)


def _lists(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    if part and all(name.isdecimal() for name in part):
        return [_lists(part[name]) for name in sorted(part, key=int)]
    return {name: _lists(value) for name, value in part.items()}
