"""What a finding rests on reads as words in both languages, on its page and in the bulletin (R7.2)."""

from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from services.reporting.domain.evidence_texts import LABELS, SITES, VALUES, told
from shared.events.gate import AdmittedAfterRevocation, CheckOverridden, DutyGapOpened
from shared.events.policy import LeadCategory
from shared.events.policy_sanitation import SiteKind
from shared.events.policy_supervision import Reported
from shared.events.sanitation import RectificationOrdered, WastePickupMissed
from shared.kernel.days import SHANGHAI

pytestmark = pytest.mark.requirement("R7.2")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%H:%M}"


def _codes(event: type[BaseModel], field: str) -> set[str]:
    found = event.model_fields[field].annotation
    assert get_origin(found) is Literal
    return set(get_args(found))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("cause", _codes(DutyGapOpened, "cause")),
        ("flag", {f"admitted_after_{end}" for end in _codes(AdmittedAfterRevocation, "ended_as")}),
        ("reason", _codes(CheckOverridden, "reason") | _codes(WastePickupMissed, "reason")),
        ("source", _codes(RectificationOrdered, "source")),
        ("verdict", {"refuse", "cannot_verify"}),
        ("category", set(get_args(LeadCategory))),
        ("kind", set(get_args(Reported))),
    ],
)
def test_every_code_that_services_tell_has_words(name: str, codes: set[str]) -> None:
    assert codes <= VALUES[name].keys()
    assert name in LABELS


def test_every_kind_of_site_has_words() -> None:
    assert SITES.keys() == set(get_args(SiteKind))


@pytest.mark.parametrize(
    ("evidence", "english", "chinese"),
    [
        (
            {"checkpoint": "lj-001-k1", "cause": "not_planned", "began_at": "2020-02-24T01:00:00+00:00"},
            [("Gate", "lj-001-k1"), ("Reason", "No shift planned"), ("From", "09:00")],
            [("门岗", "lj-001-k1"), ("原因", "没有排班"), ("开始", "09:00")],
        ),
        (
            {
                "rounds_missed": 4,
                "sites": [
                    {"site_id": "a", "kind": "lift", "shortfall": 1},
                    {"site_id": "b", "kind": "lift", "shortfall": 1},
                    {"site_id": "c", "kind": "mask_bin", "shortfall": 2},
                ],
            },
            [("Rounds short", "4"), ("Sites", "lift 2; mask bin 1")],
            [("缺轮次", "4"), ("点位", "电梯 2、口罩专用桶 1")],
        ),
        (
            {"assigned": False, "ended_at": None, "item": "set_by_the_operator"},
            [("Assigned", "no"), ("Item", "set_by_the_operator")],
            [("已交办", "否"), ("事项", "set_by_the_operator")],
        ),
    ],
)
def test_evidence_reads_as_words(
    evidence: dict[str, Any], english: list[tuple[str, str]], chinese: list[tuple[str, str]]
) -> None:
    assert list(told(evidence, english=True, clock=_clock)) == english
    assert list(told(evidence, english=False, clock=_clock)) == chinese
