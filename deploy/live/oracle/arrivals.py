"""Whom gates report, and what comes of it: first returns, people from focus areas, newcomers (R2.4, R2.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from deploy.live.ledger import Act, Ledger
from deploy.live.oracle import gates, offices
from deploy.live.oracle.observation import Case, areas_on, category_of
from deploy.live.oracle.words import Key, Table, Value, day_of, local

KINDS = frozenset({"to_be_transferred", "code_not_green", "first_return", "newcomer"})
HELD = frozenset({"to_be_transferred", "code_not_green", "fever"})
INTAKES = ("first_return", "focus_area")


@dataclass(slots=True, kw_only=True)
class Report:
    """One thing that is told of one check. `known`: the gate knows who it is."""

    act: Act
    kind: str
    known: bool
    held: bool
    at: str
    answered_at: datetime | None = None

    @property
    def closed(self) -> bool:
        """Is there an outcome?"""
        return self.answered_at is not None

    def is_answered(self, at: datetime) -> None:
        """The first outcome counts."""
        self.answered_at = self.answered_at or at


@dataclass(slots=True, kw_only=True)
class Task:
    """An intake that is due: of one person one, however often they are seen; of nobody known one for each check."""

    place: str
    who: str | None
    cause: str
    held: bool
    state: str = "open"
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What all arrivals come to. Reports by check and kind; tasks and how applications ended by check."""

    reports: dict[tuple[str, str], Report]
    tasks: dict[str, Task]
    refused: dict[str, str]


def told(ledger: Ledger, cases: Mapping[str, Case]) -> Told:
    """Follow every report to its outcome."""
    found = Told(reports={}, tasks={}, refused={})
    judged = {act.key: reasons for act, reasons in gates.seen_by_gate(ledger, cases)}
    lists, opened = offices.lists(ledger), ledger.acts[0].at
    for act in ledger.acts:
        match act.kind:
            case "check" if act.about.get("journey"):
                areas = areas_on(day_of(act.at), lists)
                focus = category_of(act.about["journey"]["origin"], areas) == "focus"
                at = local(gates.happened(act, opened)).isoformat()
                for report in _reports(act, judged[act.key], at=at, focus=focus):
                    found.reports[act.key, report.kind] = report
                    if report.kind in INTAKES:
                        found.tasks[act.key] = _due(found.tasks, report)
            case "intake":
                _registered(found, act)
            case "task":
                _settled(found, act)
            case "application":
                _refused(found, act)
    return found


def _reports(act: Act, reasons: tuple[str, ...], *, at: str, focus: bool) -> list[Report]:
    """A first return once they may go home or are held, focus areas at once, papers of somebody new."""
    if not KINDS.intersection(reasons):
        return []
    held, newcomer = bool(HELD.intersection(reasons)), "newcomer" in reasons
    ready = "no_mask" not in reasons
    kinds = []
    if not newcomer and (held or ready):
        kinds.append("first_return")
    if focus:
        kinds.append("focus_area")
    if newcomer and ready and act.about["journey"]["papers"]:
        kinds.append("application")
    return [Report(act=act, kind=kind, known=not newcomer, held=held, at=at) for kind in kinds]


def _due(tasks: dict[str, Task], report: Report) -> Task:
    who = report.act.about["who"] if report.known else None
    held = report.held and report.kind == "first_return"
    mine = (one for one in tasks.values() if who is not None and one.who == who and one.state == "open")
    task = tasks.get(report.act.key) or next(mine, None)
    if task is None:
        return Task(place=report.act.place, who=who, cause=report.kind, held=held)
    task.held = task.held or held
    if report.kind == "focus_area":
        task.cause = "focus_area"
    return task


def _registered(found: Told, act: Act) -> None:
    for task in found.tasks.values():
        if task.who == act.key and task.state == "open":
            task.state = "completed"
    for report in found.reports.values():
        if report.known and report.act.about["who"] == act.key and report.kind in INTAKES:
            report.is_answered(act.at)


def _settled(found: Told, act: Act) -> None:
    """By a clerk, who names the intake, or says why none is due: either is an outcome, also of somebody unknown."""
    for check, task in found.tasks.items():
        report = found.reports.get((check, "focus_area"))
        if task.who is None and report is not None and report.act.about["who"] == act.about["who"]:
            task.state = "closed" if act.about["reason"] else "completed"
            task.reason = act.about["reason"]
            report.is_answered(act.at)


def _refused(found: Told, act: Act) -> None:
    """An application that is settled is an outcome also of what else was told of its check."""
    for (check, kind), report in found.reports.items():
        if kind == "application" and report.act.about["who"] == act.about["who"]:
            found.refused[check] = act.about["reason"]
    for (check, _), report in found.reports.items():
        if check in found.refused:
            report.is_answered(act.at)


def loops(known: Told) -> Table:
    """Every report at its gate: where, and whether there is an outcome."""
    return {key: (one.act.place, one.closed) for key, one in known.reports.items()}


def tasks(known: Told) -> Table:
    """Every check of which an intake is due: where, why, whether they wait, what became of it."""
    return {
        (check,): (one.place, one.cause, one.held, one.state, one.reason)
        for check, one in known.tasks.items()
    }


def applications(known: Told) -> Table:
    """Every application from a gate: where, the colour that was shown, how it ended."""
    return {
        (check,): (
            one.act.place,
            one.act.about["journey"]["code"],
            "refused" if check in known.refused else "open",
            known.refused.get(check),
        )
        for (check, kind), one in known.reports.items()
        if kind == "application"
    }


def settled(known: Told) -> Table:
    """Every application that was settled."""
    return {(check,): ("refused", reason) for check, reason in known.refused.items()}


def reported(known: Told) -> Table:
    """What headquarters hear at once: where, and when it was at the gate."""
    return {
        (check, kind): (one.act.place, one.at)
        for (check, kind), one in known.reports.items()
        if kind in INTAKES
    }


def first_returns(known: Told) -> Table:
    """Every first return: where, when, and whether they are held."""
    return {key: (*value, one.held) for key, value, one in _of_kind(known, "first_return")}


def focus_reports(known: Told) -> Table:
    """Everybody from a focus area: where, and when."""
    return {key: value for key, value, _ in _of_kind(known, "focus_area")}


def applied(known: Told) -> Table:
    """Every newcomer who asks for a pass: where, when, and the colour of the code."""
    return {
        key: (*value, one.act.about["journey"]["code"]) for key, value, one in _of_kind(known, "application")
    }


def _of_kind(known: Told, kind: str) -> Iterator[tuple[Key, Value, Report]]:
    for (check, which), one in known.reports.items():
        if which == kind:
            yield (check,), (one.act.place, one.at), one


def answers_sent(known: Told) -> Table:
    """Of every check that was reported, what was answered goes to the registry, once."""
    return {(check,): (one.act.place,) for (check, _), one in known.reports.items()}
