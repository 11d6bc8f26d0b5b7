"""What may happen to a person, and what follows for where they live: deaths, moves, departures. Pure.

(Data and law "life goes on", R4.3, P4)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.registry.domain.documents import LASTING, Document, DocumentKind
from services.registry.domain.errors import PersonIncomplete
from services.registry.domain.people import Relation
from shared.kernel.refusal import Refusal


class DayInFuture(Refusal):
    """What happens to people is entered when it has happened."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "date_in_future"


class DayTooEarly(Refusal):
    """The day lies before what it would end, or before the person was born."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "date_too_early"


class PersonDeceased(Refusal):
    """The person has died; a death entered by mistake is undone first."""

    code: ClassVar[str] = "person_deceased"


class LivesThereAlready(Refusal):
    """The person lives at the dwelling to which they are said to move."""

    code: ClassVar[str] = "lives_there_already"


class LivesNowhere(Refusal):
    """The person is at none of the dwellings that they are said to leave."""

    code: ClassVar[str] = "lives_nowhere"


class GuardianUnfit(Refusal):
    """A guardian lives at the same dwelling, is alive, and is not a ward of the same person."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "guardian_unfit"


class GuardianRequired(Refusal):
    """Who has no document is the dependant of somebody who answers for them (Identity, P2)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "guardian_required"


class ChangedSince(Refusal):
    """What an act changed was changed again by a later one: that one is undone first."""

    code: ClassVar[str] = "changed_since"


class NotUndoable(Refusal):
    """A correction is corrected again; only acts about where people live, and deaths, are undone."""

    code: ClassVar[str] = "not_undoable"


class ChangeUnknown(Refusal):
    """There is no such act."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "change_unknown"


class DocumentUnknown(Refusal):
    """The person has no such document."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "document_unknown"


class DocumentConflicts(Refusal):
    """A person has one number of this kind for life: another one is another person's (Identity)."""

    code: ClassVar[str] = "document_conflicts"


class ActKind(StrEnum):
    """What was done; part of what is stored."""

    REGISTERED = "registered"
    CORRECTED = "corrected"
    DOCUMENT_ADDED = "document_added"
    DOCUMENT_WITHDRAWN = "document_withdrawn"
    PHONE_CHANGED = "phone_changed"
    RESIDENCE_SET = "residence_set"
    MOVED = "moved"
    LEFT_TOWN = "left_town"
    DIED = "died"
    TENANTS_CHANGED = "tenants_changed"
    OCCUPANCY_SET = "occupancy_set"
    SURVEYED = "surveyed"
    UNDONE = "undone"


