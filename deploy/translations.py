"""What the pages say, found in templates and code, beside its English: `python -m deploy.translations`.

Adds what is new to the `en.po` of each folder of pages, with an empty translation to be written, and drops what is not
said any more. A test fails on anything missing, stale or unmarked.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).parents[1]
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def folders() -> list[Path]:
    """The folders that hold pages: the shared one, and those of the services that have templates."""
    own = sorted(path.parents[1] for path in (PROJECT / "services").glob("*/pages/locale/en.po"))
    return [PROJECT / "shared" / "pages", *own]


def said(folder: Path) -> Catalog:
    """Everything that a folder says, in Chinese, with where it is said."""
    catalog = Catalog(locale="en", project="fangkong", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        folder, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS, strip_comment_tags=True
    )
    for file, _line, message, _comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        catalog.add(message, None, [(Path(file).as_posix(), 0)], context=context)
    return catalog


def written(folder: Path) -> Catalog:
    """The English of a folder, as it is committed."""
    with (folder / "locale" / "en.po").open("rb") as file:
        return read_po(file, locale="en")


def rendered(catalog: Catalog) -> bytes:
    """A catalog as a file: in order, without dates or line numbers, so that it changes only with what is said."""
    out = io.BytesIO()
    write_po(
        out,
        catalog,
        width=110,
        omit_header=False,
        sort_output=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    lines = out.getvalue().decode().splitlines(keepends=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Language-Team')
    return "".join(line for line in lines if not line.startswith((*dated, "#\n", "# "))).encode()


def updated() -> Iterator[tuple[Path, bytes]]:
    """Each catalog with what is new and without what is gone."""
    for folder in folders():
        catalog = written(folder)
        catalog.update(said(folder), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        yield folder / "locale" / "en.po", rendered(catalog)


if __name__ == "__main__":
    for path, content in updated():
        path.write_bytes(content)
