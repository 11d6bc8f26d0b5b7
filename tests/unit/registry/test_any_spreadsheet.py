"""Whatever stands in the cells: every row of a file is taken, refused with a reason, or blank; none is dropped (P6)."""

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain import import_rows
from services.registry.domain.faults import EXPLAINED, KEPT
from services.registry.domain.import_rows import Reader
from services.registry.domain.list_columns import GUIDES
from services.registry.domain.resident_rows import read_resident
from services.registry.domain.watch_lists import read_watch_line
from services.registry.handlers.import_files import ReadFile, read_file
from services.registry.handlers.workbooks import UnreadableFileError
from shared.kernel.tables import Table, write

TODAY = date(2020, 2, 24)
READERS: dict[str, Callable[[Reader], object]] = {
    "compounds": import_rows.read_compound,
    "checkpoints": lambda reader: import_rows.read_checkpoint(reader, TODAY),
    "grids": import_rows.read_grid,
    "addresses": import_rows.read_dwelling,
    "workers": import_rows.read_worker,
    "residents": lambda reader: read_resident(reader, TODAY),
    "watch_list": lambda reader: read_watch_line(reader, TODAY),
}
_PRINTED = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
TEXTS = st.one_of(
    st.text(_PRINTED, max_size=30),
    st.sampled_from(
        (
            "",
            " ",
            "=1+1",
            "'=1",
            "-1",
            "1.10105E+17",
            "2020-02-30",
            "43885",
            "否",
            "无",
            "居民身份证",
            "lj-001",
            "*",
        )
    ),
)
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from((1.10105e17, 43885.0, 101.0, 0.0, -1.0)),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.datetimes(datetime(1900, 3, 1), datetime(2199, 12, 31)),
)


def _rows(kind: str, cells: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    width = len(GUIDES[kind].header)
    examples = [column.example for column in GUIDES[kind].columns]
    odd = st.lists(cells, max_size=width + 3)
    nearly = st.tuples(st.integers(0, width - 1), cells).map(
        lambda change: [*examples[: change[0]], change[1], *examples[change[0] + 1 :]]
    )
    return st.lists(st.one_of(odd, nearly), max_size=12)


def _judged(kind: str, read: ReadFile, rows: Sequence[Sequence[Any]]) -> None:
    """Rows and blank rows are those of the file, and each row is read or has reasons that can be told."""
    blank = sum(int(one.place) for one in read.remarks if one.code == "rows_blank")
    last = max(
        (number for number, row in enumerate(rows, 1) if any(cell not in {"", None} for cell in row)),
        default=0,
    )
    assert len(read.rows) + blank in {last, len(rows)}  # a spreadsheet does not keep blank rows at its end
    for row in read.rows:
        reader = Reader(row)
        taken = READERS[kind](reader)
        codes = {fault.code for fault in reader.faults}
        assert codes <= EXPLAINED.keys()
        assert (taken is not None) == (codes <= KEPT), (codes, row)


@pytest.mark.scenario("P6")
@pytest.mark.parametrize("kind", list(READERS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_row_of_a_workbook_is_taken_or_refused_with_a_reason(kind: str, data: st.DataObject) -> None:
    rows = data.draw(_rows(kind, CELLS))
    content = io.BytesIO()
    options = {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd", "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet("甲")
        for number, row in enumerate([list(GUIDES[kind].header), *rows]):
            sheet.write_row(number, 0, row)
    _judged(kind, read_file(kind, content.getvalue()), rows)


@pytest.mark.scenario("P6")
@pytest.mark.parametrize("kind", list(READERS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_row_of_a_csv_is_taken_or_refused_with_a_reason(kind: str, data: st.DataObject) -> None:
    rows = data.draw(_rows(kind, TEXTS))
    encoding = data.draw(st.sampled_from(("utf-8", "utf-8-sig", "gb18030", "utf-16")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([GUIDES[kind].header, *rows])
    _judged(kind, read_file(kind, out.getvalue().encode(encoding)), rows)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=8), how=st.sampled_from(("xlsx", "csv"))
)
def test_any_cell_can_be_written(rows: list[list[Any]], how: Any) -> None:
    content = write(Table(name="网格表", header=GUIDES["grids"].header, rows=rows), how)
    filled = sum(any(cell not in {"", None} for cell in row) for row in rows)
    assert len(read_file("grids", content).rows) == filled


@given(st.binary(max_size=4_000))
def test_any_bytes_are_a_list_or_no_list(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xef\xbb\xbf", b"\xff\xfe"):
        with suppress(UnreadableFileError):  # anything else fails the test
            read_file("grids", start + content)
