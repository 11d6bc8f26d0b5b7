"""How people are stated over HTTP: documents as they are written, sex and birth date where an ID tells them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.registry.domain.documents import LASTING, Document, DocumentKind, read_document
from services.registry.domain.errors import BirthContradicts, PersonIncomplete
from services.registry.domain.people import Sex, is_masked
from services.registry.domain.returnees import told_by_id
from shared.http.models import Body
from shared.kernel.cells import CellFault


class DocumentBody(Body):
    """A document as it is written; blanks and small letters do not matter."""

    kind: DocumentKind = Field(examples=["resident_id"])
    number: Annotated[str, StringConstraints(max_length=40)] = ""


def document_of(given: DocumentBody, *, field: str) -> Document:
    """The document in its one spelling; one whose check fails carries its error (P3).

    Raises:
        PersonIncomplete: nothing can be read.
    """
    if is_masked(given.number):
        raise PersonIncomplete(
            "证件号码已脱敏，请填写完整号码。The number is masked; give it in full.",
            field=field,
            fault="document_masked",
        )
    try:
        return read_document(given.kind, given.number)
    except CellFault as fault:
        raise PersonIncomplete(
            "证件号码无法识别。The document cannot be read.", field=field, fault=fault.code
        ) from fault


def documents_of(given: Sequence[DocumentBody], *, field: str) -> list[Document]:
    """The documents that there are.

    Raises:
        PersonIncomplete: one cannot be read.
    """
    read = [document_of(one, field=f"{field}.{nth}") for nth, one in enumerate(given)]
    return [document for document in read if document.kind is not DocumentKind.NONE]


def sex_and_birth(
    documents: Sequence[Document], sex: Sex | None, born: date | None, *, field: str = ""
) -> tuple[Sex, date]:
    """Sex and birth date as stated, or as a verified resident ID tells them; `field` is where the person is stated.

    Raises:
        PersonIncomplete: neither.
        BirthContradicts: they are not the same; lists are taken all the same, with a finding.
    """
    for document in documents:
        if document.verified and document.kind in LASTING:
            told_born, told_sex = told_by_id(document.number)
            if born not in {None, told_born}:
                raise BirthContradicts(
                    "出生日期与身份证号码不一致。The birth date is not the one in the ID number.",
                    field=f"{field}born",
                )
            born, sex = told_born, sex or Sex(told_sex)
    if born is None or sex is None:
        raise PersonIncomplete(
            "请填写性别和出生日期。State sex and birth date: no resident ID tells them.",
            field=f"{field}born" if born is None else f"{field}sex",
        )
    return sex, born
