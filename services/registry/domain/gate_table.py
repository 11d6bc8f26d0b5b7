"""May this table stand at the gates? Pure (gate rules): it has every cell, and some of them nobody softens."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import get_args

from shared.events.policy_gate import GateCase, GateReason, GateTableRow

_DIRECTIONS = ("entry", "exit")
_ADMITS = frozenset({"admit", "admit_with_action"})
_ALWAYS_REFUSED: frozenset[GateReason] = frozenset({"fever", "pass_forged"})
_NEVER_ADMITTED: frozenset[GateReason] = frozenset(
    {"no_mask", "incomplete", "list_too_old", "not_checkable_offline", "pass_unknown", "pass_unverifiable"}
)
_MEASURES_ELSEWHERE_THAN_HOME: frozenset[GateCase] = frozenset({"centralized_observation", "medical"})

Cell = tuple[str, str, str]


def cells_of(rows: Iterable[GateTableRow]) -> dict[Cell, str]:
    """The verdict of every cell that the rows fill: case, direction, reason."""
    found: dict[Cell, str] = {}
    for row in rows:
        where = product(row.cases or get_args(GateCase), row.directions or _DIRECTIONS, row.reasons)
        found.update(dict.fromkeys(where, row.verdict))
    return found


def table_faults(rows: Iterable[GateTableRow]) -> Iterator[str]:
    """Everything that keeps a table from being put in force.

    Ambulance, fire engine and police on duty are never delayed. For everybody else a fever and a forged pass are
    refused, what was not checked or cannot be known admits nobody, and who is under quarantine does not go out.
    """
    cells = cells_of(rows)
    for cell in product(get_args(GateCase), _DIRECTIONS, get_args(GateReason)):
        verdict, name = cells.get(cell), " ".join(cell)
        if verdict is None:
            yield f"{name}：没有规定。There is no ruling."
        elif fault := _softened(cell, verdict):
            yield f"{name}：{fault}"


def _softened(cell: Cell, verdict: str) -> str | None:
    case, direction, reason = cell
    if case == "emergency":
        return (
            None
            if verdict in _ADMITS
            else "执行任务的急救、消防、警车不得延误。Emergencies on duty are never delayed."
        )
    if reason in _ALWAYS_REFUSED and verdict != "refuse":
        return "一律不予放行。It is always refused."
    if reason in _NEVER_ADMITTED and verdict in _ADMITS:
        return "不得放行。It never admits."
    held = direction == "exit" or case in _MEASURES_ELSEWHERE_THAN_HOME
    if reason == "under_quarantine" and held and verdict in _ADMITS:
        return "不得放行。It never admits."
    return None
