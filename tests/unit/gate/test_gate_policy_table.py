"""Who comes without a pass is policy: every cell is read from it (gate rules)."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.gate.domain.entry import judge
from services.gate.domain.rulings import (
    DEFAULT_TABLE,
    Action,
    Case,
    Direction,
    Reason,
    Ruling,
    Verdict,
    table_of,
)
from services.registry.domain.gate_table import cells_of, table_faults
from shared.events.policy_gate import GateAction, GateCase, GateReason, GateTableRow
from tests.integration.gate.town import POLICY

CELLS = list(product(Case, Direction, Reason))
SEEDED = POLICY.gate_table or ()


def test_the_policys_words_are_the_rules_words_in_their_order() -> None:
    assert get_args(GateCase) == tuple(case.value for case in Case)
    assert get_args(GateReason) == tuple(reason.value for reason in Reason)
    assert get_args(GateAction) == tuple(action.value for action in Action)


def test_the_seeded_table_is_exactly_the_defaults_and_whole() -> None:
    assert table_of(SEEDED) == DEFAULT_TABLE == table_of(None)
    assert len(cells_of(SEEDED)) == len(CELLS)
    assert list(table_faults(SEEDED)) == []


@pytest.mark.requirement("R2.6")
@pytest.mark.parametrize("where", list(product(Case, Direction)), ids="-".join)
def test_every_cell_is_what_the_policy_says(where: tuple[Case, Direction]) -> None:
    case, direction = where
    for reason, verdict in product(
        Reason, (Verdict.ADMIT_WITH_ACTION, Verdict.CANNOT_VERIFY, Verdict.REFUSE)
    ):
        row = GateTableRow(
            reasons=(reason.value,),
            cases=(case.value,),
            directions=(direction.value,),
            verdict=verdict.value,
            action="call_community",
        )
        table = table_of([*SEEDED, row])
        assert judge([reason], case, direction, table) == (verdict, Action.CALL_COMMUNITY)
        others = [cell for cell in CELLS if cell != (case, direction, reason)]
        assert all(table[c, d][r] == DEFAULT_TABLE[c, d][r] for c, d, r in others)


def row(reason: GateReason, verdict: str = "admit_with_action", **where: object) -> GateTableRow:
    return GateTableRow.model_validate(
        {"reasons": [reason], "verdict": verdict, "action": "call_community"} | where
    )


@pytest.mark.parametrize(
    ("softened", "fault"),
    [
        (row("fever", cases=["resident"]), "resident entry fever：一律不予放行。It is always refused."),
        (
            row("fever", "cannot_verify", cases=["visitor"]),
            "visitor entry fever：一律不予放行。It is always refused.",
        ),
        (
            row("pass_forged", cases=["resident"]),
            "resident entry pass_forged：一律不予放行。It is always refused.",
        ),
        (
            row("no_mask", cases=["home_quarantine"]),
            "home_quarantine entry no_mask：不得放行。It never admits.",
        ),
        (
            row("incomplete", "admit", cases=["unknown"]),
            "unknown entry incomplete：不得放行。It never admits.",
        ),
        (
            row("under_quarantine", cases=["home_quarantine"], directions=["exit"]),
            "home_quarantine exit under_quarantine：不得放行。It never admits.",
        ),
        (
            row("under_quarantine", cases=["medical"]),
            "medical entry under_quarantine：不得放行。It never admits.",
        ),
        (
            row("no_pass", "refuse", cases=["emergency"]),
            "emergency entry no_pass：执行任务的急救、消防、警车不得延误。Emergencies on duty are never delayed.",
        ),
    ],
)
def test_what_nobody_softens(softened: GateTableRow, fault: str) -> None:
    assert fault in list(table_faults([*SEEDED, softened]))


def test_what_a_policy_may_decide_otherwise() -> None:
    for allowed in (
        row("self_monitoring", cases=["home_self_monitoring"], directions=["exit"]),
        row("no_pass", cases=["visitor"], directions=["entry"]),
        row("no_pass", "refuse", cases=["resident"], directions=["exit"]),
    ):
        assert list(table_faults([*SEEDED, allowed])) == []


def test_a_table_with_a_hole_says_which_cell() -> None:
    rows = [
        GateTableRow(
            reasons=tuple(one for one in get_args(GateReason) if (case, one) != ("visitor", "no_pass")),
            cases=(case,),
            verdict="refuse" if case != "emergency" else "admit_with_action",
            action="call_community",
        )
        for case in get_args(GateCase)
    ]
    assert list(table_faults(rows)) == [
        "visitor entry no_pass：没有规定。There is no ruling.",
        "visitor exit no_pass：没有规定。There is no ruling.",
    ]


def test_unknown_words_are_no_table() -> None:
    with pytest.raises(ValidationError):
        row("bad_mood")  # type: ignore[arg-type]


@given(
    st.lists(
        st.builds(
            GateTableRow,
            reasons=st.lists(st.sampled_from(get_args(GateReason)), min_size=1, max_size=5).map(tuple),
            cases=st.lists(st.sampled_from(get_args(GateCase)), max_size=3).map(tuple),
            directions=st.lists(st.sampled_from(("entry", "exit")), max_size=2).map(tuple),
            verdict=st.sampled_from(("admit", "admit_with_action", "cannot_verify", "refuse")),
            action=st.sampled_from(get_args(GateAction)),
        ),
        max_size=6,
    )
)
def test_registry_and_gate_read_the_same_table(rows: list[GateTableRow]) -> None:
    cells, table = cells_of(rows), table_of(rows)
    for (case, direction, reason), verdict in cells.items():
        ruling: Ruling = table[Case(case), Direction(direction)][Reason(reason)]
        assert ruling.verdict.value == verdict
    for case, direction, reason in CELLS:
        if (case.value, direction.value, reason.value) not in cells:
            assert table[case, direction][reason] == DEFAULT_TABLE[case, direction][reason]
