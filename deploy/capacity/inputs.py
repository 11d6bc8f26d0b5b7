"""The figures that everything follows from, each with its source and date: `inputs.json`, replaced as they change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("inputs.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One figure.

    Attributes:
        name: as the arithmetic calls it.
        value: in `unit`.
        what: what it is, for people.
        source: the document, the command that measures it, or `assumed` with the reason.
        taken: the day, YYYY-MM-DD.
    """

    name: str
    value: float
    unit: str
    what: str
    source: str
    taken: str


def read(file: Path = FILE) -> Mapping[str, Input]:
    """All inputs by name.

    Raises:
        ValueError: one is named twice, or is not above zero.
    """
    told = [Input(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
    found = {one.name: one for one in told}
    if len(found) < len(told):
        raise ValueError(f"{file}: a name stands there twice")
    if wrong := [one.name for one in told if one.value <= 0]:
        raise ValueError(f"{file}: {', '.join(wrong)}: a value above zero")
    return found


def values(inputs: Mapping[str, Input]) -> dict[str, float]:
    """Without their sources."""
    return {name: one.value for name, one in inputs.items()}
