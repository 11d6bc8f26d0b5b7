"""Isolation waste is due at 18:00 of every day of a home quarantine; it is missed at midnight, or too long underway."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from deploy.live.ledger import Act, Ledger
from deploy.live.oracle.observation import Case
from deploy.live.oracle.words import DAY, Table, clock, day_of, local, midnight_after

AT_HOME = "home_quarantine"
USUAL_HOUR, PUT_OFF_TO, SAME_DAY_BEFORE = 18, 19, 16
HAND_OVER = timedelta(hours=12)
INSTANT = timedelta(microseconds=1)


@dataclass(slots=True, kw_only=True)
class Pickup:
    """One household's waste of one day. `asked`, `found`: every hour for which it was due, and all that was amiss."""

    place: str
    due_at: datetime
    state: str = "due"
    bags: int | None = None
    missed: str | None = None
    collected_at: datetime | None = None
    asked: list[datetime] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def standing(self) -> str:
        """As headquarters call it."""
        if self.state == "handed_over":
            return "done"
        return "due" if self.missed is None else "missed"

    def is_due(self, at: datetime) -> None:
        """To be fetched at this hour; what was amiss is dealt with by that."""
        self.due_at, self.missed = at, None
        self.asked.append(at)

    def is_missed(self, why: str) -> None:
        """Something is amiss; what is already so is not found again."""
        if self.missed is None:
            self.missed = why
            self.found.append(why)

    def passes(self, now: datetime) -> None:
        """What time alone makes of it."""
        if self.state == "due" and now >= midnight_after(day_of(self.due_at)):
            self.is_missed("not_done")
        if self.state == "collected" and self.collected_at and now >= self.collected_at + HAND_OVER:
            self.is_missed("not_handed_over")

    def does(self, act: Act) -> None:
        """What a worker did."""
        match act.about["did"]:
            case "collected":
                self.state, self.bags, self.collected_at = "collected", act.about["bags"], act.at
            case "handed_over":
                self.state = "handed_over"
            case "put_off":
                self.is_due(clock(day_of(act.at) + DAY, PUT_OFF_TO))
            case why:
                self.is_missed(why)


def reckoned(ledger: Ledger, cases: Mapping[str, Case]) -> dict[tuple[str, str], Pickup]:
    """Every pickup, by home and day, as it stands at the end."""
    end = ledger.acts[-1].at
    found: dict[tuple[str, str], Pickup] = {}
    for case in cases.values():
        if case.measure != AT_HOME:
            continue
        for day in _days(case, end):
            if (case.home, day.isoformat()) not in found:
                one = Pickup(place=case.place, due_at=clock(day, USUAL_HOUR))
                one.is_due(one.due_at)
                found[case.home, day.isoformat()] = one
    for act in ledger.of("pickup"):
        one = found[act.about["home"], act.about["day"]]
        one.passes(act.at)
        one.does(act)
    for one in found.values():
        one.passes(end)
    return found


def _days(case: Case, end: datetime) -> Iterator[date]:
    """From the day on which it began, where that was before four, to the last of which it had any part."""
    for begins, ends in case.spans():
        day = day_of(begins)
        if local(begins) >= clock(day, SAME_DAY_BEFORE):
            day += DAY
        last = day_of(end) if ends is None or ends > end else day_of(ends - INSTANT)
        while day <= last:
            yield day
            day += DAY


def pickups(known: Mapping[tuple[str, str], Pickup]) -> Table:
    """How every pickup stands: where, when it is due, how far it came, how many bags, what is amiss."""
    return {
        key: (one.place, local(one.due_at).isoformat(), one.state, one.bags, one.missed)
        for key, one in known.items()
    }


def due(known: Mapping[tuple[str, str], Pickup]) -> Table:
    """Every hour for which a pickup was due."""
    return {(*key, local(at).isoformat()): (one.place,) for key, one in known.items() for at in one.asked}


def missed(known: Mapping[tuple[str, str], Pickup]) -> Table:
    """All that was ever amiss with a pickup."""
    return {(*key, why): (one.place,) for key, one in known.items() for why in one.found}


def fetched(known: Mapping[tuple[str, str], Pickup]) -> Table:
    """What was handed over: where, and how many bags."""
    return {key: (one.place, one.bags) for key, one in known.items() if one.standing == "done"}


def by_compound(known: Mapping[tuple[str, str], Pickup], end: datetime) -> Table:
    """Per compound and day: pickups, done, missed, overdue, bags that were handed over."""
    sums: dict[tuple[str, str], list[int]] = {}
    for (_, day), one in known.items():
        line = sums.setdefault((one.place, day), [0] * 5)
        line[0] += 1
        line[1] += one.standing == "done"
        line[2] += one.standing == "missed"
        line[3] += one.standing == "due" and one.due_at <= end
        line[4] += (one.bags or 0) if one.standing == "done" else 0
    return {key: tuple(line) for key, line in sums.items()}
