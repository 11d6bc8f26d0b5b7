"""A person as a request states them: name, documents, phone; sex and birth date where no document tells them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from services.registry.api.common import Day
from services.registry.domain.cells import CellFault
from services.registry.domain.documents import LASTING, Document, DocumentKind, read_document
from services.registry.domain.errors import PersonIncomplete
from services.registry.domain.people import Relation, Sex
from services.registry.domain.returnees import told_by_id
from services.registry.domain.stated import StatedPerson
from shared.http.models import Body


class DocumentBody(Body):
    """A document as it is written; blanks and small letters do not matter."""

    kind: DocumentKind = Field(examples=["resident_id"])
    number: Annotated[str, StringConstraints(max_length=40)] = ""


class PersonBody(Body):
    """Who it is. Sex and birth date may be left out where a resident ID tells them."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    documents: list[DocumentBody] = Field(max_length=3)
    phone: Annotated[str, StringConstraints(max_length=30)] = ""
    sex: Sex | None = None
    born: Day | None = None
    relation: Relation = Relation.TENANT


def stated_person(body: PersonBody, field: str = "person") -> StatedPerson:
    """Read a person; `field` is where the request states them.

    Raises:
        PersonIncomplete: a document cannot be read, or nothing tells sex and birth date.
    """
    documents: list[Document] = []
    for nth, given in enumerate(body.documents):
        try:
            documents.append(read_document(given.kind, given.number))
        except CellFault as fault:
            raise PersonIncomplete(
                "证件号码无法识别。The document cannot be read.",
                field=f"{field}.documents.{nth}",
                fault=fault.code,
            ) from fault
    born, sex = body.born, body.sex
    for document in documents:
        if document.verified and document.kind in LASTING:
            told_born, told_sex = told_by_id(document.number)
            born, sex = born or told_born, sex or Sex(told_sex)
    if born is None or sex is None:
        raise PersonIncomplete(
            "请填写性别和出生日期。State sex and birth date: no resident ID tells them.",
            field=f"{field}.born" if born is None else f"{field}.sex",
        )
    return StatedPerson(
        name=body.name,
        sex=sex,
        born=born,
        documents=tuple(document for document in documents if document.kind is not DocumentKind.NONE),
        phone=body.phone,
        relation=body.relation,
    )
