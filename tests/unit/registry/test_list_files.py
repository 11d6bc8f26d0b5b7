"""Writing lists: templates, formulas in texts, and that what is written is read as it was."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.registry.domain.import_rows import COLUMNS
from services.registry.domain.list_columns import GUIDES
from services.registry.handlers.import_files import read_file
from services.registry.handlers.list_files import template
from shared.kernel.cells import defused, plain
from shared.kernel.tables import FileFormat, Table, write

FORMATS: tuple[FileFormat, ...] = ("xlsx", "csv")
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''+1", "'quoted'", '=HYPERLINK("http://x")', "＝1")


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("kind", list(GUIDES))
@pytest.mark.parametrize("how", FORMATS)
def test_a_template_read_as_it_is_is_an_empty_list(kind: str, how: FileFormat) -> None:
    content = template(kind, how)
    read = read_file(kind, content)
    assert (read.rows, read.remarks) == ([], [])
    if how == "csv":
        assert content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("kind", list(GUIDES))
def test_a_template_explains_every_column_and_offers_its_values(kind: str) -> None:
    content = template(kind, "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    list_sheet, notes_sheet = book.sheet_names
    (titles,) = book.get_sheet_by_name(list_sheet).iter_rows()
    assert [str(title).rstrip("*") for title in titles] == list(GUIDES[kind].header)
    assert {str(title)[:-1] for title in titles if str(title).endswith("*")} == set(COLUMNS[kind])
    notes = {row[0]: row for row in book.get_sheet_by_name(notes_sheet).iter_rows()}
    for column in GUIDES[kind].columns:
        _, must, tells, allowed, example = notes[column.title]
        assert str(must).startswith("是") == (column.title in COLUMNS[kind])
        assert (tells, allowed, example) == (column.tells, "、".join(column.allowed), column.example)


def test_every_kind_of_list_has_its_columns_described() -> None:
    assert set(GUIDES) == set(COLUMNS)
    for kind, wanted in COLUMNS.items():
        assert set(wanted) <= set(GUIDES[kind].header)


@given(st.text())
def test_a_text_comes_back_from_a_csv_as_it_was_and_never_begins_a_formula(text: str) -> None:
    assert plain(defused(text)) == text
    assert defused(text)[:1] not in set("=+-@\t\r")


@pytest.mark.parametrize("how", FORMATS)
def test_no_text_becomes_a_formula_and_each_is_read_as_it_was(how: FileFormat) -> None:
    header = GUIDES["grids"].header
    lines = [("lj-001-w01", "lj-001", text, "", "1") for text in HOSTILE]
    content = write(Table(name="网格表", header=header, rows=lines), how)
    read = read_file("grids", content)
    assert [row.cells[2] for row in read.rows] == list(HOSTILE)
    if how == "xlsx":
        assert b"<f>" not in content
    else:
        shown = [line.split(",")[2].strip('"') for line in content.decode("utf-8-sig").splitlines()[1:]]
        assert not [cell for cell in shown if cell[:1] in set("=+-@＝")]
