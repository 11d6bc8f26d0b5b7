"""Two accounts of the same things, side by side: what is missing, what is there twice or uncalled-for, what differs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Key = tuple[Any, ...]
Value = tuple[Any, ...]
Seen = Iterable[tuple[Key, Value]]
"""What somebody says, every time they say it."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One thing in one place.

    Attributes:
        what: which table of the oracle.
        where: who was asked.
        expected, found: how many must be there, how many are.
        lost: not there.
        twice: there more than once.
        extra: there, and nobody did it.
        wrong: there with another outcome.
        examples: a few of them, in words.
    """

    what: str
    where: str
    expected: int
    found: int
    lost: int = 0
    twice: int = 0
    extra: int = 0
    wrong: int = 0
    examples: tuple[str, ...] = field(default=())

    @property
    def equal(self) -> bool:
        """Is there nothing to say?"""
        return not (self.lost or self.twice or self.extra or self.wrong)


def compare(what: str, where: str, expected: dict[Key, Value], seen: Seen) -> Compared:
    """Exactly once, with the right outcome."""
    told = list(seen)
    times = Counter(key for key, _ in told)
    said = dict(told)
    lost = [key for key in expected if key not in times]
    twice = [key for key, number in times.items() if number > 1]
    extra = [key for key in times if key not in expected]
    wrong = [key for key, value in expected.items() if key in said and said[key] != value]
    examples = [
        *(f"lost {_short(key)}: {_short(expected[key])}" for key in lost[:EXAMPLES]),
        *(f"{times[key]} times {_short(key)}" for key in twice[:EXAMPLES]),
        *(f"extra {_short(key)}: {_short(said[key])}" for key in extra[:EXAMPLES]),
        *(
            f"wrong {_short(key)}: {_short(said[key])}, not {_short(expected[key])}"
            for key in wrong[:EXAMPLES]
        ),
    ]
    return Compared(
        what=what,
        where=where,
        expected=len(expected),
        found=len(told),
        lost=len(lost),
        twice=len(twice),
        extra=len(extra),
        wrong=len(wrong),
        examples=tuple(examples),
    )


def _short(parts: tuple[Any, ...]) -> str:
    """As a line can hold it."""
    return " ".join(str(part) for part in parts)[:200]
