"""Exports: who gets which fields in the clear, and how the book writes a line that imports as what it is. Pure.

(R4.2, P6, H3, Data and law)
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar, TypeVar

from services.registry.domain.documents import LASTING, NO_DOCUMENT, Document, DocumentKind
from shared.kernel.refusal import Refusal

T = TypeVar("T")

PERSONAL = frozenset({"residents", "workers"})
"""Kinds of lists that name people: masked unless the caller may see them in full."""

DOCUMENT_LABELS = {
    DocumentKind.RESIDENT_ID: "居民身份证",
    DocumentKind.RESIDENCE_PERMIT: "港澳台居民居住证",
    DocumentKind.HK_MACAU_PERMIT: "港澳居民来往内地通行证",
    DocumentKind.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    DocumentKind.PASSPORT: "护照",
    DocumentKind.NONE: "无",
}
"""The one of several labels that exports use."""


class ExportUnknown(Refusal):
    """There is no such export, or it is somebody else's."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "export_unknown"


class ExportNotReady(Refusal):
    """The export is still being made, or it failed; its state says which."""

    code: ClassVar[str] = "export_not_ready"


def label_of(labels: Mapping[str, T], value: T) -> str:
    """How lists write a value."""
    return next(label for label, known in labels.items() if known == value)


def document_to_state(documents: Sequence[Document]) -> Document:
    """Which of somebody's documents a line states: a verified lasting one first, else the newest, verified first."""
    verified = [one for one in documents if one.verified]
    lasting = [one for one in verified if one.kind in LASTING]
    for papers in (lasting[:1], verified[-1:], documents[-1:]):
        if papers:
            return papers[0]
    return NO_DOCUMENT


def day(value: date | None) -> str:
    """A day as lists write it."""
    return value.isoformat() if value else ""
