"""A fever at a gate that was mistyped is taken back, and no other (G2)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.events.gate import FeverSeen, FeverWithdrawn
from shared.events.observation import CaseConfirmed, SymptomReported
from shared.kernel.ids import PersonRef
from tests.integration.registry.desk import Desk


def withdrawn(desk: Desk, seen: FeverSeen) -> FeverWithdrawn:
    return FeverWithdrawn(
        check_id=uuid4(),
        corrects=seen.check_id,
        person_ref=seen.person_ref,
        compound=seen.compound,
        withdrawn_at=desk.client.context.clock.now(),
    )


async def state(desk: Desk, person: UUID) -> tuple[str, str | None]:
    [row] = await desk.rows("select state, reason from entry_pass where person_ref = $1", person)
    return row["state"], row["reason"]


@pytest.mark.scenario("G2")
async def test_a_mistyped_fever_lifts_what_it_suspended_and_another_one_does_not(desk: Desk) -> None:
    person = await desk.resident()
    assert (await desk.ask_pass(person)).status_code == 201
    first, second = desk.fever(person), desk.fever(person)  # at the same instant
    await desk.hear(first, second)
    assert await state(desk, person) == ("suspended", "fever")
    await desk.hear(withdrawn(desk, second))
    assert await state(desk, person) == ("suspended", "fever")
    await desk.hear(withdrawn(desk, first))
    assert await state(desk, person) == ("active", None)
    [told] = await desk.told("EntryPassReinstated")
    assert told["reason"] == "fever_withdrawn"
    await desk.hear(desk.fever(person))  # a third one holds as ever
    assert await state(desk, person) == ("suspended", "fever")


@pytest.mark.scenario("G2")
@pytest.mark.parametrize("with_pass", [True, False])
async def test_gates_hear_that_a_fever_was_settled_here(desk: Desk, *, with_pass: bool) -> None:
    person = await desk.resident()
    path, body = f"/v1/people/{person}/holds/fever/settlement", {"settlement_id": str(uuid4())}
    if with_pass:
        given = (await desk.ask_pass(person)).json()["pass_id"]
        path, body = f"/v1/passes/{given}/reinstate", {}
    await desk.hear(desk.fever(person))
    desk.move("2020-02-24 11:00")
    answer = await desk.post(path, body | {"reason": "settled", "note": "发热门诊已排除"})
    assert answer.status_code in {200, 201}, answer.text
    assert (await desk.post(path, body | {"reason": "settled", "note": "发热门诊已排除"})).status_code in {
        200,
        409,
    }
    [told] = await desk.told("HoldSettled")
    assert (told["person_ref"], told["kind"]) == (str(person), "fever")
    assert told["settled_at"] == "2020-02-24T03:00:00Z"


async def test_an_earlier_symptom_outlives_the_mistyped_reading(desk: Desk) -> None:
    person = await desk.resident()
    assert (await desk.ask_pass(person)).status_code == 201
    seen = desk.fever(person)
    reported = SymptomReported(
        case_id=uuid4(),
        person_ref=PersonRef(person),
        compound=seen.compound,
        fever=True,
        by="self",
        reported_at=seen.checked_at - timedelta(hours=2),
    )
    await desk.hear(reported, seen, withdrawn(desk, seen))
    assert await state(desk, person) == ("suspended", "fever")


async def test_what_else_stands_against_the_person_keeps_the_pass_suspended(desk: Desk) -> None:
    person = await desk.resident()
    assert (await desk.ask_pass(person)).status_code == 201
    seen = desk.fever(person)
    confirmed = CaseConfirmed.model_validate(
        {
            "person_ref": person,
            "confirmed_on": "2020-02-24",
            "last_exposure": "2020-02-24",
            "compound": seen.compound,
            "contacts": (),
            "confirmed_at": desk.client.context.clock.now(),
        }
    )
    await desk.hear(seen, confirmed, withdrawn(desk, seen))
    assert (await state(desk, person))[0] == "suspended"
    assert (await desk.ask_pass(person)).json()["code"] == "pass_suspended"
