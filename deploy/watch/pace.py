"""How fast rules judge. The rules that are committed judge at the pace of real trouble; a test has no half hours.

Both are the same rules: a pace changes spans of time and how many make a crowd, and nothing else.
"""

from dataclasses import dataclass

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """By how much each kind of span is divided."""

    scrape_seconds: float = 15
    evaluate_seconds: float = 15
    waits: float = 1
    """`for`: how long something lasts before somebody is told."""
    windows: float = 1
    """Over how long rates and changes are taken."""
    shortest_window: float = 60
    ages: float = 1
    """How old something may be: far less divided than windows, or what is well looks ill."""
    crowds: float = 1
    """How many there must be before a share says anything."""

    def wait(self, seconds: float) -> str:
        """A span for `for`."""
        return duration(seconds / self.waits)

    def window(self, seconds: float) -> str:
        """A span for a range."""
        return duration(max(seconds / self.windows, self.shortest_window))

    def age(self, seconds: float) -> str:
        """A number of seconds to compare with."""
        return f"{seconds / self.ages:g}"

    def crowd(self, number: float) -> str:
        """A number of things to compare with."""
        return f"{number / self.crowds:g}"


REAL = Pace()


def duration(seconds: float) -> str:
    """A span as Prometheus spells it: 90 -> 90s, 3600 -> 1h, 0.5 -> 500ms."""
    if seconds != int(seconds):
        return f"{round(seconds * 1000)}ms"
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds / size)}{unit}"
    return "0s"
