"""Cases: why somebody is observed, in which way and until when, what was due, what was missed, and how it ended."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from deploy.live.ledger import Act, Ledger
from deploy.live.oracle.words import DAY, Table, Window, day_of, fever, midnight_after, window, window_at

PERIOD = 14
MEASURES: Mapping[str, str] = {
    "focus": "centralized_observation",
    "higher_risk": "home_quarantine",
    "concern": "home_quarantine",
    "other": "home_self_monitoring",
    "close_contact": "centralized_observation",
}


@dataclass(slots=True, kw_only=True)
class Case:
    """Somebody's observation."""

    who: str
    place: str
    home: str = ""
    category: str
    day_zero: date
    opened_at: datetime
    last_day: date
    stops: list[list[datetime | None]] = field(default_factory=list)
    answers: dict[tuple[date, str], datetime] = field(default_factory=dict)
    closed_at: datetime | None = None
    released_at: datetime | None = None

    @property
    def measure(self) -> str:
        """How they are observed while the clock runs."""
        return MEASURES[self.category]

    @property
    def complete(self) -> bool:
        """Was the last evening's declaration in at 24:00 of the last day?"""
        answered = self.answers.get((self.last_day, "evening"))
        return answered is not None and answered < midnight_after(self.last_day)

    def medical_at(self, instant: datetime) -> bool:
        """Do a clinic's hands hold them?"""
        return any(_within(stop, instant) for stop in self.stops)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, by all that is known; None while it goes on."""
        ends = [one for one in (self.closed_at, self.released_at) if one is not None]
        if (not self.stops or self.stops[-1][1] is not None) and self.complete:
            ends.append(midnight_after(self.last_day))
        return min(ends, default=None)

    def over_at(self, instant: datetime) -> bool:
        """Has it ended?"""
        return self.ended_at is not None and self.ended_at <= instant

    def spans(self) -> Iterator[tuple[datetime, datetime | None]]:
        """The stretches in which the clock ran; the last one is open where it still runs."""
        begins = self.opened_at
        for began, ended in self.stops:
            assert began is not None  # noqa: S101  # a stop has a beginning
            yield begins, began
            if ended is None:
                return
            begins = ended
        yield begins, self.ended_at

    def measure_at(self, instant: datetime) -> str | None:
        """What holds for them at an instant; None before and after."""
        if instant < self.opened_at or self.over_at(instant):
            return None
        return "medical" if self.medical_at(instant) else self.measure

    def state_at(self, instant: datetime) -> str:
        """Where the case stands."""
        if self.closed_at is not None and self.closed_at <= instant:
            return "closed"
        if self.over_at(instant):
            return "completed"
        if self.medical_at(instant):
            return "medical"
        return "under_observation" if instant < midnight_after(self.last_day) else "awaiting_closure"

    def held_last(self, instant: datetime) -> str:
        """What holds for them, or held when the case ended."""
        ended = self.closed_at is not None and self.medical_at(self.closed_at)
        return "medical" if ended or self.measure_at(instant) == "medical" else self.measure

    def due(self) -> Iterator[Window]:
        """The windows in which they have to declare, in order: from day 1 on.

        The day on which the clock stops keeps its number, so who falls ill on day 0 goes on with day 0.
        """
        zero = self.day_zero
        for began, ended in self.stops:
            if began is not None and ended is not None and day_of(began) <= zero:
                zero = max(zero, day_of(ended))
        day = max(zero + DAY, day_of(self.opened_at))
        while day <= self.last_day:
            for name in ("morning", "evening"):
                one = window(day, name)
                if one.opens >= self.opened_at and self._runs(one):
                    yield one
            day += DAY

    def _runs(self, one: Window) -> bool:
        """The clock runs when it opens; where it stops before it closes, only an answered window is due."""
        answered = (one.day, one.name) in self.answers
        for began, ended in self.stops:
            assert began is not None  # noqa: S101  # a stop has a beginning
            if began <= one.opens and (ended is None or one.opens < ended):
                return False
            if one.opens < began < one.closes and not answered:
                return False
        if self.closed_at is not None and self.closed_at < one.closes:
            return self.closed_at > one.opens and answered
        return True

    def missed(self, until: datetime) -> Iterator[tuple[Window, int]]:
        """The windows that closed empty up to an instant, each with how many in a row were empty then."""
        before: list[Window] = []
        for one in self.due():
            before.append(one)
            if one.closes > until or self._answered(one, one.closes):
                continue
            streak = 0
            for earlier in reversed(before):
                if self._answered(earlier, one.closes):
                    break
                streak += 1
            yield one, streak

    def _answered(self, one: Window, by: datetime) -> bool:
        received = self.answers.get((one.day, one.name))
        return received is not None and received < by


def _within(stop: list[datetime | None], instant: datetime) -> bool:
    """Of what lies at one instant the fever comes last: people pass the gate, and then they declare."""
    began, ended = stop
    return began is not None and began < instant and (ended is None or instant < ended)


def cases_of(ledger: Ledger, lists: Iterable[tuple[date, Mapping[str, str]]]) -> dict[str, Case]:
    """Every case, by who is observed, after all acts.

    Args:
        ledger: what was done.
        lists: the risk lists, each from the day on which it came into force.
    """
    in_force = list(lists)
    cases: dict[str, Case] = {}
    for act in ledger.acts:
        if act.kind == "intake":
            cases[act.key] = _opened(act, in_force)
        elif act.kind == "declaration":
            _declared(cases[act.about["who"]], act)
        elif act.kind == "check" and fever(act.about["temperature"]):
            case = cases.get(act.about["who"])
            if case is not None and case.measure_at(act.at) not in {None, "medical"}:
                case.stops.append([act.at, None])
        elif act.kind == "decision":
            _decided(cases[act.about["who"]], act)
        elif act.kind == "confirmation":
            for name in act.about["household"]:
                cases[name] = Case(
                    who=name,
                    place=act.place,
                    category="close_contact",
                    day_zero=day_of(act.at),
                    opened_at=act.at,
                    last_day=day_of(act.at) + timedelta(days=PERIOD),
                )
    return cases


def category_of(origin: str, areas: Mapping[str, str]) -> str:
    """The place's own entry, or its prefecture's, or its province's."""
    for code in (origin, f"{origin[:4]}00", f"{origin[:2]}0000"):
        if code in areas:
            return areas[code]
    return "other"


