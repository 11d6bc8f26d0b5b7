"""Chinese first, English complete: catalogs of gettext, read from `.po` files when a service starts."""

import io
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

COOKIE = "fangkong_lang"
_TITLE = re.compile(r"^(?P<zh>.*[\u3400-\u9fff）])\s+(?P<en>[A-Z0-9][^\u3400-\u9fff]*)$", re.DOTALL)
_BOTH = re.compile(r"^(?P<zh>.*[。！？])\s*(?P<en>[A-Z0-9].*)$", re.DOTALL)


class Language(StrEnum):
    """What pages are written in; the value is HTML's `lang`."""

    CHINESE = "zh-CN"
    ENGLISH = "en"


def N_(text: str) -> str:  # noqa: N802  # gettext's name for "to be translated where it is shown"
    """Mark a constant for translation."""
    return text


def language_of(request: Request) -> Language:
    """The reader's choice, Chinese without one."""
    chosen = request.cookies.get(COOKIE)
    return Language.ENGLISH if chosen == Language.ENGLISH else Language.CHINESE


def catalogs(folders: Iterable[Path]) -> dict[Language, NullTranslations]:
    """What is said in each language: the source itself in Chinese, and the `en.po` of the folders in English.

    Raises:
        FileNotFoundError: a folder has no `en.po`.
    """
    english = Translations()
    for folder in folders:
        with (folder / "en.po").open("rb") as file:
            catalog = read_po(file, locale="en")
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        english.merge(Translations(compiled))
    return {Language.CHINESE: NullTranslations(), Language.ENGLISH: english}


def one_language(text: str, language: Language) -> str:
    """Of a sentence that is written in both languages ("中文。English."), the half to be read."""
    match = _BOTH.match(text)
    if match is None:
        return text
    halves: Mapping[str, str] = match.groupdict()
    return halves["en"] if language is Language.ENGLISH else halves["zh"]


def one_title(text: str, language: Language) -> str:
    """Of a title that policy has in both languages ("中文 English"), the half to be read."""
    match = _TITLE.match(text)
    if match is None:
        return text
    return match["en"] if language is Language.ENGLISH else match["zh"]
