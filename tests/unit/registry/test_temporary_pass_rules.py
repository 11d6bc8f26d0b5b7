"""Temporary passes: what policy allows, by whom, and never to somebody under quarantine."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from services.registry.domain.errors import PassNotYet
from services.registry.domain.passes import Holder, KnownObservation, Validity
from services.registry.domain.temporary_passes import (
    PurposeNotYours,
    TemporaryPassesUnruled,
    TemporaryPassNotAllowed,
    Terms,
    decide_temporary,
)
from shared.events.policy import TemporaryPassRules

TODAY = date(2020, 2, 24)
NINE = datetime.fromisoformat("2020-02-24T09:00+08:00")
RULES = TemporaryPassRules.model_validate(
    {
        "kinds": [
            {
                "purpose": "repair",
                "max_days": 3,
                "daily_from": "08:00",
                "daily_until": "18:00",
                "roles": ["community_clerk"],
            }
        ]
    }
)
TERMS = Terms(purpose="repair", first_day=TODAY, days=2, daily_from=time(9), daily_until=time(12))
ANYBODY = Holder(resident=False)


def decide(terms: Terms = TERMS, holder: Holder = ANYBODY, **changes: Any) -> Validity:
    given: dict[str, Any] = {"rules": RULES, "roles": {"community_clerk"}, "now": NINE, "today": TODAY}
    return decide_temporary(terms, holder, **(given | changes))


def test_it_admits_from_now_or_its_first_day_to_the_end_of_its_last() -> None:
    assert decide() == Validity(starts=NINE, ends=datetime.fromisoformat("2020-02-26T00:00+08:00"))
    later = decide(replace(TERMS, first_day=date(2020, 2, 26), days=1))
    assert later.starts == datetime.fromisoformat("2020-02-26T00:00+08:00")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"days": 4}, ["days"]),
        ({"first_day": date(2020, 2, 23)}, ["first_day"]),
        ({"first_day": date(2020, 2, 28)}, ["first_day"]),
        ({"daily_from": time(12), "daily_until": time(12)}, ["daily_until"]),
        ({"daily_from": time(7, 59)}, ["daily_from"]),
        ({"days": 9, "daily_until": time(18, 1)}, ["days", "daily_from"]),
    ],
)
def test_what_goes_beyond_policy_is_named_completely(changes: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(TemporaryPassNotAllowed) as refused:
        decide(replace(TERMS, **changes))
    faults: Any = refused.value.extra["faults"]
    assert [fault["field"] for fault in faults] == fields


def test_the_purpose_and_the_role_are_policys() -> None:
    with pytest.raises(TemporaryPassNotAllowed) as unknown:
        decide(replace(TERMS, purpose="visit"))
    assert unknown.value.extra["allowed"] == ["repair"]
    with pytest.raises(PurposeNotYours):
        decide(roles={"shift_leader"})
    with pytest.raises(TemporaryPassesUnruled):
        decide(rules=None)


@pytest.mark.parametrize("phase", ["pending", "in_force", "interrupted", "awaiting_closure"])
def test_nobody_under_observation_gets_one(phase: Any) -> None:
    observed = KnownObservation(phase=phase, pass_from=date(2020, 3, 10))
    with pytest.raises(PassNotYet):
        decide(holder=Holder(resident=False, observations=[observed]))
