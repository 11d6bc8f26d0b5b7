"""Watch lists: what a line says, whom it may mean, and when a list is done. Pure (R4.4, P11)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from services.registry.domain.documents import NO_DOCUMENT, Document, DocumentKind
from services.registry.domain.import_rows import Reader
from services.registry.domain.resident_rows import document_of
from shared.kernel.cells import compact, text_of
from shared.kernel.identities import normalise_name, normalise_phone
from shared.kernel.refusal import Refusal

Match = Literal["matched", "possible", "none"]
Disposition = Literal["found_here", "elsewhere", "wrong_data", "missed_before", "overdue"]

_OF_SOMEBODY = frozenset({"found_here", "missed_before"})
_NAME, _KIND, _NUMBER, _PHONE = "姓名", "证件类型", "证件号码", "手机号"
_ORIGIN, _ARRIVED, _NOTE = "来源地区划代码", "到达日期", "备注"


class WatchListUnknown(Refusal):
    """There is no such watch list."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "watch_list_unknown"


class WatchLineUnknown(Refusal):
    """The list has no such line, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "watch_line_unknown"


class WatchListClosed(Refusal):
    """The list is closed: nothing is added or corrected any more."""

    code: ClassVar[str] = "watch_list_closed"
    usual_remedy: ClassVar[str | None] = "需要补充的，另建一份名单。What is to be added goes on another list."


class LinesOpen(Refusal):
    """Lines without a disposition keep the list open; `open` says how many."""

    code: ClassVar[str] = "lines_open"


class WatchFileUnreadable(Refusal):
    """The file is no spreadsheet, lacks columns or has too many lines; `reason` says which."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "watch_file_unreadable"


class DispositionInconsistent(Refusal):
    """Found here names a person or an intake, missed before may; every other disposition names neither."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "disposition_inconsistent"
    usual_remedy: ClassVar[str | None] = (
        "更正核查结果，或所指的人员。Correct the disposition, or whom it names."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLine:
    """One person as a watch list states them, in one spelling. `phone` is empty where there is none."""

    name: str
    document: Document
    phone: str
    phone_matches: bool
    origin_code: str | None
    arrived_on: date
    note: str

    def content(self) -> str:
        """Everything the line states, as one text: equal texts of one list are one line."""
        parts = (self.name, self.document.kind, self.document.number, self.phone, self.origin_code or "")
        return "\n".join((*parts, self.arrived_on.isoformat(), self.note))


def read_watch_line(reader: Reader, today: date) -> WatchLine | None:
    """A line of a watch list, or None with the reader's faults; `today` is the business day."""
    name = normalise_name(reader.text(_NAME))
    document = _document(reader)
    written = text_of(reader.cell(_PHONE))
    phone = normalise_phone(written)
    if len(written) > 40:
        reader.fault(_PHONE, "value_too_long")
    elif written and phone is None:
        reader.fault(_PHONE, "phone_malformed")
    arrived_on = reader.day(_ARRIVED)
    if arrived_on is not None and arrived_on > today:
        reader.fault(_ARRIVED, "date_in_future")
    origin_code: str | None = compact(reader.cell(_ORIGIN))
    if origin_code and not (len(origin_code) == 6 and origin_code.isascii() and origin_code.isdigit()):
        reader.fault(_ORIGIN, "origin_malformed")
        origin_code = None
    note = reader.optional(_NOTE) or ""
    if not reader.usable or document is None or arrived_on is None:
        return None
    return WatchLine(
        name=name,
        document=document,
        phone=phone or written,
        phone_matches=phone is not None,
        origin_code=origin_code or None,
        arrived_on=arrived_on,
        note=note,
    )


def _document(reader: Reader) -> Document | None:
    """The document; an empty kind and number mean that the list knows none."""
    if not compact(reader.cell(_KIND)) and not compact(reader.cell(_NUMBER)):
        return NO_DOCUMENT
    return document_of(reader)


def decide_match(
    line: WatchLine,
    *,
    holders: Mapping[tuple[DocumentKind, str], UUID],
    namesakes: Mapping[tuple[str, str], Collection[UUID]],
) -> tuple[Match, tuple[UUID, ...]]:
    """Say whom a line means: the holder of its verified document, else possibly people of its name and phone.

    Neither settles the line; that is a person's part.

    Args:
        line: what the list states.
        holders: who holds a verified document of this kind and number.
        namesakes: people of the book by name and phone.
    """
    document = line.document
    if document is not NO_DOCUMENT and document.verified:
        holder = holders.get((document.kind, document.number))
        if holder is not None:
            return "matched", (holder,)
    if line.phone_matches:
        alike = tuple(sorted(namesakes.get((line.name, line.phone), ())))
        if alike:
            return "possible", alike
    return "none", ()


def decide_settlement(
    disposition: Disposition, *, person_ref: UUID | None, intake_id: UUID | None, list_open: bool
) -> None:
    """Check what somebody found out about a line; corrections are possible until the list is closed.

    Raises:
        WatchListClosed, DispositionInconsistent: as their names say.
    """
    if not list_open:
        raise WatchListClosed("名单已办结，不能再更改。The list is closed; nothing changes any more.")
    named = person_ref is not None or intake_id is not None
    if not named and disposition == "found_here":
        raise DispositionInconsistent(
            "“在本地”须指明人员或返回登记。Found here needs a person or an intake.", field="person_ref"
        )
    if named and disposition not in _OF_SOMEBODY:
        raise DispositionInconsistent(
            "这一结果不能指明人员或返回登记。This disposition names neither a person nor an intake.",
            field="person_ref" if person_ref is not None else "intake_id",
        )


def decide_closing(open_lines: int) -> None:
    """A list closes only when every line has its disposition (P11).

    Raises:
        LinesOpen: `open` says how many have none.
    """
    if open_lines:
        raise LinesOpen(
            f"还有 {open_lines} 条没有核查结果。{open_lines} lines have no disposition yet.",
            open=open_lines,
            remedy="逐条填写核查结果后再办结。Settle each line first.",
        )
