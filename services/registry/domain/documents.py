"""Identity documents: kinds, one spelling each, and whether shape and checksum hold. Pure (Identity, P3, P6).

A document whose check fails is kept as unverified with the error; it is never dropped. Whether the first six digits
are on today's list of divisions is not asked: lists change, old numbers stay.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel.cells import Cell, CellFault, digits_lost
from shared.kernel.identities import check_character, day_exists, normalise_number


class DocumentKind(StrEnum):
    """What a document is; `NONE` for a newborn who has none yet."""

    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit_81_82_83"
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PASSPORT = "passport"
    NONE = "none"


LABELS = {
    "居民身份证": DocumentKind.RESIDENT_ID,
    "身份证": DocumentKind.RESIDENT_ID,
    "港澳居民居住证": DocumentKind.RESIDENCE_PERMIT,
    "台湾居民居住证": DocumentKind.RESIDENCE_PERMIT,
    "港澳台居民居住证": DocumentKind.RESIDENCE_PERMIT,
    "港澳居民来往内地通行证": DocumentKind.HK_MACAU_PERMIT,
    "台湾居民来往大陆通行证": DocumentKind.TAIWAN_PERMIT,
    "护照": DocumentKind.PASSPORT,
    "无": DocumentKind.NONE,
}
"""How lists name the kinds."""

LASTING = frozenset({DocumentKind.RESIDENT_ID, DocumentKind.RESIDENCE_PERMIT})
"""Kinds whose number never changes: two of them with different numbers are two people."""

_PERMIT_REGIONS = ("81", "82", "83")
_CITIZEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_SHAPES = {
    DocumentKind.HK_MACAU_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),
    DocumentKind.TAIWAN_PERMIT: re.compile(r"[0-9]{8}(?:[0-9]{2})?"),
    DocumentKind.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
}
_ISSUE_COUNT = {DocumentKind.HK_MACAU_PERMIT: 9, DocumentKind.TAIWAN_PERMIT: 8}
"""Old travel permits append how often they were issued; the person's number is before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document in its one spelling. `error` says why it is unverified."""

    kind: DocumentKind
    number: str
    error: str | None = None

    @property
    def verified(self) -> bool:
        """Whether shape and checksum hold."""
        return self.error is None


NO_DOCUMENT = Document(kind=DocumentKind.NONE, number="")


def read_document(kind: DocumentKind, cell: Cell) -> Document:
    """Read a document as a list gives it.

    Raises:
        CellFault: `document_scientific`, digits are gone for good; `document_missing`.
    """
    if kind is DocumentKind.NONE:
        return NO_DOCUMENT
    number = normalise_number(cell)
    passport = (
        kind is DocumentKind.PASSPORT and isinstance(cell, str) and number.isalnum()
    )  # 5E1234567 is one
    if digits_lost(cell) and not passport:
        raise CellFault("document_scientific")
    if not number:
        raise CellFault("document_missing")
    if kind in LASTING:
        return _citizen(kind, number)
    if not _SHAPES[kind].fullmatch(number):
        return Document(kind=kind, number=number, error="document_malformed")
    return Document(kind=kind, number=number[: _ISSUE_COUNT.get(kind)])


def _citizen(kind: DocumentKind, number: str) -> Document:
    """A GB 11643 number; its region says whether it is a residence permit, whatever the list calls it."""
    if number[:2] in _PERMIT_REGIONS:
        kind = DocumentKind.RESIDENCE_PERMIT
    elif kind is DocumentKind.RESIDENCE_PERMIT:
        return Document(kind=kind, number=number, error="document_malformed")
    if not _CITIZEN.fullmatch(number) or not day_exists(number[6:14]):
        return Document(kind=kind, number=number, error="document_malformed")
    if check_character(number[:-1]) != number[-1]:
        return Document(kind=kind, number=number, error="document_checksum")
    return Document(kind=kind, number=number)


def masked_number(number: str) -> str:
    """A number as screens show it: `320583********001X`; of a short one only the last two characters."""
    if len(number) >= 15:
        return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"
    return "*" * max(len(number) - 2, 1) + number[-2:] if len(number) > 4 else "*" * len(number)
