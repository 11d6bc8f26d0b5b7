"""Households: who lives in, owns and rents each dwelling of a compound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from deploy.town import documents, names
from deploy.town.documents import Issuer, born_between
from deploy.town.layout import Dwelling, Layout
from deploy.town.places import REGISTER_DAY

TODAY = date.fromisoformat(REGISTER_DAY)
_CENTURY = 2000


class Use(StrEnum):
    """How a dwelling is used, as the office writes it."""

    OWNER_OCCUPIED = "自住"
    LET = "出租"
    EMPTY = "空置"


class Relation(StrEnum):
    """A person's relation to a dwelling, as the office writes it."""

    OWNER = "房主"
    TENANT = "租客"
    DEPENDANT = "家属"


@dataclass(frozen=True, slots=True)
class Person:
    """One human being. `document` is the number in full (18 digits where it has them), empty for newborns."""

    name: str
    sex: str
    born: date
    document_kind: str
    document: str
    phone: str
    origin: str


@dataclass(frozen=True, slots=True)
class Living:
    """One line of the register: a person at a dwelling.

    `written` is the number as it stands on this line (perhaps the old 15-digit form). `protected` lines
    must keep a readable document, because another line of the register refers to it.
    """

    person: Person
    dwelling: Dwelling
    relation: Relation
    lives_here: bool
    written: str
    guardian: str
    registered: date
    note: str
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A dwelling, its use, and everybody who stands in the register for it."""

    dwelling: Dwelling
    use: Use
    livings: tuple[Living, ...]


@dataclass(frozen=True, slots=True)
class Landlord:
    """Somebody registered earlier who may own, or also live in, another dwelling."""

    person: Person


class Origins:
    """Draws registered origins: most of the owners are local, most of the tenants are not."""

    _PROVINCES = (
        ("32", 30),
        ("34", 22),
        ("41", 15),
        ("42", 6),
        ("37", 6),
        ("51", 4),
        ("36", 4),
        ("43", 3),
        ("62", 2),
    )
    LOCAL = "320583"

    def __init__(self, cities: Sequence[str]) -> None:
        """`cities` are the division codes to draw from."""
        self._cities: list[str] = []
        for province, weight in self._PROVINCES:
            inside = [city for city in cities if city.startswith(province)]
            # repeated so that one draw does both steps: province by weight, then any of its cities
            self._cities += [inside[index % len(inside)] for index in range(weight * 12)]

    def draw(self, rng: Random, local: float) -> str:
        """An origin; `local` is the chance that it is this city."""
        if rng.random() < local:
            return self.LOCAL
        return self._cities[int(rng.random() * len(self._cities))]


_NOTES = ("需电话联系", "已入群", "门禁卡待办", "周末在家", "有宠物", "白天不在家")


class Registrar:
    """Fills the dwellings of one compound with people."""

    def __init__(self, issuer: Issuer, rng: Random, origins: Origins, landlords: list[Landlord]) -> None:
        """`landlords` are people of earlier compounds; this compound's own are added for the later ones."""
        self._issue = issuer
        self._rng = rng
        self._origins = origins
        self._landlords = landlords
        self._new_landlords: list[Landlord] = []

    def households(self, layout: Layout) -> list[Household]:
        """Every dwelling of the compound in address order."""
        made = [self._household(dwelling) for dwelling in layout.dwellings]
        self._landlords += self._new_landlords
        return made

    def _household(self, dwelling: Dwelling) -> Household:
        luck = self._rng.random()
        if luck < 0.63:
            return Household(dwelling=dwelling, use=Use.OWNER_OCCUPIED, livings=tuple(self._own(dwelling)))
        if luck < 0.90:
            return Household(dwelling=dwelling, use=Use.LET, livings=tuple(self._let(dwelling)))
        owners = self._absentee(dwelling) if self._rng.random() < 0.6 else []
        return Household(dwelling=dwelling, use=Use.EMPTY, livings=tuple(owners))

    def _person(
        self, sex: str, born: date, *, origin: str, family: str, phone: str, kind: str = ""
    ) -> Person:
        if kind == documents.PASSPORT:
            name = names.latin(self._rng)
        else:
            name = (family or names.surname(self._rng)) + names.given(self._rng, sex)
        number = self._number(kind or documents.RESIDENT_ID, sex, born)
        return Person(name, sex, born, kind or documents.RESIDENT_ID, number, phone, "" if kind else origin)

    def _number(self, kind: str, sex: str, born: date) -> str:
        match kind:
            case documents.RESIDENT_ID:
                return self._issue.resident_id(born, sex)
            case documents.PASSPORT:
                return self._issue.passport()
            case documents.HKM_RESIDENCE:
                return self._issue.residence_permit(self._rng.choice(("81", "82")), born, sex)
            case documents.TW_RESIDENCE:
                return self._issue.residence_permit("83", born, sex)
            case documents.HKM_TRAVEL:
                return self._issue.travel_permit(self._rng.choice("HM"))
            case _:
                return self._issue.travel_permit("")

    def _line(
        self,
        person: Person,
        dwelling: Dwelling,
        relation: Relation,
        *,
        lives_here: bool = True,
        guardian: str = "",
        protected: bool = False,
    ) -> Living:
        rng = self._rng
        written = person.document
        if (
            not protected
            and person.document_kind == documents.RESIDENT_ID
            and person.born.year < 1972
            and rng.random() < 0.02
        ):
            written = documents.fifteen_digits(written)
        registered = TODAY - timedelta(days=int(rng.random() * 36))
        note = _NOTES[int(rng.random() * len(_NOTES))] if rng.random() < 0.03 else ""
        return Living(person, dwelling, relation, lives_here, written, guardian, registered, note, protected)

    def _own(self, dwelling: Dwelling) -> list[Living]:
        """A family in its own dwelling."""
        rng = self._rng
        origin = self._origins.draw(rng, 0.62)
        age = int(rng.triangular(24, 84, 41))
        head = self._adult(age, origin)
        landlord = rng.random() < 0.08
        if landlord:
            self._new_landlords.append(Landlord(head))
        family = [self._line(head, dwelling, Relation.OWNER, protected=landlord)]
        family += self._relatives(head, age, origin, dwelling, co_owner=0.28)
        if age < 56 and rng.random() < 0.4:
            for _ in range(rng.choice((1, 2, 2))):
                elder = self._adult(min(age + 22 + int(rng.random() * 9), 96), origin)
                family.append(self._line(elder, dwelling, Relation.DEPENDANT))
        if self._landlords and rng.random() < 0.002:  # lives here too, and elsewhere in town
            second = rng.choice(self._landlords).person
            family.append(self._line(second, dwelling, Relation.DEPENDANT, protected=True))
        return family

    def _adult(self, age: int, origin: str, *, kind: str = "", sex: str = "", family: str = "") -> Person:
        rng = self._rng
        sex = sex or ("男" if rng.random() < 0.51 else "女")
        phone = self._issue.phone() if rng.random() < (0.97 if age < 70 else 0.6) else ""
        return self._person(
            sex, born_between(rng, age, age, TODAY), origin=origin, family=family, phone=phone, kind=kind
        )

    def _relatives(
        self, head: Person, age: int, origin: str, dwelling: Dwelling, co_owner: float
    ) -> list[Living]:
        """Partner and children of the head of a family."""
        rng = self._rng
        if rng.random() > 0.8:
            return []
        other = "女" if head.sex == "男" else "男"
        partner = self._adult(max(22, age + int(rng.random() * 7) - 3), origin, sex=other)
        newborn = 23 <= age <= 42 and rng.random() < 0.05
        relation = Relation.OWNER if rng.random() < co_owner else Relation.DEPENDANT
        lines = [self._line(partner, dwelling, relation, protected=newborn)]
        surname = head.name[0] if head.sex == "男" else partner.name[0]
        for _ in range(rng.choices((0, 1, 2), weights=(24, 53, 23))[0]):
            child = age - 23 - int(rng.random() * 10)
            if 1 <= child <= 28:
                sex = rng.choice("男女")
                phone = self._issue.phone() if child >= 14 else ""
                person = self._person(
                    sex, born_between(rng, child, child, TODAY), origin=origin, family=surname, phone=phone
                )
                lines.append(self._line(person, dwelling, Relation.DEPENDANT))
        if newborn:
            lines.append(self._newborn(partner, surname, dwelling))
        return lines

    def _newborn(self, guardian: Person, surname: str, dwelling: Dwelling) -> Living:
        """A child without a document yet: a dependant of a guardian (P2)."""
        rng = self._rng
        sex = rng.choice("男女")
        born = TODAY - timedelta(days=3 + int(rng.random() * 150))
        child = Person(
            surname + names.given(rng, sex), sex, born, documents.NO_DOCUMENT, "", "", guardian.origin
        )
        return self._line(child, dwelling, Relation.DEPENDANT, guardian=guardian.document, protected=True)

    def _let(self, dwelling: Dwelling) -> list[Living]:
        """Tenants, a family or colleagues, and mostly an owner who lives elsewhere (P4)."""
        rng = self._rng
        origin = self._origins.draw(rng, 0.06)
        age = int(rng.triangular(19, 62, 30))
        lines: list[Living] = self._absentee(dwelling) if rng.random() < 0.9 else []
        foreign = self._foreign_kind()
        head = self._adult(age, origin, kind=foreign)
        lines.append(self._line(head, dwelling, Relation.TENANT))
        if not foreign and age >= 23 and rng.random() < 0.5:
            return lines + self._relatives(head, age, origin, dwelling, co_owner=0.0)
        for _ in range(rng.choices((0, 1, 2, 3, 5), weights=(46, 28, 15, 8, 3))[0]):
            mate = self._adult(19 + int(rng.random() * 26), self._origins.draw(rng, 0.06))
            lines.append(self._line(mate, dwelling, Relation.TENANT))
        return lines

    def _foreign_kind(self) -> str:
        luck = self._rng.random()
        kinds = (
            (0.008, documents.PASSPORT),
            (0.014, documents.TW_TRAVEL),
            (0.020, documents.TW_RESIDENCE),
            (0.024, documents.HKM_TRAVEL),
            (0.029, documents.HKM_RESIDENCE),
        )
        return next((kind for limit, kind in kinds if luck < limit), "")

    def _absentee(self, dwelling: Dwelling) -> list[Living]:
        """The owner of a dwelling that somebody else, or nobody, lives in."""
        rng = self._rng
        if self._landlords and rng.random() < 0.15:
            owner = rng.choice(self._landlords).person
            return [self._line(owner, dwelling, Relation.OWNER, lives_here=False, protected=True)]
        owner = self._adult(int(rng.triangular(28, 78, 46)), self._origins.draw(rng, 0.7))
        return [self._line(owner, dwelling, Relation.OWNER, lives_here=False)]
