"""Identity documents: one spelling, shape and checksum. All numbers use divisions that were never assigned."""

import pytest

from services.registry.domain.documents import (
    LABELS,
    NO_DOCUMENT,
    Document,
    DocumentKind,
    masked_number,
    read_document,
)
from shared.kernel.cells import Cell, CellFault
from shared.kernel.identities import normalise_number

RIC, PERMIT, PASSPORT = DocumentKind.RESIDENT_ID, DocumentKind.RESIDENCE_PERMIT, DocumentKind.PASSPORT


def _checked(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


GOOD = _checked("32880119850312123")
WITH_X = next(
    number for order in range(1000) if (number := _checked(f"32880119900101{order:03d}")).endswith("X")
)


@pytest.mark.scenario("P3")
@pytest.mark.parametrize(
    ("kind", "cell", "number"),
    [
        (RIC, GOOD, GOOD),
        (RIC, WITH_X.lower(), WITH_X),
        (RIC, f" {WITH_X} ", WITH_X),
        (RIC, f"{GOOD[:6]} {GOOD[6:14]} {GOOD[14:]}", GOOD),
        (RIC, f"{GOOD}\u3000", GOOD),
        (RIC, f"\t{GOOD}", GOOD),
        (RIC, f"\ufeff{GOOD}\u200b", GOOD),
        (RIC, "".join(chr(ord(c) + 0xFEE0) for c in WITH_X), WITH_X),
        (RIC, GOOD[:6] + GOOD[8:17], GOOD),
        (RIC, float(GOOD[:6] + GOOD[8:17]), GOOD),
        (PASSPORT, "e1 234 5678", "E12345678"),
        (DocumentKind.HK_MACAU_PERMIT, "h12345678", "H12345678"),
        (DocumentKind.HK_MACAU_PERMIT, "H1234567802", "H12345678"),
        (DocumentKind.TAIWAN_PERMIT, "12345678", "12345678"),
        (DocumentKind.TAIWAN_PERMIT, 12345678.0, "12345678"),
        (DocumentKind.TAIWAN_PERMIT, "1234567801", "12345678"),
    ],
)
def test_a_right_document_has_one_spelling(kind: DocumentKind, cell: Cell, number: str) -> None:
    assert read_document(kind, cell) == Document(kind=kind, number=number)


@pytest.mark.scenario("P3")
@pytest.mark.parametrize(
    ("kind", "cell", "error"),
    [
        (RIC, GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10 if GOOD[-1] != "X" else 0), "document_checksum"),
        (RIC, GOOD[:14] + str((int(GOOD[14]) + 1) % 10) + GOOD[15:], "document_checksum"),
        (RIC, GOOD[:17], "document_malformed"),
        (RIC, GOOD + "1", "document_malformed"),
        (RIC, _checked("32880119850230123"), "document_malformed"),
        (RIC, "328801850230123", "document_malformed"),
        (RIC, "12AB", "document_malformed"),
        (PERMIT, GOOD, "document_malformed"),
        (PASSPORT, "E1", "document_malformed"),
        (DocumentKind.HK_MACAU_PERMIT, "X12345678", "document_malformed"),
        (DocumentKind.TAIWAN_PERMIT, "1234567", "document_malformed"),
    ],
)
def test_a_wrong_document_is_kept_as_unverified_with_the_error(
    kind: DocumentKind, cell: Cell, error: str
) -> None:
    document = read_document(kind, cell)
    assert (document.number, document.error, document.verified) == (cell, error, False)


@pytest.mark.parametrize("region", ["810000", "820000", "830000", "818801"])
def test_a_number_of_a_permit_region_is_a_residence_permit_whatever_the_list_calls_it(region: str) -> None:
    number = _checked(region + "19850312123")
    assert read_document(RIC, number) == Document(kind=PERMIT, number=number)
    assert read_document(PERMIT, number) == Document(kind=PERMIT, number=number)


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    "cell", ["3.28801E+17", "3.28801e17", "1.10105E+17", " 3.28801E+17 ", 328801198503121000.0, 3.28801e17]
)
def test_a_number_that_went_through_a_spreadsheets_figure_is_lost(cell: Cell) -> None:
    with pytest.raises(CellFault, match="document_scientific"):
        read_document(RIC, cell)


@pytest.mark.parametrize("cell", ["", "  ", None])
def test_a_missing_number_is_named(cell: Cell) -> None:
    with pytest.raises(CellFault, match="document_missing"):
        read_document(RIC, cell)


@pytest.mark.scenario("P2")
def test_a_newborn_has_no_document() -> None:
    assert read_document(LABELS["无"], "") is NO_DOCUMENT


def test_both_forms_of_a_resident_id_are_the_same_number() -> None:
    assert normalise_number(GOOD[:6] + GOOD[8:17]) == normalise_number(GOOD) == GOOD


@pytest.mark.scenario("H3")
@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("32058319850312001X", "320583********001X"),
        ("320583850312001", "320583*****2001"),
        ("E12345678", "*******78"),
        ("H123", "****"),
    ],
)
def test_a_masked_number_shows_no_birthday(number: str, shown: str) -> None:
    assert masked_number(number) == shown
