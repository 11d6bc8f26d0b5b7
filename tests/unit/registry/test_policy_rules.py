"""Which document becomes the policy, and what the first one says."""

import json
import re
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.registry.domain.errors import EffectiveTooEarly, NotTheNextVersion, PolicyInconsistent
from services.registry.domain.policy import PolicyVersion, decide_revision, inconsistencies
from shared.events.policy import PolicyDocument

SEED: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "services" / "registry" / "data" / "policy-2020-02-24.json").read_bytes()
)
FIRST = PolicyVersion(
    version=1, effective_from=date(2020, 2, 1), document=PolicyDocument.model_validate(SEED["document"])
)
TODAY = date(2020, 2, 24)


def changed(**sections: dict[str, Any]) -> PolicyDocument:
    document = {
        name: dict(part) if isinstance(part, dict) else part for name, part in SEED["document"].items()
    }
    for name, fields in sections.items():
        document[name] = {**document[name], **fields}
    return PolicyDocument.model_validate(document)


@pytest.mark.requirement("R1.2")
def test_the_first_policy_holds_the_requirements_defaults() -> None:
    document = FIRST.document
    assert (document.temperature.fever_from_c, document.observation.days) == (Decimal("37.3"), 14)
    assert (document.temperature.plausible_from_c, document.temperature.plausible_to_c) == (
        Decimal("34.0"),
        Decimal("43.0"),
    )
    assert (document.observation.morning.opens, document.observation.morning.closes) == (time(6), time(10))
    assert (document.observation.evening.opens, document.observation.evening.closes) == (time(17), time(21))
    assert (document.observation.morning.late_until, document.observation.evening.late_until) == (
        time(17),
        time(6),
    )
    assert document.checkpoints.town_limit == 1
    assert [(limit.from_m2, limit.checkpoints) for limit in document.checkpoints.city_limits] == [
        (0, 1),
        (300_000, 2),
    ]
    assert {(rule.rounds_per_day, rule.spacing_minutes) for rule in document.sanitation.rounds} == {(2, 240)}
    offline = document.gate.offline
    assert (offline.admit_up_to_minutes, offline.action_up_to_minutes, offline.online_answer_within_ms) == (
        240,
        1440,
        800,
    )
    assert document.reporting.cut_off == time(16)
    assert document.observation.approval_required == (("focus", "home_quarantine"),)
    assert document.risk.focus_codes == ("420000",)
    assert list(inconsistencies(document)) == []


def revise(document: PolicyDocument, *, version: int = 2, effective_from: date = TODAY) -> PolicyVersion:
    return decide_revision(
        version=version, effective_from=effective_from, document=document, latest=FIRST, today=TODAY
    )


def test_the_next_version_is_accepted_from_today_or_later() -> None:
    assert revise(changed(passes={"valid_days": 60})).version == 2
    assert revise(FIRST.document, effective_from=TODAY + timedelta(days=3)).effective_from == date(
        2020, 2, 27
    )


@pytest.mark.parametrize("version", [1, 3, 20])
def test_versions_follow_each_other(version: int) -> None:
    with pytest.raises(NotTheNextVersion):
        revise(FIRST.document, version=version)


def test_rules_are_not_changed_for_days_that_are_over() -> None:
    with pytest.raises(EffectiveTooEarly):
        revise(FIRST.document, effective_from=TODAY - timedelta(days=1))


TWICE = SEED["document"]["inspections"]["checklists"][0] | {
    "items": SEED["document"]["inspections"]["checklists"][0]["items"] * 2
}


@pytest.mark.parametrize(
    "document",
    [
        changed(temperature={"fever_from_c": "33.0"}),
        changed(temperature={"fever_from_c": "43.1"}),
        changed(checkpoints={"city_limits": [{"from_m2": 300_000, "checkpoints": 2}]}),
        changed(
            gate={
                "offline": {
                    "admit_up_to_minutes": 300,
                    "action_up_to_minutes": 200,
                    "online_answer_within_ms": 1,
                }
            }
        ),
        changed(observation={"measures": {"focus": "centralized_observation"}}),
        changed(observation={"visit_after_missed": 4}),
        changed(sanitation={"rounds": SEED["document"]["sanitation"]["rounds"][1:]}),
        changed(risk={"concern_from": 900}),
        changed(retention={"trip_days": -1}),
        changed(gate={"sync": {"two_places_within_seconds": 200, "copied_pass_within_seconds": 180}}),
        changed(gate={"devices": {"quiet_after_seconds": 86_401}}),
        changed(follow_up={"remind_after_minutes": [0, 120, 120]}),
        changed(follow_up={"remind_after_minutes": [-1, 120, 240]}),
        changed(follow_up={"grid_worker_after_minutes": 240}),
        changed(follow_up={"quiet_until": "22:00"}),
        changed(inspections={"checklists": SEED["document"]["inspections"]["checklists"][1:]}),
        changed(inspections={"checklists": [TWICE, *SEED["document"]["inspections"]["checklists"][1:]]}),
        changed(inspections={"findings": SEED["document"]["inspections"]["findings"][1:]}),
        changed(inspections={"escalate_after_hours": [0, 24, 24]}),
        changed(inspections={"longest_deadline_hours": 47}),
        changed(reporting={"cut_off": "16:30"}),
        changed(daily_report={"confirm_until": "16:00"}),
        changed(venues={"kinds": ["gym", "gym"]}),
        changed(venues={"kinds": ["Gym"]}),
        changed(leads={"due_hours": {"other": 24}}),
        changed(
            supervision={"rules": {"inspection": SEED["document"]["supervision"]["rules"]["inspection"]}}
        ),
        changed(supervision={"live_weights": {"fever": 1}}),
        changed(
            supervision={"live_weights": SEED["document"]["supervision"]["live_weights"] | {"fever": -1}}
        ),
        changed(supervision={"answer_within_minutes": {"fever": 0, "focus_person": 1, "first_return": 1}}),
        changed(supervision={"escalation": [{"after_hours": 4, "to": "community"}] * 2}),
        changed(supervision={"gate_offline_minutes": 9}),
        changed(supervision={"longest_deadline_hours": 23}),
        changed(leads={"due_hours": SEED["document"]["leads"]["due_hours"] | {"gathering": 0}}),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_in_both_languages(document: PolicyDocument) -> None:
    with pytest.raises(PolicyInconsistent):
        revise(document)
    for _, fault in inconsistencies(document):
        assert re.search(r"[\u4e00-\u9fff].*[A-Za-z]{2,}[^\u4e00-\u9fff]*\.$", fault), fault
