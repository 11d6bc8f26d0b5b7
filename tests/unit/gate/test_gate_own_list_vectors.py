"""The vectors of a device's own list: both implementations, this one and the page's, answer the same file."""

import base64
from typing import Any

import pytest

from services.gate.client import contract
from services.gate.client.vectors import own_list
from services.gate.domain import signed
from services.gate.domain.rulings import DEFAULT_TABLE, Reason, Verdict
from services.gate.domain.vehicles import VehicleReason, VehicleVerdict
from shared.kernel import pass_token

TOLD: dict[str, Any] = own_list.read()
HELD = own_list.held_of(TOLD)
# What only the server finds out: a document or a plate is looked up nowhere else.
ONLINE_ONLY = {Reason.SUBJECT_UNKNOWN}
ONLINE_ONLY_OF_VEHICLES = {VehicleReason.PLATE_MISMATCH, VehicleReason.PASS_UNKNOWN, VehicleReason.NO_PASS}


def test_the_committed_answers_are_those_of_the_rule() -> None:
    wrong = [case for case in TOLD["entries"] if own_list.answer(case["facts"], *HELD) != case["answer"]]
    wrong += [
        case for case in TOLD["vehicles"] if own_list.vehicle_answer(case["facts"], *HELD) != case["answer"]
    ]
    assert wrong == [], "the rule has changed: run python -m services.gate.client.vectors.own_list"
    assert own_list.FILE.stat().st_size <= 200_000


def test_they_cover_every_verdict_and_every_reason_that_a_device_can_find() -> None:
    entries, vehicles = ([case["answer"] for case in TOLD[kind]] for kind in ("entries", "vehicles"))
    assert {answer["verdict"] for answer in entries} == set(Verdict)
    assert {answer["verdict"] for answer in vehicles} == set(VehicleVerdict)
    assert {reason for answer in entries for reason in answer["reasons"]} == set(Reason) - ONLINE_ONLY
    found = {reason for answer in vehicles for reason in answer["reasons"]}
    assert found == set(VehicleReason) - ONLINE_ONLY_OF_VEHICLES


@pytest.mark.parametrize("why", ["signed by a stranger", "cut off"])
def test_what_a_device_refuses_is_refused_for_its_signature(why: str) -> None:
    keys = {key["kid"]: pass_token.read_public(key) for key in TOLD["list_keys"]}
    with pytest.raises(signed.SignatureInvalid):
        signed.verify(base64.b64decode(TOLD["refused"][why]), keys)


def test_the_page_is_told_the_rule_in_the_order_of_the_rule() -> None:
    told = contract.content()
    assert told["reasons"] == list(Reason)
    assert len(told["table"]) == len(DEFAULT_TABLE)
    for case, direction, cells in told["table"]:
        for reason, (verdict, action) in zip(told["reasons"], cells, strict=True):
            ruling = next(
                row[Reason(reason)] for where, row in DEFAULT_TABLE.items() if where == (case, direction)
            )
            assert (ruling.verdict, ruling.action) == (verdict, action)
