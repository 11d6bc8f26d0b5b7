"""Posts: what places need, who fills them, who comes first, who is left over. Pure (R3.1 to R3.3).

A post is a place (compound, checkpoint, grid) and a kind of worker; how many it needs says policy, or an officer for
this very place. A posting fills a post of its own kind before it stands in for another.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from services.registry.domain.premises import Mode
from shared.events.policy import PlaceKind, PostRules, WorkerKind
from shared.kernel.refusal import PolicySilent, Refusal


class WorkerUnknown(Refusal):
    """There is no such worker."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "worker_unknown"


class PlaceUnknown(Refusal):
    """The place is not one of the book's, or not of this compound."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "place_unknown"
    usual_remedy: ClassVar[str | None] = "核对地点的种类和编号。Check the kind of place and its number."


class PostingUnknown(Refusal):
    """There is no such posting."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "posting_unknown"


class PostingOverlaps(Refusal):
    """The worker serves elsewhere on some of these days, and policy lets this kind serve at one post at a time."""

    code: ClassVar[str] = "posting_overlaps"


class PostingEndsTooEarly(Refusal):
    """The last day of a posting is not before its first, and not before today when it is moved."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "posting_ends_too_early"


class PostFilled(Refusal):
    """Nobody is wanted there: the post has as many as it needs."""

    code: ClassVar[str] = "post_filled"


class WrongKind(Refusal):
    """The post is for workers of another kind."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "wrong_kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from one to another, both included; without an end until further notice."""

    from_day: date
    until_day: date | None

    def holds(self, day: date) -> bool:
        """Is the day within?"""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)

    def meets(self, other: "Period") -> bool:
        """Do the two share a day?"""
        return (self.until_day is None or other.from_day <= self.until_day) and (
            other.until_day is None or self.from_day <= other.until_day
        )


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where somebody may be posted."""

    kind: PlaceKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A worker who is posted at a place."""

    posting_id: UUID
    worker_ref: UUID
    kind: WorkerKind
    place: Place
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How many of a kind a place needs; `set_here`: by an officer for this place, else by policy."""

    place: Place
    kind: WorkerKind
    number: int
    stand_ins: Collection[WorkerKind] = ()
    set_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """A post and who fills it; `beyond` serve there although the post has enough."""

    need: Need
    filled: tuple[Serving, ...]
    beyond: tuple[Serving, ...]

    @property
    def vacant(self) -> int:
        """How many are missing."""
        return max(0, self.need.number - len(self.filled))


def needs_of(
    places: Iterable[Place],
    *,
    mode: Mode,
    rules: PostRules | None,
    set_here: Mapping[tuple[Place, WorkerKind], int],
) -> list[Need]:
    """The needs of a compound's places by policy, with an officer's number where one was set.

    Raises:
        PolicySilent: the policy in force says nothing about posts.
    """
    if rules is None:
        raise PolicySilent("posts")
    found: list[Need] = []
    for place in places:
        ruled = [
            need
            for need in rules.needs
            if need.place == place.kind and (mode is Mode.STAFFED or not need.staffed_only)
        ]
        for need in ruled:
            number = set_here.get((place, need.kind))
            found.append(
                Need(
                    place=place,
                    kind=need.kind,
                    number=need.number if number is None else number,
                    stand_ins=need.stand_ins,
                    set_here=number is not None,
                )
            )
        by_policy = {need.kind for need in ruled}
        found += [
            Need(place=place, kind=kind, number=number, set_here=True)
            for (where, kind), number in sorted(set_here.items())
            if where == place and kind not in by_policy
        ]
    return found