def areas_on(day: date, lists: Iterable[tuple[date, Mapping[str, str]]]) -> Mapping[str, str]:
    """The risk list in force on a day."""
    return [known for since, known in lists if since <= day][-1]


def _opened(act: Act, lists: list[tuple[date, Mapping[str, str]]]) -> Case:
    day = day_of(act.at)
    areas = areas_on(day, lists)
    zero = date.fromisoformat(act.about["arrived"]) if act.about["proof"] else day
    return Case(
        who=act.key,
        place=act.place,
        home=act.about["home"],
        category=category_of(act.about["origin"], areas),
        day_zero=zero,
        opened_at=act.at,
        last_day=zero + timedelta(days=PERIOD),
    )


def _declared(case: Case, act: Act) -> None:
    one = window_at(act.at)
    if act.at < one.late_until:
        case.answers.setdefault((one.day, one.name), act.at)
    if fever(act.about["temperature"]) and not case.medical_at(act.at):
        case.stops.append([act.at, None])


def _decided(case: Case, act: Act) -> None:
    match act.about["decided"]:
        case "resume":
            stop = case.stops[-1]
            assert stop[0] is not None  # noqa: S101  # a stop has a beginning
            case.last_day += day_of(act.at) - day_of(stop[0])
            stop[1] = act.at
        case "close":
            case.released_at = act.at
        case "transferred":
            case.closed_at = act.at


def declarations(ledger: Ledger) -> Table:
    """Every declaration: for which window, in time or late."""
    found: Table = {}
    for act in ledger.of("declaration"):
        one = window_at(act.at)
        standing = "in_time" if act.at < one.closes else "late" if act.at < one.late_until else "after"
        found[act.key,] = (one.day.isoformat(), one.name, standing, fever(act.about["temperature"]))
    return found
