"""When a disinfection counts as a round, and what is said about it (R5.1, R5.5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from shared.kernel.days import local_day
from shared.kernel.refusal import Refusal

STRONGEST_MG_L = 100_000
"""Ten percent of available chlorine: undiluted concentrate. More is a slip of the pen, not a dilution."""


class Incomplete(Refusal):
    """Something that makes a round a proof is missing (S3)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "incomplete"


class ConcentrationImpossible(Refusal):
    """No such solution exists."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "concentration_impossible"


class SiteNotInUse(Refusal):
    """The site is taken out of use; nobody disinfects it."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "site_not_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRules:
    """What policy says about one kind of site, for the day of the round."""

    spacing: timedelta
    concentration_from_mg_l: int
    concentration_to_mg_l: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLog:
    """What a worker says was done."""

    agent: str | None
    concentration_mg_l: int | None
    done_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDecision:
    """The log is kept. `counts`: the day has one round more by it; `within_range`: the solution was right."""

    day: date
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool


def counted(logs: Iterable[datetime], spacing: timedelta) -> tuple[datetime, ...]:
    """The rounds that count among the logs of one site and day: a largest set at least `spacing` apart.

    Earliest first is optimal. Take any largest set and put the earliest log in the place of its first: the
    gap to the second only grows, so the set stays allowed and as large. What remains is the same question
    about the logs that are `spacing` or more after the first; by induction the whole is largest. It depends
    on the set of logs only, not on the order in which they arrived.
    """
    chosen: list[datetime] = []
    for done_at in sorted(logs):
        if not chosen or done_at - chosen[-1] >= spacing:
            chosen.append(done_at)
    return tuple(chosen)


def decide_round(log: RoundLog, earlier: Sequence[datetime], rules: RoundRules) -> RoundDecision:
    """Judge one log of a site.

    A log that is too close to another is the same round: kept, and the day does not count one more (S1). A
    solution outside the range is kept with a warning (S3). A log may arrive after later ones; then it counts
    when the day's number of rounds rises by it. One more log never lowers a maximum and never raises it by
    more than one, so the logs that were said to count always add up to `len(counted(all of them))`.

    Args:
        log: what was done.
        earlier: when the other logs of the same site and local day were done, known so far.
        rules: policy of that day for this kind of site.

    Raises:
        Incomplete: agent or concentration is missing.
        ConcentrationImpossible: nothing is made with such a concentration.
    """
    if not log.agent:
        raise Incomplete("缺少消毒剂。The agent is missing.", field="agent")
    if log.concentration_mg_l is None:
        raise Incomplete(
            "缺少有效氯浓度，无法证明本次消杀。Without a concentration this is no proof of a round.",
            field="concentration_mg_l",
            remedy="填写配制浓度（毫克/升）。Enter the concentration in mg/L.",
        )
    if not 0 < log.concentration_mg_l <= STRONGEST_MG_L:
        raise ConcentrationImpossible(
            "浓度不可能，请核对单位（毫克/升）。There is no such concentration; check the unit (mg/L).",
            field="concentration_mg_l",
        )
    before = len(counted(earlier, rules.spacing))
    return RoundDecision(
        day=local_day(log.done_at),
        agent=log.agent,
        concentration_mg_l=log.concentration_mg_l,
        within_range=rules.concentration_from_mg_l <= log.concentration_mg_l <= rules.concentration_to_mg_l,
        counts=len(counted((*earlier, log.done_at), rules.spacing)) > before,
    )
