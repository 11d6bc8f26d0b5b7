"""A daily report as it is told: derived figures, what units said of them, and their sum. Pure. (R7.4)"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, Self

from services.reporting.domain.daily_report import (
    Change,
    Difference,
    Fault,
    continuity,
    corrected,
    differences,
)
from services.reporting.domain.report_figures import FIGURES, MEASURES, STANDING, Values, summed

UnitState = Literal["open", "confirmed", "zero", "corrected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """A unit's figures with its word on them. `registered`: it has to give its word."""

    unit: str
    name: str | None
    neighbourhood: str | None
    neighbourhood_name: str | None = None
    registered: bool
    state: UnitState
    late: bool
    said_at: datetime | None
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A figure that a unit corrected; the reason is kept with the act."""

    act_id: str
    unit: str
    figure: str
    original: int | None
    value: int
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCount:
    """People of a focus area in a compound under a measure: how many, never who."""

    origin_code: str
    measure: str
    compound: str
    new: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A report of a day. `town`: the sum of the lines, and what belongs to no compound."""

    day: date
    starts: datetime
    ends: datetime
    lines: tuple[UnitLine, ...]
    town: Values
    corrections: tuple[Correction, ...]
    upward: tuple[AreaCount, ...] = field(default=())

    @property
    def missing(self) -> list[str]:
        """Units that have not given their word."""
        return [line.unit for line in self.lines if line.registered and line.state == "open"]

    @property
    def zero(self) -> list[str]:
        """Units that have nothing to report, and said so."""
        return [line.unit for line in self.lines if line.state == "zero"]

    @property
    def expected(self) -> list[str]:
        """Units that have to give their word."""
        return [line.unit for line in self.lines if line.registered]

    @property
    def by_unit(self) -> dict[str, Values]:
        """The figures of each unit."""
        return {line.unit: line.values for line in self.lines}

    def faults(self) -> list[Fault]:
        """Where figures contradict each other."""
        return continuity(self.by_unit, self.town)

    def differences_from(self, earlier: "Content") -> list[Difference]:
        """What is another figure than in an earlier version, and whose word came or changed since.

        A figure that reports did not have yet when that version was made is no difference.
        """
        found = [
            one
            for one in differences(earlier.by_unit, self.by_unit, town=(earlier.town, self.town))
            if one.figure in earlier.town
        ]
        before, now = (
            {"units.missing": len(one.missing), "units.zero": len(one.zero)} for one in (earlier, self)
        )
        return [
            *(
                Difference(unit=None, figure=key, before=before[key], after=now[key])
                for key in now
                if before[key] != now[key]
            ),
            *found,
        ]

    def only(self, units: Iterable[str]) -> "Content":
        """The part of a report that concerns these units; the sum is theirs, and town-wide figures are left out."""
        seen = set(units)
        lines = tuple(line for line in self.lines if line.unit in seen)
        return replace(
            self,
            lines=lines,
            town=summed(line.values for line in lines),
            corrections=tuple(one for one in self.corrections if one.unit in seen),
            upward=tuple(one for one in self.upward if one.compound in seen),
        )

    def document(self) -> dict[str, Any]:
        """The content as it is kept."""
        told = asdict(self)
        return told | {
            "day": self.day.isoformat(),
            "starts": self.starts.isoformat(),
            "ends": self.ends.isoformat(),
            "lines": [
                line | {"said_at": line["said_at"].isoformat() if line["said_at"] else None}
                for line in told["lines"]
            ],
            "corrections": [one | {"said_at": one["said_at"].isoformat()} for one in told["corrections"]],
        }

    @classmethod
    def of_document(cls, kept: Mapping[str, Any]) -> Self:
        """The content of what was kept."""
        return cls(
            day=date.fromisoformat(kept["day"]),
            starts=datetime.fromisoformat(kept["starts"]),
            ends=datetime.fromisoformat(kept["ends"]),
            lines=tuple(
                UnitLine(
                    **line | {"said_at": datetime.fromisoformat(line["said_at"]) if line["said_at"] else None}
                )
                for line in kept["lines"]
            ),
            town=kept["town"],
            corrections=tuple(
                Correction(**one | {"said_at": datetime.fromisoformat(one["said_at"])})
                for one in kept["corrections"]
            ),
            upward=tuple(AreaCount(**one) for one in kept["upward"]),
        )


def word_of(
    acts: Sequence[tuple[Literal["confirm", "zero", "correct"], bool, datetime]], *, nothing: bool
) -> dict[str, Any]:
    """A unit's word from what it said, oldest first: the newest holds.

    A zero report holds while there is `nothing`: what came in since is for the unit to confirm.
    """
    if not acts or (acts[-1][0] == "zero" and not nothing):
        return {"state": "open", "late": False, "said_at": None}
    kind, late, said_at = acts[-1]
    states: dict[str, UnitState] = {"confirm": "confirmed", "zero": "zero", "correct": "corrected"}
    return {"state": states[kind], "late": late, "said_at": said_at}


def with_last(derived: Mapping[str, Values], previous: Content | None) -> dict[str, Values]:
    """The figures with what the report of the day before said was in force, where there is one.

    So a figure that was corrected yesterday is asked for again today, and a fault shows where it came up.
    """
    if previous is None:
        return dict(derived)
    before = previous.by_unit
    found: dict[str, Values] = {}
    for unit, values in derived.items():
        last = before.get(unit, {})
        found[unit] = dict(values) | {
            f"{measure}.last": last.get(f"{measure}.now") or 0 for measure in MEASURES
        }
    return found


def standing(
    derived: Mapping[str, Values], first: Content | None, said: Collection[str] = ()
) -> dict[str, Values]:
    """The figures with those that told how things stood when the report was first made.

    A unit that there was not yet, had none of these; it is left out, unless it `said` something of that day or
    something happened there.
    """
    if first is None:
        return dict(derived)
    kept = first.by_unit
    nothing: Values = dict.fromkeys(STANDING, 0)
    found: dict[str, Values] = {}
    for unit, values in derived.items():
        stood = kept.get(unit, nothing)
        now = dict(values) | {key: stood[key] for key in STANDING if key in stood}
        if unit in kept or unit in said or any(now.values()):
            found[unit] = now
    return found


def standing_town(derived: Values, first: Content | None) -> Values:
    """The same for what belongs to no compound."""
    if first is None:
        return derived
    keys = [key for figure in FIGURES if figure.town_only for key in figure.keys]
    return dict(derived) | {key: first.town[key] for key in keys if key in first.town}


def effective(derived: Values, changes: Sequence[Change]) -> Values:
    """The figures with what the unit said of them."""
    return corrected(derived, changes)
