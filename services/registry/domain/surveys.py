"""Survey rounds: what counts as surveyed, and how far a round has come. Pure (R4.1, P8)."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import ClassVar, Literal, Self, TypeVar

from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId
from shared.kernel.percent import floored_percent
from shared.kernel.refusal import Refusal

State = Literal["open", "done", "absent", "refused", "empty", "to_confirm", "conflict"]
"""How a dwelling stands in a round. `open`: nobody has been there; only `done` and `empty` are final."""

Key = TypeVar("Key", bound=Hashable)


class RoundUnknown(Refusal):
    """There is no such round, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "round_unknown"


class RoundClosed(Refusal):
    """The round is over; what is found now belongs to the next one."""

    code: ClassVar[str] = "round_closed"


class RoundOpenAlready(Refusal):
    """One of the compounds is being surveyed: two rounds at once would ask its households twice."""

    code: ClassVar[str] = "round_open_already"


class RoundNumberUsed(Refusal):
    """Another round has this number."""

    code: ClassVar[str] = "round_number_used"


class RoundDueInPast(Refusal):
    """The day on which the round is due is over."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "round_due_in_past"


class NothingToSurvey(Refusal):
    """A compound has no dwelling in the address list, so nobody could say when it is covered."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "nothing_to_survey"


class ReasonRequired(Refusal):
    """Dwellings are open; `open_dwellings` says how many. A round is closed over them only with a reason."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "reason_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A door-to-door round. `open_dwellings` is how many had no final result when it was closed."""

    number: int
    compounds: frozenset[CompoundId]
    due_on: date
    opened_at: datetime
    closed_at: datetime | None = None
    close_reason: str | None = None
    open_dwellings: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Dwellings by how they stand: each in exactly one figure, so that they add up to the denominator."""

    open: int = 0
    done: int = 0
    absent: int = 0
    refused: int = 0
    empty: int = 0
    to_confirm: int = 0
    conflict: int = 0

    @property
    def dwellings(self) -> int:
        """The denominator: every dwelling of the address list (R4.1)."""
        return sum(getattr(self, figure.name) for figure in fields(self))

    @property
    def final(self) -> int:
        """Dwellings that nobody has to ask again."""
        return self.done + self.empty

    @property
    def remaining(self) -> int:
        """Dwellings without a final result."""
        return self.dwellings - self.final

    @property
    def percent(self) -> str:
        """Coverage with one decimal, never rounded up: 100.0 only when no dwelling remains (P8)."""
        return floored_percent(self.final, self.dwellings)

    def plus(self, other: Self) -> "Tally":
        """Both together."""
        return Tally(
            **{
                figure.name: getattr(self, figure.name) + getattr(other, figure.name)
                for figure in fields(self)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The smallest piece of a round that is told of: a building within a grid."""

    neighbourhood: NeighbourhoodId
    compound: CompoundId
    building: str
    grid: GridId
    tally: Tally


def rolled_up(parts: Iterable[Part], by: Callable[[Part], Key]) -> dict[Key, Tally]:
    """Add parts up by what they have in common."""
    sums: defaultdict[Key, Tally] = defaultdict(Tally)
    for part in parts:
        key = by(part)
        sums[key] = sums[key].plus(part.tally)
    return dict(sums)


def decide_opening(opening: Round, dwellings: dict[CompoundId, int], *, today: date) -> None:
    """Let a round begin where there is something to survey.

    Args:
        opening: the round.
        dwellings: the denominator of each of its compounds.
        today: the business day.

    Raises:
        RoundDueInPast, NothingToSurvey: as their names say.
    """
    if opening.due_on < today:
        raise RoundDueInPast("截止日期已过。The day on which the round is due is over.", field="due_on")
    bare = sorted(compound for compound in opening.compounds if not dwellings.get(compound))
    if bare:
        raise NothingToSurvey(
            "小区没有登记房屋，请先导入标准地址。A compound has no dwellings; import the address list first.",
            field="compounds",
            compounds=bare,
        )


def decide_closing(held: Round, tally: Tally, *, reason: str | None) -> int:
    """Let a round end; tells how many dwellings stay open.

    Raises:
        RoundClosed: it is closed already.
        ReasonRequired: dwellings are open and no reason is given.
    """
    if held.closed_at is not None:
        raise closed()
    if tally.remaining and not reason:
        raise ReasonRequired(
            f"还有 {tally.remaining} 户没有最终结果，结束须写明理由。"
            f"{tally.remaining} dwellings are open; closing the round needs a reason.",
            field="reason",
            open_dwellings=tally.remaining,
        )
    return tally.remaining


def closed() -> RoundClosed:
    """What is said of a round that is over."""
    return RoundClosed(
        "本轮排摸已结束。The round is closed.", remedy="请在下一轮登记。Record it in the next round."
    )
