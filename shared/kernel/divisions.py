"""Division codes (GB/T 2260): which place lies in which.

Province `pp0000`, prefecture `ppcc00`, county `ppccdd`. Counties directly under a province (Hubei's 4290xx) have no
prefecture in between, and development zones have codes of their own in their prefecture (Suzhou Industrial Park,
320571): their inheritance goes by the same rule.
"""

from collections.abc import Mapping


def containing(code: str) -> tuple[str, str, str]:
    """A place, its prefecture and its province; for a prefecture or province some of them are equal."""
    return code, f"{code[:4]}00", f"{code[:2]}0000"


def listed_as(code: str, entries: Mapping[str, object]) -> str | None:
    """The entry that decides about a place: its own, or its prefecture's, or its province's; None where none does."""
    return next((place for place in containing(code) if place in entries), None)
