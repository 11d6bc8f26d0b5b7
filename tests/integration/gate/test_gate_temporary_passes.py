"""Temporary passes at the gate: for a purpose, at hours of the day, also by a device that is alone (gate rules)."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.gate.domain import signed
from services.gate.domain.entry import EntryAttempt, Proof, SubjectKind
from services.gate.domain.lists import unpack
from services.gate.domain.offline import OwnList, by_number, decide_offline, of_token
from services.gate.domain.rulings import Direction
from services.gate.domain.times import DailyHours
from shared.kernel import pass_token
from shared.kernel.ids import PersonRef
from tests.integration.gate.town import HERE, NOW, GateTown, codes

TERMS: dict[str, Any] = {"purpose": "construction", "daily_from": time(8), "daily_until": time(18)}


@pytest.mark.requirement("R2.4")
@pytest.mark.parametrize(
    ("window", "verdict"),
    [
        ((time(8), time(18)), "admit"),
        ((time(9), time(9, 1)), "admit"),  # it is nine: the first instant belongs to the hours
        ((time(8), time(9)), "refuse"),  # and the last does not
        ((time(22), time(9, 30)), "admit"),  # across midnight
        ((time(22), time(6)), "refuse"),
    ],
)
async def test_a_temporary_pass_admits_at_its_hours_only(
    town: GateTown, window: tuple[time, time], verdict: str
) -> None:
    pass_id, who = uuid4(), PersonRef(uuid4())
    start, until = window
    terms = TERMS | {"daily_from": start, "daily_until": until}
    await town.tell(town.issued(pass_id, "60000001", who, **terms))
    subject = {"kind": "pass_token", "token": town.token(pass_id, "60000001")}
    entered = await town.check(subject)
    assert entered["verdict"] == verdict
    if verdict == "refuse":
        assert (codes(entered), entered["action"]) == (["outside_hours"], "wait_for_validity")
        left = await town.check(subject, direction="exit")  # nobody is locked in
        assert (left["verdict"], left["action"]) == ("admit_with_action", "note_departure")


async def test_a_print_with_other_hours_counts_from_then_on(town: GateTown) -> None:
    pass_id, who = uuid4(), PersonRef(uuid4())
    night = {"daily_from": time(20), "daily_until": time(23)}
    await town.tell(
        town.issued(pass_id, "60000001", who, **TERMS),
        town.issued(pass_id, "60000001", who, serial=2, **(TERMS | night)),
    )
    [kept] = await town.rows("select purpose, daily_from, daily_until from entry_pass")
    assert kept == {"purpose": "construction"} | night
    answer = await town.check({"kind": "pass_number", "number": "60000001"})
    assert "outside_hours" in codes(answer)


@pytest.mark.scenario("G14")
async def test_a_devices_own_list_knows_the_hours(town: GateTown) -> None:
    pass_id, who = uuid4(), PersonRef(uuid4())
    await town.tell(town.issued(pass_id, "60000001", who, **TERMS))
    await town.resident()  # of whose pass the list tells no hours
    headers = {"Authorization": f"Device {town.device}"}
    answer = await town.client.http.get("/v1/checkpoints/me/snapshot", headers=headers)
    keys = {key["kid"]: pass_token.read_public(key) for key in (await list_keys(town))}
    made = unpack(signed.verify(answer.content, keys))
    assert {row.number: row.hours for row in made.passes} == {
        "60000001": DailyHours(start=time(8), until=time(18)),
        "10000001": None,
    }
    assert made.rules is not None
    own = OwnList(compound=HERE, passes=by_number(made.passes), rules=made.rules)
    proof, claims = Proof.VERIFIED, pass_token.verify(town.token(pass_id, "60000001"), town.pass_keys())
    said = {}
    for hours in (-2, -1, 0, 8, 9, 12):  # it is nine: from 07:00 to 21:00
        at = NOW + timedelta(hours=hours)
        attempt = EntryAttempt(
            here=HERE,
            direction=Direction.ENTRY,
            kind=SubjectKind.PASS_TOKEN,
            mask=True,
            temperature_c=Decimal("36.5"),
            at=at,
        )
        decided = decide_offline(attempt, of_token(own, proof, claims, at=at, age=0), made.rules)
        said[hours] = (decided.verdict.value, [reason.value for reason in decided.reasons])
    assert {hours for hours, told in said.items() if told == ("admit", [])} == {-1, 0, 8}
    assert {hours for hours, told in said.items() if told == ("refuse", ["outside_hours"])} == {-2, 9, 12}


async def list_keys(town: GateTown) -> list[dict[str, str]]:
    return [row["public_jwk"] for row in await town.rows("select public_jwk from list_key")]