def board(needs: Sequence[Need], serving: Sequence[Serving]) -> list[PostLine]:
    """Who fills which post, each posting in one line at most; the longest at a post keeps it.

    Somebody whose kind is not wanted at their place at all is in a line of its own, with a need of nobody.
    """
    order = sorted(serving, key=lambda one: (one.period.from_day, one.posting_id))
    filled: dict[int, list[Serving]] = {nth: [] for nth in range(len(needs))}
    left: list[Serving] = []
    for one in order:
        own = [nth for nth, need in enumerate(needs) if need.place == one.place and need.kind == one.kind]
        free = [nth for nth in own if len(filled[nth]) < needs[nth].number]
        if free:
            filled[free[0]].append(one)
        else:
            left.append(one)
    beyond: dict[int, list[Serving]] = {nth: [] for nth in range(len(needs))}
    unasked: dict[tuple[Place, WorkerKind], list[Serving]] = {}
    for one in left:
        helps = next(
            (
                nth
                for nth, need in enumerate(needs)
                if need.place == one.place and one.kind in need.stand_ins and len(filled[nth]) < need.number
            ),
            None,
        )
        own_line = next(
            (nth for nth, need in enumerate(needs) if need.place == one.place and need.kind == one.kind), None
        )
        if helps is not None:
            filled[helps].append(one)
        elif own_line is not None:
            beyond[own_line].append(one)
        else:
            unasked.setdefault((one.place, one.kind), []).append(one)
    lines = [
        PostLine(need=need, filled=tuple(filled[nth]), beyond=tuple(beyond[nth]))
        for nth, need in enumerate(needs)
    ]
    lines += [
        PostLine(need=Need(place=place, kind=kind, number=0), filled=(), beyond=tuple(them))
        for (place, kind), them in sorted(unasked.items())
    ]
    return sorted(lines, key=lambda line: (line.need.place, line.need.number == 0, line.need.kind))


def fills(kind: WorkerKind, need: Need) -> bool:
    """May a worker of this kind fill the post?"""
    return kind == need.kind or kind in need.stand_ins


def decide_posting(
    kind: WorkerKind, period: Period, others: Iterable[Serving], rules: PostRules | None
) -> None:
    """May the worker serve at one more post on these days? (R3.1)

    Args:
        kind: the worker's.
        period: the days of the new posting.
        others: the worker's other postings.
        rules: of the policy in force.

    Raises:
        PolicySilent: the policy in force says nothing about posts.
        PostingOverlaps: naming the postings that share a day with it.
    """
    if rules is None:
        raise PolicySilent("posts")
    if kind in rules.several_at_once:
        return
    if meeting := [one for one in others if one.period.meets(period)]:
        raise PostingOverlaps(
            "该人员同一时间已在其他岗位。The worker serves at another post on some of these days.",
            field="from_day",
            remedy="先结束原岗位，或修订规则。End the other posting first, or have the policy revised.",
            postings=sorted(str(one.posting_id) for one in meeting),
        )


def decide_end(period: Period, until_day: date | None, *, today: date) -> Period:
    """A posting with another last day. What was served already is not taken back (R3.1).

    Raises:
        PostingEndsTooEarly: naming the earliest day.
    """
    earliest = max(period.from_day, min(today, period.until_day or today))
    if until_day is not None and until_day < earliest:
        raise PostingEndsTooEarly(
            f"结束日期最早为 {earliest}。It can end on {earliest} at the earliest.",
            field="until_day",
            earliest=earliest.isoformat(),
        )
    return Period(from_day=period.from_day, until_day=until_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A worker who might fill a post. `lives_here` and `lives_near` (same neighbourhood) come from residences."""

    worker_ref: UUID
    code: str
    kind: WorkerKind
    lives_here: bool
    lives_near: bool
    posted: bool


def suggest(need: Need, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Free workers who may fill a post: first those who live in the compound, then nearby, then all others (R3.3)."""
    free = [one for one in candidates if not one.posted and fills(one.kind, need)]
    return sorted(
        free,
        key=lambda one: (not one.lives_here, not one.lives_near, one.kind != need.kind, one.code),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """Somebody whom the compound can spare, and why."""

    worker_ref: UUID
    kind: WorkerKind
    why: str
    """`beyond_need`: posted here although the post has enough; `not_needed`: lives here and no vacant post is left."""


def surplus_of(lines: Sequence[PostLine], residents: Sequence[Candidate]) -> list[Surplus]:
    """Whom a compound can spare for others, after its own vacant posts were offered to those who live there (R3.3)."""
    spare = [
        Surplus(worker_ref=one.worker_ref, kind=one.kind, why="beyond_need")
        for line in lines
        for one in line.beyond
    ]
    waiting = sorted((one for one in residents if not one.posted), key=lambda one: one.code)
    for line in lines:
        for _ in range(line.vacant):
            taken = next(iter(suggest(line.need, waiting)), None)
            if taken is None:
                break
            waiting.remove(taken)
    return spare + [Surplus(worker_ref=one.worker_ref, kind=one.kind, why="not_needed") for one in waiting]
