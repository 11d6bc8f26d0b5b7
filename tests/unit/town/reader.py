"""A plain reader that follows deploy/town/README.md and nothing else.

It shows that the page is enough to get every row right.

It is not the product's importer and shares nothing with it or with the generator.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from python_calamine import CalamineWorkbook

from deploy.town import ManifestFile

SITE_KINDS = {"电梯", "楼道", "门卫室", "垃圾箱房", "垃圾桶", "口罩回收桶", "公共区域"}
DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
CHECK = "10X98765432"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One data row as text, numbers and dates, by header."""

    file: str
    sheet: str
    number: int
    cells: dict[str, object]

    def text(self, column: str) -> str:
        value = self.cells.get(column, "")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value)))


def read(folder: Path, file: ManifestFile) -> Iterator[Row]:
    """All rows of one file."""
    path = folder / file.file
    if file.encoding != "xlsx":
        with path.open(encoding=file.encoding, newline="") as text:
            for number, cells in enumerate(csv.DictReader(text), start=2):
                yield Row(file=file.file, sheet="", number=number, cells=dict(cells))
        return
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        header, *body = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for number, values in enumerate(body, start=2):
            cells = dict(zip(map(str, header), values, strict=True))
            yield Row(file=file.file, sheet=name, number=number, cells=cells)


def day(value: object) -> date | None:
    """The date in a cell, or None when there is no such day."""
    if isinstance(value, date):
        return value
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if re.fullmatch(r"\d{5}(\.0)?", text):
        return date(1899, 12, 30) + timedelta(days=int(float(text)))
    found = DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def checksum_holds(number: str) -> bool:
    """GB 11643."""
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(number[:17]))
    return CHECK[total % 11] == number[17]


def eighteen(number: str) -> str:
    """An ID in its long form, so that old and new forms compare equal."""
    if len(number) != 15:
        return number
    body = f"{number[:6]}19{number[6:]}"
    return next(body + check for check in CHECK if checksum_holds(body + check))


class Judge:
    """Says of every row what the page tells an importer to do; remembers what it has seen."""

    def __init__(self) -> None:
        self.compounds: set[str] = set()
        self.seen: set[tuple[str, ...]] = set()
        self.people: set[tuple[str, ...]] = set()

    def judge(self, kind: str, row: Row) -> dict[str, object] | None:
        """The row's outcome, or None when it is simply accepted."""
        if kind == "compounds":
            self.compounds.add(row.text("小区编号"))
        if kind not in {"addresses", "residents", "sites"}:
            return None
        fault = self._fault(kind, row)
        if fault is not None and fault[2] == "rejected":
            return self._told(row, *fault)
        key = self._key(kind, row)
        if key in self.seen:
            return self._told(row, "", "duplicate", "duplicate")
        self.seen.add(key)
        return self._told(row, *fault) if fault else None

    @staticmethod
    def _told(row: Row, column: str, code: str, outcome: str) -> dict[str, object]:
        told = {"file": row.file, "sheet": row.sheet, "row": row.number, "column": column, "code": code}
        return {**told, "detail": "", "outcome": outcome}

    def _fault(self, kind: str, row: Row) -> tuple[str, str, str] | None:
        if row.text("小区编号") not in self.compounds:
            return "小区编号", "compound_unknown", "rejected"
        if kind == "sites":
            wrong = row.text("点位类型") not in SITE_KINDS
            return ("点位类型", "site_kind_unknown", "rejected") if wrong else None
        if not row.text("室号"):
            return "室号", "room_missing", "rejected"
        return self._resident_fault(row) if kind == "residents" else None

    @staticmethod
    def _resident_fault(row: Row) -> tuple[str, str, str] | None:
        number = row.text("证件号码").upper()
        cell = row.cells["证件号码"]
        if "E+" in number or (isinstance(cell, float) and cell > 1e15):
            return "证件号码", "document_scientific", "rejected"
        for column in ("出生日期", "登记日期"):
            if day(row.cells[column]) is None:
                return column, "date_impossible", "rejected"
        checked = (
            row.text("证件类型") in {"居民身份证", "港澳居民居住证", "台湾居民居住证"} and len(number) == 18
        )
        if checked and not checksum_holds(number):
            return "证件号码", "document_checksum", "accepted_unverified"
        return None

    def _key(self, kind: str, row: Row) -> tuple[str, ...]:
        if kind == "sites":
            return (kind, row.text("点位编号").lower())
        home = tuple(row.text(column) for column in ("小区编号", "楼栋", "单元", "室号"))
        if kind == "addresses":
            return (kind, *home)
        number = row.text("证件号码").upper()
        who: tuple[str, ...] = (row.text("证件类型"), eighteen(number))
        if not number:
            who = (*home, row.text("姓名"), str(day(row.cells["出生日期"])), row.text("监护人证件号码"))
        self.people.add(who)
        return (kind, *home, *who)
