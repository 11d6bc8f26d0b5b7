"""How many are under observation from one cut-off to the next, and the law that binds the numbers. (R7.4, H2)"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Self

from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Cases of one measure between two cut-offs; `last` and `in_force` are counted by themselves.

    Attributes:
        last: in force at the earlier cut-off.
        new: opened between the two, or opened again.
        moved_in, moved_out: from another measure, to another one.
        released: the full period was over and nothing open.
        transferred: to another place, where they are new.
        closed: died, left the town, or had been opened in error.
        merged: the case of a record that turned out to be of the same person as another.
        in_force: at the later cut-off.
        ever: how many came under the measure at any time up to then.
        released_ever: how many were released from it up to then.
        started_ever: how many cases began with it up to then.
    """

    last: int = 0
    new: int = 0
    moved_in: int = 0
    moved_out: int = 0
    released: int = 0
    transferred: int = 0
    closed: int = 0
    merged: int = 0
    in_force: int = 0
    ever: int = 0
    released_ever: int = 0
    started_ever: int = 0

    @property
    def expected(self) -> int:
        """What must be in force: the last, and what came, without what went."""
        came = self.new + self.moved_in
        went = self.moved_out + self.released + self.transferred + self.closed + self.merged
        return self.last + came - went

    @property
    def off_by(self) -> int:
        """By how much the law is broken; 0 when it holds."""
        return self.in_force - self.expected

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )


Census = Mapping[CompoundId, Mapping[Measure, Flow]]


def by_measure(census: Census) -> dict[Measure, Flow]:
    """The town: the sum of its compounds, measure by measure."""
    found: defaultdict[Measure, Flow] = defaultdict(Flow)
    for flows in census.values():
        for measure, flow in flows.items():
            found[measure] = found[measure].plus(flow)
    return dict(sorted(found.items()))


def added(flows: Iterable[Flow]) -> Flow:
    """All measures together: what moves between them cancels out."""
    total = Flow()
    for flow in flows:
        total = total.plus(flow)
    return total
