"""Why a compound needs headquarters: reasons with their weight, and nothing counted twice."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.board import Figures, Line, in_order
from services.reporting.domain.owners import Assignment, Owner
from services.reporting.domain.trouble import Found, Live, Trouble, trouble_of
from shared.events.policy_supervision import FindingRule, LiveReason
from tests.integration.reporting.supervising import RULES

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
GUARD = Owner(worker_ref=UUID(int=1), role="gate_lead")
ANSWERING = [
    Assignment(
        worker_ref=UUID(int=2),
        role="leads_lead",
        measure="leads",
        compound="lj-001",
        grid=None,
        from_day=date(2020, 2, 1),
    )
]


def found(rule: FindingRule, count: int = 1) -> Found:
    return Found(rule=rule, count=count, finding_id=UUID(int=9), due_at=NOON, owner=GUARD)


def trouble(*findings: Found, **live: int) -> Trouble:
    now: dict[LiveReason, Live] = {code: Live(count=count, due_at=NOON) for code, count in live.items()}  # type: ignore[misc]  # as their callers spell them
    return trouble_of("lj-001", found=findings, live=now, answering=ANSWERING, rules=RULES)


@pytest.mark.scenario("H4")
@pytest.mark.parametrize(
    ("findings", "live", "score", "codes"),
    [
        ([], {}, 0, []),
        ([], {"fever": 0, "lead_open": 0}, 0, []),
        ([found("gate_offline")], {}, 8, ["gate_offline"]),
        # A gate that is a finding does not trouble twice; another one that is away does.
        ([found("gate_offline")], {"gate_away": 1}, 8, ["gate_offline"]),
        ([found("gate_offline")], {"gate_away": 2}, 16, ["gate_away", "gate_offline"]),
        ([found("lead_overdue", 2)], {"lead_open": 3}, 9, ["lead_overdue", "lead_open"]),
        ([found("lead_overdue", 2)], {"lead_open": 1}, 8, ["lead_overdue"]),
        (
            [found("gate_offline"), found("rounds_missed")],
            {"lead_open": 1, "fever": 1},
            18,
            ["gate_offline", "fever", "rounds_missed", "lead_open"],
        ),
    ],
)
def test_the_score_is_the_sum_of_its_reasons(
    findings: list[Found], live: dict[str, int], score: int, codes: list[str]
) -> None:
    told = trouble(*findings, **live)
    assert (told.score, [one.code for one in told.reasons]) == (score, codes)
    assert sum(one.weight for one in told.reasons) == score


def test_every_reason_has_words_an_owner_and_a_clock() -> None:
    told = trouble(found("gate_offline"), lead_open=1)
    gate, lead = told.reasons
    assert (gate.owner, gate.due_at, gate.finding_id) == (GUARD, NOON, UUID(int=9))
    assert (gate.text_zh, gate.text_en) == ("门岗离线", "Gate offline")
    assert lead.owner == Owner(worker_ref=UUID(int=2), role="leads_lead")
    assert (lead.due_at, lead.finding_id) == (NOON, None)


def test_most_trouble_comes_first_and_problems_decide_where_nothing_is_weighed() -> None:
    def line(compound: str, score: int | None, **figures: Any) -> Line:
        told = None if score is None else Trouble(score=score, reasons=())
        return Line(
            compound=compound,
            name=None,
            neighbourhood=None,
            mode=None,
            figures=Figures(**figures),
            trouble=told,
        )

    weighed = [line("a", 1, fever=9), line("b", 5), line("c", 5, fever=1)]
    assert [one.compound for one in in_order(weighed)] == ["c", "b", "a"]
    unweighed = [line("a", None), line("b", None, fever=1)]
    assert [one.compound for one in in_order(unweighed)] == ["b", "a"]
