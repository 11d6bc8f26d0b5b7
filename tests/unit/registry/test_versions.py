"""What lies between versions, when each holds, and what a draft is told."""

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.policy import PolicyVersion
from services.registry.domain.policy_drafts import MUSTS_OF_THE_PLAN, Draft, check_draft
from services.registry.domain.versions import (
    Tenure,
    differences,
    standing,
    tenures_by_day,
    tenures_by_number,
)
from services.registry.handlers.policy import SEED
from shared.events.policy import PolicyDocument

DOCUMENT: dict[str, Any] = json.loads(SEED.read_bytes())["document"]
FIRST = PolicyVersion(
    version=3, effective_from=date(2020, 2, 20), document=PolicyDocument.model_validate(DOCUMENT)
)
TODAY = date(2020, 2, 24)
DAYS = st.dates(date(2020, 2, 1), date(2020, 2, 12))


def check(effective_from: date = TODAY, **sections: Any) -> Draft:
    document = copy.deepcopy(DOCUMENT) | sections
    return check_draft(document, effective_from=effective_from, latest=FIRST, holding=[FIRST], today=TODAY)


@pytest.mark.requirement("R2.6")
def test_the_musts_are_exactly_those_that_the_plan_states() -> None:
    stated = ["mask", "temperature", "pass", "vehicle_pass", "occupants", "boot"]
    assert [must.code for must in MUSTS_OF_THE_PLAN] == DOCUMENT["gate"]["musts"] == stated


def test_differences_name_each_field_with_what_it_was_and_is() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": True, "list": [{"x": 1}, {"x": 2}], "same": 0}
    new = {"a": {"b": 2, "c": [1]}, "list": [{"x": 1}, {"x": 3}], "same": 0, "came": None, "more": 7}
    told = [(one.field, one.old, one.new) for one in differences(old, new)]
    assert told == [
        ("a.b", 1, 2),
        ("a.c", [1, 2], [1]),
        ("gone", True, None),
        ("list.1.x", 2, 3),
        ("more", None, 7),
    ]


@pytest.mark.requirement("R1.2")
def test_a_planned_version_tells_from_when_it_will_hold_and_what_it_ends() -> None:
    tenures = tenures_by_day([(1, date(2020, 2, 1)), (2, date(2020, 3, 1)), (3, date(2020, 3, 1))])
    assert tenures == {
        1: Tenure(since=date(2020, 2, 1), until=date(2020, 2, 29)),
        3: Tenure(since=date(2020, 3, 1), until=None),
    }
    assert [standing(tenures.get(number), TODAY) for number in (1, 2, 3)] == [
        "in_force",
        "replaced",
        "planned",
    ]
    assert standing(tenures[1], date(2020, 3, 1)) == "past"


@given(st.lists(DAYS, min_size=1, max_size=6))
def test_on_every_day_the_version_that_holds_is_the_one_that_the_rule_picks(days: list[date]) -> None:
    numbered = list(enumerate(days, start=1))
    for day in (date(2020, 2, nth) for nth in range(1, 14)):
        begun = [(number, since) for number, since in numbered if since <= day]
        by_day = max(begun, key=lambda one: (one[1], one[0]), default=(None, None))[0]
        by_number = max(begun, default=(None, None))[0]
        for tenures, wanted in (
            (tenures_by_day(numbered), by_day),
            (tenures_by_number(numbered), by_number),
        ):
            holding = [number for number, tenure in tenures.items() if standing(tenure, day) == "in_force"]
            assert holding == ([wanted] if wanted else [])


@pytest.mark.requirement("R1.2")
def test_a_draft_is_told_everything_that_is_wrong_at_once() -> None:
    draft = check(
        date(2020, 2, 19),
        temperature={"fever_from_c": "33", "plausible_from_c": "34.0", "plausible_to_c": "43.0"},
        leads={"duplicate_hours": 24, "due_hours": {"other": 0}},
        gate=DOCUMENT["gate"] | {"musts": ["mask", "mask", "戴口罩"], "curfew": "22:00"},
    )
    fields = [field for field, _ in draft.faults]
    assert draft.version == 4
    assert {
        "document.temperature",
        "document.leads.due_hours",
        "document.gate.musts",
        "document.gate.musts.2",
    } <= {*fields}
    assert {"document.gate.curfew", "effective_from"} <= {*fields}
    assert fields.count("document.leads.due_hours") == 5


def test_a_draft_that_cannot_be_read_names_the_fields_that_hinder() -> None:
    draft = check(passes={"valid_days": 0}, risk="none")
    assert {field for field, _ in draft.faults} == {"document.passes.valid_days", "document.risk"}
    assert draft.changes == ()


def test_a_right_draft_tells_what_it_would_change() -> None:
    draft = check(passes=DOCUMENT["passes"] | {"valid_days": 15})
    assert draft.faults == ()
    assert [(one.field, one.old, one.new) for one in draft.changes] == [("passes.valid_days", 30, 15)]
