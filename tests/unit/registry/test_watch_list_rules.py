"""Whom does a line of a watch list mean, and when is a list done?"""

from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.documents import NO_DOCUMENT, Document, DocumentKind
from services.registry.domain.import_rows import RawRow, Reader
from services.registry.domain.watch_lists import (
    Disposition,
    DispositionInconsistent,
    LinesOpen,
    Match,
    WatchLine,
    WatchListClosed,
    decide_closing,
    decide_match,
    decide_settlement,
    read_watch_line,
)

TODAY = date(2020, 2, 24)
ONE, TWO = UUID(int=1), UUID(int=2)
KIND, NUMBER = DocumentKind.RESIDENT_ID, "990101199003070011"
GOOD = Document(kind=KIND, number=NUMBER)
DOUBTFUL = Document(kind=KIND, number=NUMBER, error="document_checksum")
HOLDERS = {(KIND, NUMBER): ONE}
NAMESAKES = {("沈白芷", "19900000001"): {TWO, ONE}}


def line(document: Document = NO_DOCUMENT, phone: str = "", *, name: str = "沈白芷") -> WatchLine:
    return WatchLine(
        name=name,
        document=document,
        phone=phone,
        phone_matches=len(phone) == 11,
        origin_code=None,
        arrived_on=TODAY,
        note="",
    )


@pytest.mark.scenario("P11")
@pytest.mark.parametrize(
    ("given", "match", "refs"),
    [
        (line(GOOD), "matched", (ONE,)),
        (line(GOOD, "19900000001"), "matched", (ONE,)),
        (line(DOUBTFUL), "none", ()),
        (line(DOUBTFUL, "19900000001"), "possible", (ONE, TWO)),
        (line(phone="19900000001"), "possible", (ONE, TWO)),
        (line(phone="19900000001", name="苏半夏"), "none", ()),
        (line(phone=""), "none", ()),
        (line(), "none", ()),
    ],
)
def test_a_verified_document_matches_and_name_with_phone_may(
    given: WatchLine, match: Match, refs: tuple[UUID, ...]
) -> None:
    assert decide_match(given, holders=HOLDERS, namesakes=NAMESAKES) == (match, refs)


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("disposition", "person", "intake", "fits"),
    [
        ("found_here", ONE, None, True),
        ("found_here", None, TWO, True),
        ("found_here", ONE, TWO, True),
        ("found_here", None, None, False),
        ("missed_before", ONE, None, True),
        ("missed_before", None, None, True),
        ("elsewhere", None, None, True),
        ("elsewhere", ONE, None, False),
        ("wrong_data", None, TWO, False),
        ("overdue", ONE, None, False),
    ],
)
def test_a_disposition_names_somebody_where_it_means_somebody(
    disposition: Disposition, person: UUID | None, intake: UUID | None, *, fits: bool
) -> None:
    if fits:
        decide_settlement(disposition, person_ref=person, intake_id=intake, list_open=True)
        with pytest.raises(WatchListClosed):
            decide_settlement(disposition, person_ref=person, intake_id=intake, list_open=False)
    else:
        with pytest.raises(DispositionInconsistent):
            decide_settlement(disposition, person_ref=person, intake_id=intake, list_open=True)


@pytest.mark.scenario("P11")
def test_a_list_closes_when_no_line_is_open() -> None:
    decide_closing(0)
    with pytest.raises(LinesOpen) as refused:
        decide_closing(3)
    assert refused.value.extra["open"] == 3


def test_a_line_is_read_in_one_spelling() -> None:
    columns = ("姓名", "证件类型", "证件号码", "手机号", "来源地区划代码", "到达日期", "备注")
    cells = (" 沈白芷 ", "", "", "+86 199-0000-0001", "4201", 43881.0, None)
    reader = Reader(RawRow("", 2, {name: nth for nth, name in enumerate(columns)}, cells))
    read = read_watch_line(reader, TODAY)
    assert read is not None
    assert (read.name, read.document, read.phone) == ("沈白芷", NO_DOCUMENT, "19900000001")
    assert (read.origin_code, read.arrived_on) == (None, date(2020, 2, 20))
    assert [(fault.column, fault.code) for fault in reader.faults] == [("来源地区划代码", "origin_malformed")]
