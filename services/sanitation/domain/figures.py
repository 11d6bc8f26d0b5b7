"""A day's figures by compound and kind of site, and the share done in time (R5.1, screens S6)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from services.sanitation.domain.day_close import ClosedDay
from shared.events.policy_sanitation import SiteKind
from shared.kernel.ids import CompoundId
from shared.kernel.percent import floored_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigures:
    """What the sites of a kind in a compound owed on a day and did; `final` once the day was closed.

    `done` and `on_time` count up to what each site owed: a surplus never makes up for another site.
    """

    day: date
    compound: CompoundId
    kind: SiteKind
    final: bool
    sites: int = 0
    required: int = 0
    done: int = 0
    on_time: int = 0
    shortfall: int = 0
    logged: int = 0
    outside_range: int = 0

    @property
    def on_time_percent(self) -> str | None:
        """Done in time, of what was owed; never rounded up, and None where nothing was owed."""
        return floored_percent(self.on_time, self.required) if self.required else None

    def plus(self, site: ClosedDay) -> "KindFigures":
        """With one more site."""
        return replace(
            self,
            sites=self.sites + site.on_duty,
            required=self.required + site.required,
            done=self.done + site.done,
            on_time=self.on_time + site.on_time,
            shortfall=self.shortfall + site.shortfall,
            logged=self.logged + site.logged,
            outside_range=self.outside_range + site.outside_range,
        )


def by_kind(day: date, sites: Iterable[tuple[CompoundId, SiteKind, ClosedDay]]) -> list[KindFigures]:
    """The figures of a day that is still open, by compound and kind."""
    found: defaultdict[tuple[CompoundId, SiteKind], list[ClosedDay]] = defaultdict(list)
    for compound, kind, site in sites:
        found[compound, kind].append(site)
    lines = []
    for (compound, kind), each in sorted(found.items()):
        line = KindFigures(day=day, compound=compound, kind=kind, final=False)
        for site in each:
            line = line.plus(site)
        lines.append(line)
    return lines
