"""What is added to a policy that lacks what newer rules read, and what is never touched."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from services.registry.domain.policy import PolicyVersion, inconsistencies
from services.registry.domain.policy_completion import Completion, decide_completion
from services.registry.handlers.policy import SEED
from shared.events.policy import PolicyDocument

DOCUMENT: dict[str, Any] = json.loads(SEED.read_bytes())["document"]
SEEDED = PolicyDocument.model_validate(DOCUMENT)
TODAY = date(2020, 2, 24)


def older(**changes: Any) -> PolicyDocument:
    """A document from before posts and temporary gates were ruled, as its author wrote it."""
    document = copy.deepcopy(DOCUMENT)
    del document["posts"], document["checkpoints"]["temporary_hours"]
    document["gate"]["musts"] = ["mask", "temperature"]
    document["checkpoints"]["town_limit"] = 2
    return PolicyDocument.model_validate(document | changes)


def version(number: int, since: date, document: PolicyDocument) -> PolicyVersion:
    return PolicyVersion(version=number, effective_from=since, document=document)


def complete(*holding: PolicyVersion) -> Completion:
    latest = max(policy.version for policy in holding)
    return decide_completion(holding, seed=SEEDED, latest=latest, today=TODAY)


@pytest.mark.requirement("R1.2")
def test_only_what_a_version_is_silent_about_is_added() -> None:
    held = older()
    [next_one] = complete(version(4, date(2020, 2, 1), held)).versions
    assert (next_one.version, next_one.effective_from) == (5, TODAY)
    said = next_one.document
    assert (said.posts, said.checkpoints.temporary_hours) == (SEEDED.posts, 72)
    assert (said.gate.musts, said.checkpoints.town_limit) == (("mask", "temperature"), 2)
    back = said.model_dump(mode="json") | {"posts": None}
    back["checkpoints"] = back["checkpoints"] | {"temporary_hours": None}
    assert PolicyDocument.model_validate(back) == held


@pytest.mark.requirement("R1.2")
def test_a_complete_policy_stays_as_it_is() -> None:
    assert complete(version(1, date(2020, 2, 1), SEEDED)).versions == ()


def test_a_key_that_a_mapping_lacks_is_added_and_a_shorter_list_is_not() -> None:
    hours = {name: 9 for name in DOCUMENT["leads"]["due_hours"] if name != "gathering"}
    held = older(leads=DOCUMENT["leads"] | {"due_hours": hours})
    [next_one] = complete(version(1, date(2020, 2, 1), held)).versions
    assert next_one.document.leads.due_hours == hours | {"gathering": 2}
    assert len(next_one.document.gate.musts) == 2


@pytest.mark.requirement("R1.2")
def test_planned_versions_follow_in_their_order_so_that_no_day_loses_what_was_planned() -> None:
    planned = older(text_reference="from March")
    completion = complete(
        version(1, date(2020, 2, 1), older()),
        version(2, date(2020, 3, 1), planned),
        version(3, date(2020, 4, 1), SEEDED),
    )
    told = [(one.version, one.effective_from, one.document.text_reference) for one in completion.versions]
    seeded = SEEDED.text_reference
    assert told == [(4, TODAY, seeded), (5, date(2020, 3, 1), "from March"), (6, date(2020, 4, 1), seeded)]


def test_a_day_that_is_complete_is_left_alone_before_a_planned_one_that_is_not() -> None:
    completion = complete(version(1, date(2020, 2, 1), SEEDED), version(2, date(2020, 3, 1), older()))
    assert [(one.version, one.effective_from) for one in completion.versions] == [(3, date(2020, 3, 1))]


def test_a_section_that_would_contradict_is_left_out_and_the_rest_is_added() -> None:
    rules = DOCUMENT["risk"]
    contradicting = PolicyDocument.model_validate(
        DOCUMENT | {"posts": {"needs": [DOCUMENT["posts"]["needs"][0]] * 2, "several_at_once": []}}
    )
    assert "posts.needs" in dict(inconsistencies(contradicting))
    completion = decide_completion(
        [version(1, date(2020, 2, 1), older(risk=rules))], seed=contradicting, latest=1, today=TODAY
    )
    assert completion.left_out == {"posts"}
    [next_one] = completion.versions
    assert (next_one.document.posts, next_one.document.checkpoints.temporary_hours) == (None, 72)
