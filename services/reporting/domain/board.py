"""The compound board: one line a compound, the most problems first, and sums that are the sums of the lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from services.reporting.domain.trouble import Trouble
from shared.events.policy_observation import Measure
from shared.kernel.percent import floored_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A compound's or the town's figures of the day.

    Attributes:
        dwellings: of the address list, inhabited or not: the denominator of surveys.
        people, residents: each once, at their home; residents are those who live there.
        households: dwellings where somebody lives.
        observed: people under observation by the measure in force; awaiting closure included.
        missed_streaks: of these, with as many missed windows in a row as call for a visit; None without policy.
        entries, exits: admissions, with or without an action.
        case_contacts: people who told of contact with a confirmed case.
        quarantine_exits, quarantine_left: who stood at the way out of a gate though they stay at home, and of these who
            were let through.
        vehicles_in, vehicles_out: vehicles that might pass; `vehicles_held`, `vehicles_refused` might not.
        gates: checkpoints that have a device in service.
        gates_online: of these, with a device that has said something lately. None without policy.
        sites: on duty today.
        on_duty: people checked in at the posts now.
        duty_gaps: posts where nobody stands now.
        duty_gap_minutes: minutes of today, so far, in which a post was known to be empty.
        survey_dwellings, survey_final: asked by the compound's newest survey round, and with a final result in it.
        survey_conflicts: of these dwellings, with forms that disagree.
        sites_short, rounds_missed: of yesterday, as late entries left them: sites that closed short, and by how much.
        pickups_missed: isolation waste of yesterday and today that was not fetched, or is not handed over.
        orders_open, orders_overdue: to put something right; overdue are those that nobody says are mended.
        venues_found_open: against the rule, and not found closed since.
        rounds_required, rounds_counted: of today so far; a site counts up to what it owes. None without policy.
    """

    dwellings: int = 0
    people: int = 0
    residents: int = 0
    households: int = 0
    observed: Mapping[Measure, int] = field(default_factory=dict)
    awaiting_closure: int = 0
    missed_streaks: int | None = 0
    passes_active: int = 0
    checks: int = 0
    entries: int = 0
    exits: int = 0
    refused: int = 0
    cannot_verify: int = 0
    fever: int = 0
    case_contacts: int = 0
    quarantine_exits: int = 0
    quarantine_left: int = 0
    vehicles_in: int = 0
    vehicles_out: int = 0
    vehicles_held: int = 0
    vehicles_refused: int = 0
    gates: int = 0
    gates_online: int | None = 0
    sites: int = 0
    rounds_required: int | None = 0
    rounds_counted: int = 0
    rounds_outside_range: int = 0
    sites_short: int = 0
    rounds_missed: int = 0
    pickups_missed: int = 0
    orders_open: int = 0
    orders_overdue: int = 0
    venues_found_open: int = 0
    on_duty: int = 0
    duty_gaps: int = 0
    duty_gap_minutes: int = 0
    survey_dwellings: int = 0
    survey_final: int = 0
    survey_conflicts: int = 0

    @property
    def under_observation(self) -> int:
        """In force, whatever the measure."""
        return sum(self.observed.values())

    @property
    def survey_percent(self) -> str:
        """Coverage of the survey, never rounded up to all (R4.1, P8)."""
        return floored_percent(self.survey_final, self.survey_dwellings)

    @property
    def problems(self) -> int:
        """What somebody should see to now (H4).

        Fevers, missed streaks, cases that wait for an officer, gates away; sites that closed short yesterday, isolation
        waste not fetched, orders overdue, venues found open.
        """
        observed = self.fever + (self.missed_streaks or 0) + self.awaiting_closure
        sanitary = self.sites_short + self.pickups_missed + self.orders_overdue + self.venues_found_open
        return observed + self.gates_offline + sanitary

    @property
    def gates_offline(self) -> int:
        """Gates that nothing is heard of (H4); none where policy does not say how long that takes."""
        return self.gates - self.gates_online if self.gates_online is not None else 0

    @property
    def rounds_short(self) -> int:
        """Rounds still to be done today; in the morning that is all of them, so it is no problem by itself."""
        return max(0, (self.rounds_required or 0) - self.rounds_counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A compound with its figures; without name and mode when only others than the registry have told of it.

    `trouble`: why it needs headquarters; None while policy does not weigh it.
    """

    compound: str
    name: str | None
    neighbourhood: str | None
    neighbourhood_name: str | None = None
    mode: str | None
    figures: Figures
    trouble: Trouble | None = None


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Most trouble first (H4), then most problems, then most rounds short, then by code."""
    return sorted(
        lines,
        key=lambda line: (
            -(line.trouble.score if line.trouble else 0),
            -line.figures.problems,
            -line.figures.rounds_short,
            line.compound,
        ),
    )


def total(lines: Iterable[Line]) -> Figures:
    """The sum of the lines, figure by figure (H2). Unknown in one line is unknown in the sum."""
    every = [line.figures for line in lines]
    sums: dict[str, Any] = {}
    for figure in fields(Figures):
        values = [getattr(one, figure.name) for one in every]
        if figure.name == "observed":
            sums["observed"] = _added(values)
        else:
            sums[figure.name] = None if None in values else sum(values)
    return Figures(**sums)


def _added(counts: Iterable[Mapping[Measure, int]]) -> dict[Measure, int]:
    found: dict[Measure, int] = {}
    for one in counts:
        for measure, number in one.items():
            found[measure] = found.get(measure, 0) + number
    return dict(sorted(found.items()))