UNDOABLE = frozenset(
    {
        ActKind.RESIDENCE_SET,
        ActKind.MOVED,
        ActKind.LEFT_TOWN,
        ActKind.DIED,
        ActKind.TENANTS_CHANGED,
        ActKind.OCCUPANCY_SET,
        ActKind.SURVEYED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A person at a dwelling; `ended_on` is None while it lasts."""

    person_ref: UUID
    dwelling_id: UUID
    relation: Relation
    resident: bool
    registered_on: date
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """What the rules need to know of somebody."""

    person_ref: UUID
    born: date
    died_on: date | None
    stays: tuple[Stay, ...]

    @property
    def present(self) -> list[Stay]:
        """The stays that last."""
        return [stay for stay in self.stays if stay.ended_on is None]


def decide_day(day: date, today: date, *, field: str) -> None:
    """Something that happened has a day up to today.

    Raises:
        DayInFuture: it has not come yet.
    """
    if day > today:
        raise DayInFuture(
            "日期还没有到。The day is still to come.",
            field=field,
            remedy="发生之后再登记。Enter it once it has happened.",
        )


def decide_birth(born: date, today: date) -> None:
    """Nobody in the book is born in the future.

    Raises:
        DayInFuture: as it says.
    """
    decide_day(born, today, field="born")


def decide_document(held: Sequence[Document], document: Document) -> None:
    """May this document be the same person's? A passport is renewed, a resident ID never gets another number (P3).

    Raises:
        DocumentConflicts: a verified one of the same lasting kind has another number.
        PersonIncomplete: it is no document.
    """
    if document.kind is DocumentKind.NONE:
        raise PersonIncomplete(
            "请选择证件类型。State what kind of document it is.",
            field="kind",
            remedy="没有证件的人不需要附加证件。Who has none needs none attached.",
        )
    if document.kind not in LASTING or not document.verified:
        return
    if any(one.kind is document.kind and one.verified and one.number != document.number for one in held):
        raise DocumentConflicts(
            "此人已有另一号码的同类证件。The person has a document of this kind with another number.",
            field="number",
            remedy="先核对；错登的证件请先撤下。Compare them; withdraw the one that is wrong first.",
        )


def decide_alive(person: Resident) -> None:
    """Nothing happens any more to who has died.

    Raises:
        PersonDeceased: as it says.
    """
    if person.died_on is not None:
        raise PersonDeceased(
            "此人已登记死亡。The person is registered as deceased.",
            remedy="如系误登，请先撤销。If that is a mistake, undo it first.",
        )


def decide_death(person: Resident, died_on: date, today: date) -> list[Stay]:
    """A death ends every stay on its day, or where the stay began later, on that day; tells the ended stays.

    Raises:
        DayInFuture, DayTooEarly, PersonDeceased: as their names say.
    """
    decide_day(died_on, today, field="died_on")
    decide_alive(person)
    if died_on < person.born:
        raise DayTooEarly("死亡日期早于出生日期。The death lies before the birth.", field="died_on")
    return [replace(stay, ended_on=max(died_on, stay.registered_on)) for stay in person.present]


def decide_departure(person: Resident, left_on: date, today: date, *, gives_up: bool) -> list[Stay]:
    """Who leaves the town lives nowhere here any more; an owner stays the owner, unless they give that up (P4).

    Raises:
        DayInFuture, DayTooEarly, PersonDeceased, LivesNowhere: as their names say.
    """
    decide_day(left_on, today, field="left_on")
    decide_alive(person)
    changed = [
        replace(stay, resident=False)
        if stay.relation is Relation.OWNER and not gives_up
        else _ended(stay, left_on, field="left_on")
        for stay in person.present
        if stay.resident or gives_up
    ]
    if not changed:
        raise LivesNowhere("此人不在本镇居住。The person does not live in this town.")
    return changed


def decide_move(
    person: Resident,
    moved_on: date,
    today: date,
    *,
    left: UUID | None,
    to: UUID,
    relation: Relation,
) -> list[Stay]:
    """Leave a dwelling (None: every one where the person lives) for another one; tells the changed stays, new one last.

    An owner who moves out of a dwelling of theirs stays its owner (P4).

    Raises:
        DayInFuture, DayTooEarly, PersonDeceased, LivesNowhere, LivesThereAlready: as their names say.
    """
    decide_day(moved_on, today, field="moved_on")
    decide_alive(person)
    if any(stay.dwelling_id == to and stay.resident for stay in person.present):
        raise LivesThereAlready("此人已在该房屋居住。The person lives at that dwelling.", field="to")
    leaving = [s for s in person.present if s.resident and (left is None or s.dwelling_id == left)]
    if not leaving:
        raise LivesNowhere("此人不在所填房屋居住。The person does not live there.", field="left")
    changed = [
        replace(stay, resident=False)
        if stay.relation is Relation.OWNER
        else _ended(stay, moved_on, field="moved_on")
        for stay in leaving
    ]
    owned = any(stay.dwelling_id == to and stay.relation is Relation.OWNER for stay in person.present)
    arrived = Stay(
        person_ref=person.person_ref,
        dwelling_id=to,
        relation=Relation.OWNER if owned else relation,
        resident=True,
        registered_on=moved_on,
    )
    return [*changed, arrived]


def decide_tenancy_end(people: Iterable[Resident], dwelling_id: UUID, day: date, today: date) -> list[Stay]:
    """Everybody who lives at a dwelling without owning it leaves: tenants, and who depends on them.

    A dependant of the owner who lives there stays.

    Raises:
        DayInFuture, DayTooEarly: as their names say.
    """
    decide_day(day, today, field="changed_on")
    here = [
        stay
        for person in people
        for stay in person.present
        if stay.dwelling_id == dwelling_id and stay.resident
    ]
    owner_lives_here = any(stay.relation is Relation.OWNER for stay in here)
    return [
        _ended(stay, day, field="changed_on")
        for stay in here
        if stay.relation is Relation.TENANT or (stay.relation is Relation.DEPENDANT and not owner_lives_here)
    ]


def decide_gone(people: Iterable[Resident], dwelling_id: UUID, today: date) -> list[Stay]:
    """Somebody at the door said that these live here no more; an owner stays the owner (P4).

    When they left, nobody asked: the stay ends with the day on which it was found out.
    """
    return [
        replace(stay, resident=False)
        if stay.relation is Relation.OWNER
        else replace(stay, ended_on=max(today, stay.registered_on))
        for person in people
        for stay in person.present
        if stay.dwelling_id == dwelling_id and stay.resident
    ]


def decide_guardian(ward: UUID | None, guardian: Resident, dwellings: Sequence[UUID]) -> None:
    """May this person answer for somebody who stays at these dwellings? (Identity, P2)

    Raises:
        GuardianUnfit: deceased, the person themselves, or at none of the dwellings.
    """
    at = {stay.dwelling_id for stay in guardian.present}
    if guardian.died_on is not None or guardian.person_ref == ward or not at & set(dwellings):
        raise GuardianUnfit(
            "监护人须在同一房屋登记。The guardian must be registered at the same dwelling.",
            field="guardian_ref",
        )


def _ended(stay: Stay, day: date, *, field: str) -> Stay:
    if day < stay.registered_on:
        raise DayTooEarly(
            "日期早于该处的登记日期。The day lies before the stay was registered.",
            field=field,
            registered_on=stay.registered_on.isoformat(),
            remedy="核对日期，或先更正登记日期。Check the day, or correct the day of registration.",
        )
    return replace(stay, ended_on=day)
