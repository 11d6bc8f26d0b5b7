"""Which pseudonyms are one person, as far as somebody decided (P10). Every service keeps its copy of the decisions."""

from collections.abc import Iterable
from uuid import UUID


def roots(merges: Iterable[tuple[UUID, UUID]]) -> dict[UUID, UUID]:
    """Who stands for each pseudonym of the merges in force, itself included; who is in none is not named.

    Args:
        merges: `(kept, merged)` in any order. Nobody is merged into two people at a time, so they are trees; what
            does not hold that (news that came twice, or not in order) still ends in one answer.
    """
    into = {merged: kept for kept, merged in sorted(merges)}
    found: dict[UUID, UUID] = {}
    for ref in {*into, *into.values()}:
        at, seen = ref, {ref}
        while (above := into.get(at)) is not None and above not in seen:
            seen.add(above)
            at = above
        found[ref] = at if at not in into else min(seen)  # a ring is one person, too
    return found
