"""People: relations, phones, names, what is shown of them, and when two lines mean the same person. Pure.

(Identity, R4.3, P2, P3, P4)
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.registry.domain.documents import LASTING, Document, DocumentKind
from services.registry.domain.premises import AddressKey
from shared.kernel.refusal import Refusal


class RegisteredMeanwhile(Refusal):
    """Somebody registered the same document at the same moment: ask again and find the person."""

    code: ClassVar[str] = "registered_meanwhile"


class Relation(StrEnum):
    """What a person is to a dwelling."""

    OWNER = "owner"
    TENANT = "tenant"
    DEPENDANT = "dependant"


class Sex(StrEnum):
    """As the document says."""

    MALE = "male"
    FEMALE = "female"


RELATIONS = {"房主": Relation.OWNER, "租客": Relation.TENANT, "家属": Relation.DEPENDANT}
SEXES = {"男": Sex.MALE, "女": Sex.FEMALE}
RESIDENT = {"是": True, "否": False}

_LATIN = re.compile(r"[A-Za-z]")
_DOUBLE_SURNAMES = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "子车",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "颛孙",
        "壤驷",
        "公良",
        "漆雕",
        "乐正",
        "宰父",
        "谷梁",
        "拓跋",
        "夹谷",
        "轩辕",
        "令狐",
        "段干",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "羊舌",
        "微生",
        "梁丘",
        "左丘",
        "西门",
        "第五",
        "南荣",
        "东里",
        "东宫",
        "即墨",
        "达奚",
        "褚师",
    ]
)


def surname_of(name: str) -> str:
    """A name's surname: two characters where it is a known double one; of Latin names the first word."""
    if _LATIN.match(name):
        return name.split(maxsplit=1)[0]
    return name[:2] if len(name) > 2 and name[:2] in _DOUBLE_SURNAMES else name[:1]


def masked_name(name: str) -> str:
    """What most screens show: surname and a star."""
    return surname_of(name) + "*"


def is_masked(text: str) -> bool:
    """Whether stars stand for what was left out: such a name or number is not for entering."""
    return "*" in text or "＊" in text


def masked_phone(phone: str) -> str:
    """The first three and last two digits."""
    return f"{phone[:3]}{'*' * max(len(phone) - 5, 1)}{phone[-2:]}" if len(phone) > 6 else "*" * len(phone)


def identity_text(name: str, born: date) -> str:
    """Name and birth date as one text."""
    return f"{name}\n{born.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLine:
    """One person at one dwelling as a list states it, in one spelling.

    `phone` is empty where there is none; `phone_matches` tells whether it has a phone's shape and may be looked up.
    `guardian` is a document number, for people without a document.
    """

    address: AddressKey
    name: str
    sex: Sex
    born: date
    document: Document
    phone: str
    phone_matches: bool
    relation: Relation
    resident: bool
    origin_code: str | None
    guardian: str
    registered_on: date
    note: str

    def identity(self) -> str:
        """Name and birth date, as the text that is indexed together with the dwelling."""
        return identity_text(self.name, self.born)

    def content(self) -> str:
        """Everything the line states, as one text: equal texts change nothing."""
        return "\n".join(
            (
                self.name,
                self.sex,
                self.born.isoformat(),
                self.document.kind,
                self.document.number,
                self.phone,
                self.relation,
                str(self.resident),
                self.origin_code or "",
                self.guardian,
                self.registered_on.isoformat(),
                self.note,
            )
        )


def home_rank(registered_on: date, dwelling_id: UUID, *, resident: bool) -> tuple[bool, date, UUID]:
    """Where a dwelling stands among a person's; the lowest is their home.

    First those where they live, then by the day of registration; dwellings of one day in the order of the address
    list, in which their ids rise. The store's HOMES orders alike.
    """
    return (not resident, registered_on, dwelling_id)


DocumentKey = tuple[DocumentKind, bytes]
"""A document without its number: kind and keyed index."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What deciding about sameness needs of somebody in the book."""

    verified: Collection[DocumentKey]
    has_document: bool
    guardian: UUID | None


def may_be_same(document: DocumentKey | None, guardian: UUID | None, known: KnownPerson) -> bool:
    """May a line about the same name, birth date and dwelling mean this person? (Identity)

    It may not when both hold a lasting document of one kind and the numbers differ, nor when both have no document
    and different guardians. `document` is the line's verified document, or None.
    """
    if document is not None and document[0] in LASTING:
        return not any(kind is document[0] and index != document[1] for kind, index in known.verified)
    both_without = document is None and not known.has_document
    return not (both_without and guardian and known.guardian and guardian != known.guardian)
