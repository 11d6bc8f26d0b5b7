"""From which instant to which a report day runs: from cut-off to cut-off, by the policy of each day. (R7.4)"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.events.observation import WindowName
from shared.events.policy_observation import ObservationRules
from shared.kernel.days import DailyWindow, at_local, local_day, local_time
from shared.kernel.refusal import PolicySilent

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDay:
    """A day as the report sees it: `starts` belongs to it, `ends`, its cut-off, does not."""

    day: date
    starts: datetime
    ends: datetime

    @property
    def sanitary_day(self) -> date:
        """The last natural day that is over at the cut-off: rounds and waste are counted by natural days."""
        return self.day - ONE_DAY

    def windows(self, rules: ObservationRules) -> list[tuple[date, WindowName]]:
        """The declaration windows that close within the report day, in order."""
        spans: tuple[tuple[WindowName, DailyWindow], ...] = (
            ("morning", DailyWindow(opens=rules.morning.opens, closes=rules.morning.closes)),
            ("evening", DailyWindow(opens=rules.evening.opens, closes=rules.evening.closes)),
        )
        found = [
            (closing, day, name)
            for day in (self.day - 2 * ONE_DAY, self.day - ONE_DAY, self.day)
            for name, window in spans
            if self.starts < (closing := window.on(day).ends) <= self.ends
        ]
        return [(day, name) for _, day, name in sorted(found)]


def report_day(day: date, *, cut_off: time, cut_off_before: time) -> ReportDay:
    """The report day that ends on `day`, with the cut-offs of it and of the day before.

    Raises:
        PolicySilent: a cut-off lies within an hour; figures are kept by the hour.
    """
    for one in (cut_off, cut_off_before):
        if (one.minute, one.second, one.microsecond) != (0, 0, 0):
            raise PolicySilent("reporting.cut_off")
    return ReportDay(
        day=day,
        starts=at_local(day - ONE_DAY, cut_off_before),
        ends=at_local(day, cut_off),
    )


def day_of(instant: datetime, *, cut_off: time) -> date:
    """On which report day an instant lies, by the cut-off of its natural day."""
    day = local_day(instant)
    return day if local_time(instant) < cut_off else day + ONE_DAY
