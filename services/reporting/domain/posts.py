"""How many are missing at the posts of a place. Pure (R3.1 to R3.3).

The registry decides who fills which post; headquarters only count, by the same policy: a worker fills a post of their
own kind before they stand in for another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.events.policy import PlaceKind, PostNeed, PostRules

Place = tuple[str, str]
"""Kind of place, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How many of a kind a place needs, and which kinds may stand in."""

    kind: str
    number: int
    stand_ins: Sequence[str] = ()


def wanted_at(
    place: Place, *, staffed: bool, rules: PostRules, set_here: Mapping[tuple[Place, str], int]
) -> list[Wanted]:
    """The needs of a place by policy, with an officer's number where one was set."""
    where, _ = place
    ruled = [need for need in rules.needs if _meant(need, where, staffed=staffed)]
    found = [
        Wanted(
            kind=need.kind,
            number=set_here.get((place, need.kind), need.number),
            stand_ins=need.stand_ins,
        )
        for need in ruled
    ]
    known = {need.kind for need in ruled}
    found += [
        Wanted(kind=kind, number=number)
        for (at, kind), number in sorted(set_here.items())
        if at == place and kind not in known
    ]
    return found


def vacant_at(wanted: Sequence[Wanted], serving: Mapping[str, int]) -> dict[str, int]:
    """How many of each kind are missing at a place, where somebody is."""
    spare = dict(serving)
    missing: list[int] = []
    for need in wanted:
        own = min(need.number, spare.get(need.kind, 0))
        spare[need.kind] = spare.get(need.kind, 0) - own
        missing.append(need.number - own)
    for nth, need in enumerate(wanted):
        for kind in need.stand_ins:
            helping = min(missing[nth], spare.get(kind, 0))
            spare[kind] = spare.get(kind, 0) - helping
            missing[nth] -= helping
    return {need.kind: left for need, left in zip(wanted, missing, strict=True) if left}


def _meant(need: PostNeed, where: PlaceKind | str, *, staffed: bool) -> bool:
    return need.place == where and (staffed or not need.staffed_only)
