"""Reading one line of a residents' list: one person at one dwelling. Pure (R4.2, Identity, P3, P6)."""

from datetime import date

from services.registry.domain.documents import (
    LABELS,
    LASTING,
    NO_DOCUMENT,
    Document,
    DocumentKind,
    read_document,
)
from services.registry.domain.import_rows import Reader
from services.registry.domain.people import RELATIONS, RESIDENT, SEXES, ResidentLine, is_masked
from services.registry.domain.returnees import told_by_id
from shared.kernel.cells import CellFault, compact, text_of
from shared.kernel.identities import normalise_name, normalise_number, normalise_phone

_NAME, _BORN, _KIND, _NUMBER, _PHONE = "姓名", "出生日期", "证件类型", "证件号码", "手机号"
_LONGEST_NUMBER = 40
_ORIGIN, _GUARDIAN, _REGISTERED = "户籍地区划代码", "监护人证件号码", "登记日期"


def read_resident(reader: Reader, today: date) -> ResidentLine | None:
    """A resident's line, or None with the reader's faults; `today` is the business day."""
    address = reader.address()
    name = normalise_name(reader.text(_NAME))
    if is_masked(name):
        reader.fault(_NAME, "value_masked")
    sex = reader.choice("性别", SEXES)
    relation = reader.choice("与房屋关系", RELATIONS)
    resident = reader.choice("是否常住", RESIDENT)
    born, registered_on = reader.day(_BORN), reader.day(_REGISTERED)
    if born is not None and born > today:
        reader.fault(_BORN, "date_in_future")
    if registered_on is not None and registered_on > today:
        reader.fault(_REGISTERED, "date_in_future")
    document = document_of(reader)
    by_id = (
        told_by_id(document.number)[0]
        if document and document.verified and document.kind in LASTING
        else born
    )
    if born is not None and born != by_id:
        reader.fault(_BORN, "birth_contradicts")
    phone, phone_matches = _phone(reader)
    origin = compact(reader.cell(_ORIGIN))
    if origin and not (len(origin) == 6 and origin.isascii() and origin.isdigit()):
        reader.fault(_ORIGIN, "origin_malformed")
        origin = ""
    guardian = normalise_number(reader.cell(_GUARDIAN)) if document is NO_DOCUMENT else ""
    if len(guardian) > _LONGEST_NUMBER:
        reader.fault(_GUARDIAN, "value_too_long")
    note = reader.optional("备注") or ""
    if not reader.usable or sex is None or relation is None or resident is None:
        return None
    if born is None or registered_on is None or document is None:
        return None
    return ResidentLine(
        address=address,
        name=name,
        sex=sex,
        born=born,
        document=document,
        phone=phone,
        phone_matches=phone_matches,
        relation=relation,
        resident=resident,
        origin_code=origin or None,
        guardian=guardian,
        registered_on=registered_on,
        note=note,
    )


def document_of(reader: Reader) -> Document | None:
    """The document of a line about a person; None with a fault noted where it cannot be read."""
    kind = reader.choice(_KIND, LABELS, code="document_kind_unknown")
    if kind is None:
        return None
    if kind is DocumentKind.NONE and compact(reader.cell(_NUMBER)):
        reader.fault(_KIND, "document_kind_unknown")  # a number without its kind: not guessed
        return None
    if len(compact(reader.cell(_NUMBER))) > _LONGEST_NUMBER:
        reader.fault(_NUMBER, "value_too_long")
        return None
    if is_masked(text_of(reader.cell(_NUMBER))):
        reader.fault(_NUMBER, "document_masked")
        return None
    try:
        document = read_document(kind, reader.cell(_NUMBER))
    except CellFault as fault:
        reader.fault(_NUMBER, fault.code)
        return None
    if document.error is not None:
        reader.fault(_NUMBER, document.error)
    return document


def _phone(reader: Reader) -> tuple[str, bool]:
    """The phone in its one spelling, or as written where it is none; an empty cell is no fault."""
    written = text_of(reader.cell(_PHONE))
    if not written:
        return "", False
    phone = normalise_phone(written)
    if phone is None:
        reader.fault(_PHONE, "phone_malformed" if len(written) <= _LONGEST_NUMBER else "value_too_long")
        return written, False
    return phone, True
