"""Lists of any length are files that read back as what they were, sheet after sheet."""

from datetime import date, datetime

import pytest

from services.registry.domain.list_columns import GUIDES
from services.registry.handlers.import_files import read_file
from services.registry.handlers.workbooks import sheets_of
from shared.kernel.cells import Cell
from shared.kernel.workbooks import SHEET_ROWS, WorkbookWriter

GUIDE = GUIDES["residents"]


def line(nth: int) -> list[str]:
    return [f"{title}{nth}" for title in GUIDE.header]


def written(rows: int, sheet_rows: int) -> bytes:
    file = WorkbookWriter(GUIDE.name, GUIDE.header, sheet_rows=sheet_rows)
    for start in range(0, rows, 200):
        file.add(line(nth) for nth in range(start, min(start + 200, rows)))
    return file.finish()


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize(("rows", "sheets"), [(0, 1), (1, 1), (500, 1), (501, 2), (1_001, 3)])
def test_a_list_longer_than_a_sheet_goes_on_in_the_next_and_is_read_whole(rows: int, sheets: int) -> None:
    content = written(rows, 500)
    assert len(list(sheets_of(content))) == sheets
    read = read_file("residents", content)
    assert [list(row.cells) for row in read.rows] == [line(nth) for nth in range(rows)]
    assert read.remarks == []


@pytest.mark.release
@pytest.mark.requirement("R4.2")
def test_a_town_of_130000_people_is_one_file_that_is_read_back() -> None:
    content = written(130_000, SHEET_ROWS)
    read = read_file("residents", content)
    assert len(read.rows) == 130_000
    assert list(read.rows[-1].cells) == line(129_999)
    assert len(content) < 40_000_000


def test_every_kind_of_cell_is_what_it_was() -> None:
    cells: list[Cell] = [
        "=1+1",
        "<a&b>",
        "a\x0bb",
        " 两端 ",
        True,
        12,
        36.5,
        date(2020, 2, 29),
        datetime(2020, 2, 24, 9, 30),
    ]
    file = WorkbookWriter("表", [f"列{nth}" for nth in range(len(cells))])
    file.add([cells, [None, "", *[None] * 7]])
    [sheet] = sheets_of(file.finish())
    header, first, *rest = sheet.rows
    assert (next(iter(header)), list(first)) == ("列0", cells)
    assert all(cell in {"", None} for row in rest for cell in row)
