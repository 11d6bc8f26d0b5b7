"""Writing a workbook row by row: rows are compressed as they come, and nothing lies on a disk in the clear (R4.2).

What a library would keep in memory for every cell until the end, or in a temporary file, is here one line of XML that
is written and forgotten: a town of 130,000 people is a file of some ten megabytes and costs no more than that.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from math import isfinite
from typing import IO
from xml.sax.saxutils import escape, quoteattr  # nosec B406  # they write, nothing is parsed

from shared.kernel.cells import Cell

LONGEST_CELL = 32_767  # a spreadsheet drops the cell otherwise
SHEET_ROWS = 150_000
"""After so many rows another sheet begins; a spreadsheet opens a million, this product reads 200,000 of a sheet."""

_FIRST_YEAR = 1900
_EPOCH = datetime(1899, 12, 30)
_LEAP_THAT_WAS_NONE = 61  # spreadsheets count a 29 February 1900
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TEXT, _TITLE, _DAY = 1, 2, 3
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/>'
    '</font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    'patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFDDEBF7"/></patternFill>'
    '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="2" '
    'applyNumberFormat="1" applyFont="1" applyFill="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


class WorkbookWriter:
    """One list as an xlsx; texts are texts, never formulas. Blocks: feed it in a thread."""

    def __init__(self, name: str, header: Sequence[str], *, sheet_rows: int = SHEET_ROWS) -> None:
        self._name, self._header, self._sheet_rows = name, tuple(header), sheet_rows
        self._content = io.BytesIO()
        self._archive = zipfile.ZipFile(self._content, "w", zipfile.ZIP_DEFLATED)
        self._sheets = 0
        self._row = 0
        self._sheet = self._begin_sheet()

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write further rows."""
        for row in rows:
            if self._row > self._sheet_rows:
                self._end_sheet()
                self._sheet = self._begin_sheet()
            self._write(row)

    def finish(self) -> bytes:
        """The file; nothing can be added any more."""
        self._end_sheet()
        numbers = range(1, self._sheets + 1)
        names = [self._name if number == 1 else f"{self._name} {number}" for number in numbers]
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, names, strict=True)
        )
        self._part(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        parts = [(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        self._part("xl/_rels/workbook.xml.rels", _relations([*parts, ("rIdStyles", "styles", "styles.xml")]))
        self._part("_rels/.rels", _relations([("rId1", "officeDocument", "xl/workbook.xml")]))
        self._archive.writestr("xl/styles.xml", _STYLES)
        self._part("[Content_Types].xml", _types(numbers))
        self._archive.close()
        return self._content.getvalue()

    def _begin_sheet(self) -> IO[bytes]:
        self._sheets += 1
        self._row = 0
        sheet = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        columns = "".join(
            f'<col min="{place}" max="{place}" width="{max(12, 2 * len(title) + 2)}" style="{_TEXT}" customWidth="1"/>'
            for place, title in enumerate(self._header, start=1)
        )
        sheet.write(
            (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
                'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>"
            ).encode()
        )
        self._sheet = sheet
        self._write(self._header, style=_TITLE)
        return sheet

    def _end_sheet(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()

    def _write(self, row: Sequence[Cell], *, style: int = _TEXT) -> None:
        self._row += 1
        cells = "".join(
            _cell(f"{column_letter(place)}{self._row}", cell, style)
            for place, cell in enumerate(row)
            if cell is not None and cell != ""
        )
        self._sheet.write(f'<row r="{self._row}">{cells}</row>'.encode("utf-8", "replace"))

    def _part(self, name: str, content: str) -> None:
        self._archive.writestr(name, _HEAD + content)


def column_letter(place: int) -> str:
    """A column as spreadsheets name it: A, B … Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _cell(reference: str, cell: Cell, style: int) -> str:
    match cell:
        case bool():
            return f'<c r="{reference}" t="b"><v>{int(cell)}</v></c>'
        case int() | float() if isfinite(cell):
            return f'<c r="{reference}"><v>{cell!r}</v></c>'
        case date() if cell.year >= _FIRST_YEAR:
            return f'<c r="{reference}" s="{_DAY}"><v>{_serial(cell)!r}</v></c>'
        case _:
            text = escape(_NO_XML.sub(_spelled_out, str(cell)[:LONGEST_CELL]))
            return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _spelled_out(found: re.Match[str]) -> str:
    """A character that XML cannot hold, as spreadsheets spell it; and what only looks like such a spelling."""
    text = found[0]
    return f"_x{ord(text):04X}_" if len(text) == 1 else f"_x005F{text}"


def _serial(day: date) -> float:
    """A day as spreadsheets count it, the time as a part of it."""
    instant = (
        day.replace(tzinfo=None) if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
    )
    serial = (instant - _EPOCH) / timedelta(days=1)
    return serial - 1 if serial < _LEAP_THAT_WAS_NONE else serial


def _relations(parts: Iterable[tuple[str, str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for key, kind, target in parts
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _types(sheets: Iterable[int]) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("xl/workbook.xml", "sheet.main"), ("xl/styles.xml", "styles")]
    parts += [(f"xl/worksheets/sheet{number}.xml", "worksheet") for number in sheets]
    listed = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}.{what}+xml"/>' for name, what in parts
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="{relations}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
