"""Who is under home quarantine, and on which days their household's waste is fetched separately (R5.2, S4)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from shared.events.policy_observation import Measure
from shared.kernel.days import at_local, local_day, local_time
from shared.kernel.ids import CompoundId, DwellingId, PersonRef

INSTANT = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An observation, as far as waste asks.

    Attributes:
        paused: in medical hands for the moment.
        over: completed or closed.
        until_day: the day until which it is known to go on; None: until further word, an officer decides.
    """

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    measure: Measure
    paused: bool
    over: bool
    until_day: date | None

    @property
    def at_home(self) -> bool:
        """Under home quarantine now."""
        return self.measure == "home_quarantine" and not self.paused and not self.over


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteHours:
    """What policy says about when waste is fetched, as local times."""

    usual_hour: time
    same_day_before: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The days for which a pickup is to be made now, in order; the first day after them; whether that is all."""

    days: tuple[date, ...]
    next_day: date
    finished: bool


def first_day(began_at: datetime, hours: WasteHours) -> date:
    """The day of a quarantine's first pickup: its own if it began before policy's hour, else the next (S4)."""
    day = local_day(began_at)
    return day if local_time(began_at) < hours.same_day_before else day + ONE_DAY


def last_day(ended_at: datetime) -> date:
    """The day of the last pickup: the last one of which any part lay within. 24:00 belongs to the day before."""
    return local_day(ended_at - INSTANT)


def due_at(day: date, *, began_at: datetime, agreed: time | None, hours: WasteHours) -> datetime:
    """When a day's pickup is due: at the hour agreed with the household, else at the usual one.

    On the day on which the quarantine began only an hour that lies ahead can be kept: otherwise the usual one, which
    policy keeps behind `same_day_before`.
    """
    wanted = at_local(day, agreed or hours.usual_hour)
    return wanted if wanted > began_at else at_local(day, hours.usual_hour)


def plan(
    *,
    began_at: datetime,
    ended_at: datetime | None,
    until_day: date | None,
    next_day: date | None,
    today: date,
    hours: WasteHours,
) -> Plan:
    """Which days of a quarantine are to have a pickup by now, after a standstill as well.

    An observation that is known to go on until a day is planned no further: at its end it is either over, or somebody
    says that it goes on. So nothing is planned for the morning after a release.

    Args:
        began_at: when the quarantine began.
        ended_at: when it ended; None while it goes on.
        until_day: the day until which it is known to go on; None: until further word.
        next_day: the first day that was not planned yet; None at the first look.
        today: the business day.
        hours: policy in force.
    """
    day = first_day(began_at, hours) if next_day is None else next_day
    known = last_day(ended_at) if ended_at is not None else until_day
    through = today if known is None else min(today, known)
    days = tuple(day + ONE_DAY * nth for nth in range(max(0, (through - day).days + 1)))
    following = days[-1] + ONE_DAY if days else day
    finished = ended_at is not None and following > last_day(ended_at)
    return Plan(days=days, next_day=following, finished=finished)
