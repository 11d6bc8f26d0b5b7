"""Whom a gate sees come back is due for an intake: opened once, and the loop is open until it is taken."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.gate import (
    CaseContactReported,
    FirstReturnSeen,
    FocusAreaPersonReported,
    IntakeAnswersSealed,
)
from tests.integration.registry.desk import CLERK, Desk, resident_id

GRID = ("grid_worker", "grid:lj-001-w01")
OTHER_GRID = ("grid_worker", "grid:lj-001-w02")
ANSWERS = {"from": "湖北省黄冈市", "came_by": "train", "name": "欧阳海棠", "symptoms": False}


def first_return(
    desk: Desk, person: UUID | None, *, check: UUID | None = None, held: bool = False
) -> FirstReturnSeen:
    return FirstReturnSeen.model_validate(
        {
            "check_id": check or uuid4(),
            "person_ref": person,
            "compound": "lj-001",
            "checkpoint": "lj-001-n",
            "held": held,
            "checked_at": desk.client.context.clock.now(),
        }
    )


def reported(desk: Desk, person: UUID | None, *, check: UUID | None = None) -> FocusAreaPersonReported:
    return FocusAreaPersonReported.model_validate(
        {
            "check_id": check or uuid4(),
            "person_ref": person,
            "compound": "lj-001",
            "checkpoint": "lj-001-n",
            "checked_at": desk.client.context.clock.now(),
        }
    )


def answers(desk: Desk, check: UUID, told: dict[str, Any] | None) -> IntakeAnswersSealed:
    sealed = desk.client.context.cards.seal_card("registry", told) if told is not None else None
    return IntakeAnswersSealed.model_validate({"check_id": check, "compound": "lj-001", "answers": sealed})


async def tasks(desk: Desk, who: tuple[str, str] = CLERK, **params: Any) -> list[dict[str, Any]]:
    answer = await desk.get("/v1/intake-tasks", who, compound="lj-001", **params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.requirement("R2.5")
@pytest.mark.scenario("G17")
async def test_a_first_return_seen_at_a_gate_stays_open_until_its_intake(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    person = await desk.resident()
    [number] = [resident_id(desk.people)]
    seen = first_return(desk, person)
    await desk.hear(seen, seen)
    desk.move("2020-02-24 09:30")
    await desk.hear(first_return(desk, person, held=True), reported(desk, person))
    [task] = await tasks(desk)
    assert (task["cause"], task["held"], task["state"]) == ("focus_area", True, "open")
    assert task["opened_at"].startswith("2020-02-24T01:00:00")  # since when the loop is open
    assert (task["person_ref"], task["grid"], task["checkpoint"]) == (str(person), "lj-001-w01", "lj-001-n")
    assert [one["task_id"] for one in await tasks(desk, GRID)] == [task["task_id"]]
    assert await tasks(desk, OTHER_GRID) == []
    body = desk.intake()
    body["person"]["name"], body["person"]["documents"] = (
        "司徒南星",
        [{"kind": "resident_id", "number": number}],
    )
    body["dwelling"]["building"] = "1幢"
    intake = await desk.register(body)
    assert intake["person_ref"] == str(person)
    assert await tasks(desk) == []
    [settled] = await tasks(desk, state="completed")
    assert (settled["intake_id"], settled["settled_at"]) == (intake["intake_id"], "2020-02-24T01:30:00Z")
    [told] = await desk.told("IntakeTaskSettled")
    assert (told["task_id"], told["outcome"], len(told["checks"])) == (task["task_id"], "registered", 3)
    again = first_return(desk, person)
    await desk.hear(again)  # seen again while under observation: visible, and settled
    assert len(await tasks(desk, state="completed")) == 2
    assert (await desk.told("IntakeTaskSettled"))[-1]["checks"] == [str(again.check_id)]
    assert await tasks(desk) == []


@pytest.mark.requirement("R2.5")
@pytest.mark.parametrize("answers_first", [True, False])
async def test_what_was_answered_at_the_gate_waits_with_the_task_sealed(
    desk: Desk, *, answers_first: bool
) -> None:
    check = uuid4()
    events = [reported(desk, None, check=check), answers(desk, check, ANSWERS)]
    await desk.hear(*(reversed(events) if answers_first else events))
    [task] = await tasks(desk)
    told = await desk.get(f"/v1/intake-tasks/{task['task_id']}")
    assert (told.status_code, told.json()["answers"], told.json()["name"]) == (200, [ANSWERS], None)
    [read] = await desk.rows("select action, scope from audit_read")
    assert read == {"action": "intake_task.read", "scope": "compound:lj-001"}
    [kept] = await desk.rows("select answers_sealed from intake_answers")
    assert "欧阳".encode() not in bytes(kept["answers_sealed"])
    await desk.hear(answers(desk, check, None))
    assert (await desk.get(f"/v1/intake-tasks/{task['task_id']}")).json()["answers"] == []
    assert await desk.rows("select 1 from intake_answers") == []


@pytest.mark.requirement("R2.5")
async def test_an_intake_of_somebody_else_completes_no_task(desk: Desk) -> None:
    await desk.publish_risk({})
    person = await desk.resident()
    await desk.hear(first_return(desk, person))
    [task] = await tasks(desk)
    path = f"/v1/intake-tasks/{task['task_id']}"
    other = await desk.register()
    refused = await desk.post(f"{path}/completion", {"intake_id": other["intake_id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "intake_of_another")
    unknown = await desk.post(f"{path}/completion", {"intake_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "intake_unknown")
    assert (await desk.post(f"{path}/closure", {"reason": "whatever"})).status_code == 422
    closed = await desk.post(f"{path}/closure", {"reason": "never_left"})
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert (await desk.post(f"{path}/closure", {"reason": "never_left"})).json() == closed.json()
    assert [one["outcome"] for one in await desk.told("IntakeTaskSettled")] == ["never_left"]
    again = await desk.post(f"{path}/completion", {"intake_id": other["intake_id"]})
    assert (again.status_code, again.json()["code"]) == (409, "task_settled")
    await desk.hear(first_return(desk, person))  # seen anew after it was closed: due anew
    assert [one["state"] for one in await tasks(desk)] == ["open"]


@pytest.mark.requirement("R2.5")
async def test_somebody_unknown_at_the_gate_is_told_by_their_intake(desk: Desk) -> None:
    await desk.publish_risk({})
    await desk.hear(first_return(desk, None), first_return(desk, None))
    one, two = await tasks(desk)
    intake = await desk.register()
    done = await desk.post(
        f"/v1/intake-tasks/{one['task_id']}/completion", {"intake_id": intake["intake_id"]}
    )
    assert (done.status_code, done.json()["state"], done.json()["person_ref"]) == (
        200,
        "completed",
        intake["person_ref"],
    )
    assert (
        await desk.post(f"/v1/intake-tasks/{one['task_id']}/completion", {"intake_id": intake["intake_id"]})
    ).json() == done.json()
    assert [left["task_id"] for left in await tasks(desk)] == [two["task_id"]]
    assert [done["task_id"] for done in await desk.told("IntakeTaskSettled")] == [one["task_id"]]
    stranger = ("community_clerk", "compound:lj-002")
    assert (await desk.get(f"/v1/intake-tasks/{two['task_id']}", stranger)).status_code == 404
    assert (await desk.get("/v1/intake-tasks", stranger, compound="lj-001")).status_code == 403
    assert (await desk.get(f"/v1/intake-tasks/{uuid4()}")).json()["code"] == "task_unknown"


@pytest.mark.requirement("R2.5")
async def test_a_return_after_a_completed_observation_is_due_for_a_new_intake(desk: Desk) -> None:
    await desk.publish_risk({})
    intake = await desk.register()
    started = desk.started(intake)
    await desk.hear(started)
    desk.move("2020-03-10 09:00")
    await desk.hear(desk.completed(started))
    desk.move("2020-03-20 09:00")
    await desk.hear(first_return(desk, UUID(intake["person_ref"])))
    [task] = await tasks(desk)
    refused = await desk.post(
        f"/v1/intake-tasks/{task['task_id']}/completion", {"intake_id": intake["intake_id"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "intake_over")


@pytest.mark.requirement("R3.2")
async def test_intakes_and_their_tasks_go_with_the_dwelling_into_another_grid(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    person = await desk.resident()
    await desk.hear(first_return(desk, person))
    body = desk.intake()
    body["dwelling"]["building"] = "1幢"
    intake = await desk.register(body)
    homes = [
        one["dwelling_id"]
        for one in (await desk.get("/v1/compounds/lj-001/dwellings")).json()["items"]
        if one["building"] == "1幢"
    ]

    async def seen(who: tuple[str, str]) -> tuple[int, int]:
        listed = (await desk.get("/v1/returnees", who, compound="lj-001")).json()["items"]
        return len(await tasks(desk, who)), sum(one["intake_id"] == intake["intake_id"] for one in listed)

    assert [await seen(who) for who in (GRID, OTHER_GRID)] == [(1, 1), (0, 0)]
    moved = await desk.post("/v1/compounds/lj-001/grids/lj-001-w02/dwellings", {"dwelling_ids": homes})
    assert moved.json()["moved"] == len(homes)
    assert [await seen(who) for who in (GRID, OTHER_GRID)] == [(0, 0), (1, 1)]


@pytest.mark.requirement("R2.5", "R4.10")
async def test_a_contact_with_a_case_told_at_a_gate_is_somebodys_task_with_the_rest_of_the_person(
    desk: Desk,
) -> None:
    person = await desk.resident()
    contact = CaseContactReported.model_validate(reported(desk, person).model_dump())
    await desk.hear(contact, contact, first_return(desk, person))
    [task] = await tasks(desk)
    assert (task["cause"], task["person_ref"], task["state"]) == ("case_contact", str(person), "open")
    await desk.hear(
        reported(desk, person), CaseContactReported.model_validate(reported(desk, person).model_dump())
    )
    assert [one["cause"] for one in await tasks(desk)] == ["focus_area"]  # which calls for the most
