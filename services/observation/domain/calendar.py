"""Which rules hold on which day, and when its windows open and close (R2.7, observation rules)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.events.observation import WindowName
from shared.events.policy import PolicyDocument
from shared.kernel.days import at_local, local_day

MORNING: WindowName = "morning"
EVENING: WindowName = "evening"
WINDOWS: tuple[WindowName, ...] = (MORNING, EVENING)
"""The windows of a day, in order."""

ONE_DAY = timedelta(days=1)

Slot = tuple[date, WindowName]
"""A window of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A policy version as this service keeps it."""

    version: int
    effective_from: date
    document: PolicyDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpan:
    """A window of a day as instants: `opens` belongs to it, `closes` and `late_until` do not."""

    day: date
    window: WindowName
    opens: datetime
    closes: datetime
    late_until: datetime

    @property
    def slot(self) -> Slot:
        """Its name."""
        return self.day, self.window


class Calendar:
    """All policy versions known, and the windows that follow from them; a value that never changes."""

    def __init__(self, versions: Iterable[PolicyVersion]) -> None:
        self._versions = sorted(versions, key=lambda known: (known.effective_from, known.version))
        self._spans: dict[Slot, WindowSpan] = {}
        if not self._versions:
            raise ValueError("a calendar needs at least one policy version")

    @property
    def effective_from(self) -> date:
        """The first day for which any rules are known."""
        return self._versions[0].effective_from

    def on(self, day: date) -> PolicyVersion:
        """Tell the version in force on a day: the newest that had come into effect; before all, the first."""
        found = self._versions[0]
        for known in self._versions:
            if known.effective_from > day:
                break
            found = known
        return found

    def span(self, day: date, window: WindowName) -> WindowSpan:
        """Tell when a window of a day opens, closes, and until when a late declaration counts for it."""
        span = self._spans.get((day, window))
        if span is None:
            rules = self.on(day).document.observation
            hours = rules.morning if window == MORNING else rules.evening
            opens = at_local(day, hours.opens)
            closes = _next(day, hours.closes, after=opens)
            span = WindowSpan(
                day=day,
                window=window,
                opens=opens,
                closes=closes,
                late_until=_next(local_day(closes), hours.late_until, after=closes),
            )
            self._spans[day, window] = span
        return span

    def span_at(self, instant: datetime) -> WindowSpan:
        """Tell the window to which an instant belongs: the one that opened last.

        Before 06:00 that is the evening before, from 10:00 on still the morning, after 21:00 the evening.
        """
        day = local_day(instant)
        spans = [self.span(on, window) for on in (day - ONE_DAY, day) for window in WINDOWS]
        return max((span for span in spans if span.opens <= instant), key=lambda span: span.opens)

    def next_close(self, instant: datetime) -> datetime:
        """Tell when a window closes next, after an instant: then it is known who did not declare."""
        day = local_day(instant)
        spans = [self.span(on, window) for on in (day - ONE_DAY, day, day + ONE_DAY) for window in WINDOWS]
        return min(span.closes for span in spans if span.closes > instant)


def _next(day: date, at: time, *, after: datetime) -> datetime:
    """The first instant from the day on at which clocks show `at`, later than `after` or equal to it."""
    instant = at_local(day, at)
    return instant if instant >= after else at_local(day + ONE_DAY, at)
