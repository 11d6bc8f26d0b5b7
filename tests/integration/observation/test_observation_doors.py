"""Devices at doors over HTTP: an own key each, one task a burst, silence noticed, all of it over with the case."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.observation.handlers.doors import find_silent
from shared.events.gate import QuarantineExitSeen
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef
from tests.integration.observation.conftest import OFFICER, Desk, returnee

FEB24 = date(2020, 2, 24)
WORKER = ("grid_worker", "grid:lj-001-w01")


async def register(desk: Desk, case_id: UUID, **more: Any) -> httpx.Response:
    body = {"device_id": str(uuid4()), "door": 1, **more}
    return await desk.post(f"/v1/cases/{case_id}/door-devices", body, WORKER)


async def signal(desk: Desk, credential: str, at: str, kind: str = "opened", **more: str) -> httpx.Response:
    body = {"signal_id": str(uuid4()), "kind": kind, "at": f"2020-02-24T{at}+08:00", **more}
    headers = {"Authorization": f"Door {credential}"}
    return await desk.client.http.post("/v1/door-signals", json=body, headers=headers)


async def tasks(desk: Desk, query: str = "", who: tuple[str, str] = WORKER) -> list[dict[str, Any]]:
    answer = await desk.get(f"/v1/door-tasks?{query}", who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.requirement("R4.6")
async def test_an_opening_in_home_quarantine_is_looked_into_once_a_burst_and_never_after_the_end(
    desk: Desk,
) -> None:
    free, quarantined = await desk.open_case(), await desk.open_case(returnee(measure="home_quarantine"))
    refused = await register(desk, free)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_home_quarantine")
    device_id = str(uuid4())
    first, again = [await register(desk, quarantined, device_id=device_id) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    credential = first.json()["credential"]
    taken = await register(desk, quarantined)
    assert (taken.status_code, taken.json()["code"]) == (409, "door_taken")
    other = await register(desk, quarantined, device_id=device_id, door=2)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert (
        await desk.post(f"/v1/cases/{quarantined}/door-devices", {"device_id": str(uuid4())}, OFFICER)
    ).status_code == 403

    desk.move(FEB24, "12:00:00")
    for forged in (f"{device_id}.wrong", f"{uuid4()}.{credential.partition('.')[2]}", "nonsense"):
        assert (await signal(desk, forged, "11:00:00")).status_code == 401
    assert (
        await desk.post(
            "/v1/door-signals",
            {"signal_id": str(uuid4()), "kind": "opened", "at": "2020-02-24T11:00:00+08:00"},
        )
    ).status_code == 403
    for wrong in ("08:00:00", "13:00:00"):
        answer = await signal(desk, credential, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "signal_out_of_time")
    once = str(uuid4())
    sent = [await signal(desk, credential, "11:00:00", signal_id=once) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 200]
    assert sent[0].json() == sent[1].json()
    changed = await signal(desk, credential, "11:01:00", signal_id=once)
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")
    for clock in ("11:09:00", "10:55:00", "11:30:00"):
        assert (await signal(desk, credential, clock)).status_code == 201
    found = await tasks(desk)
    assert [(one["first_at"][11:16], one["last_at"][11:16], one["openings"]) for one in found] == [
        ("02:55", "03:09", 3),
        ("03:30", "03:30", 1),
    ]
    assert await tasks(desk, who=("grid_worker", "grid:lj-009-w01")) == []

    path = f"/v1/door-tasks/{found[0]['task_id']}/results"
    result = {"result_id": str(uuid4()), "result": "explained", "note": "开门取物资"}
    assert (await desk.post(path, result, ("grid_worker", "grid:lj-009-w01"))).status_code == 403
    assert [(await desk.post(path, result, WORKER)).status_code for _ in range(2)] == [201, 200]
    answer = await desk.post(path, {**result, "note": "无人开门"}, WORKER)
    assert (answer.status_code, answer.json()["code"]) == (422, "same_id_other_content")
    answer = await desk.post(path, {**result, "result_id": str(uuid4())}, WORKER)
    assert (answer.status_code, answer.json()["code"]) == (409, "door_task_ended")
    assert [one["openings"] for one in await tasks(desk)] == [1]
    assert "取物资" not in str(await desk.rows("select t::text from door_task t"))

    body = {"decision_id": str(uuid4()), "kind": "transferred", "reason": "转至集中观察"}
    assert (await desk.post(f"/v1/cases/{quarantined}/decisions", body, OFFICER)).status_code == 201
    assert (await signal(desk, credential, "11:45:00")).status_code == 401
    assert await tasks(desk) == []
    assert len(await tasks(desk, "ended=true")) == 2


@pytest.mark.requirement("R4.6")
async def test_a_device_that_falls_silent_is_told_of_once_until_it_speaks_again(desk: Desk) -> None:
    case_id = await desk.open_case(returnee(measure="home_quarantine"))
    credential = (await register(desk, case_id)).json()["credential"]
    real: datetime = desk.client.context.clock.real_now()
    assert await find_silent(desk.database, real_now=real + timedelta(minutes=29)) == 0
    late = real + timedelta(minutes=31)
    assert [await find_silent(desk.database, real_now=late) for _ in range(2)] == [1, 0]
    [silence] = await tasks(desk, "kind=heartbeat_lost")
    result = {"result_id": str(uuid4()), "result": "device_mended", "note": "更换电池"}
    assert (
        await desk.post(f"/v1/door-tasks/{silence['task_id']}/results", result, WORKER)
    ).status_code == 201
    assert await find_silent(desk.database, real_now=late) == 0  # answered for, and still the same silence
    assert (await signal(desk, credential, "09:00:00", "heartbeat")).status_code == 201
    later = desk.client.context.clock.real_now() + timedelta(minutes=31)
    assert await find_silent(desk.database, real_now=later) == 1
    assert (await signal(desk, credential, "09:00:00")).status_code == 201
    assert [(one["kind"], one["result"]) for one in await tasks(desk, "ended=true")] == [
        ("heartbeat_lost", "device_mended"),
        ("heartbeat_lost", "heard_again"),
        ("opened", None),
    ]
    device_id = credential.partition(".")[0]
    path = f"/v1/cases/{case_id}/door-devices/{device_id}"
    for _ in range(2):
        ended = await desk.client.http.delete(path, headers=desk.client.as_role(*WORKER))
        assert ended.status_code == 204
    assert (await signal(desk, credential, "09:00:00")).status_code == 401
    assert await find_silent(desk.database, real_now=later + timedelta(days=1)) == 0
    devices = (await desk.get(f"/v1/cases/{case_id}/door-devices", WORKER)).json()["devices"]
    assert [(one["device_id"], one["ended_at"] is None) for one in devices] == [(device_id, False)]
    assert (await register(desk, case_id)).status_code == 201  # its successor at the same door


@pytest.mark.requirement("R2.5", "R4.6")
@pytest.mark.scenario("G17")
async def test_who_would_leave_home_quarantine_by_a_gate_is_looked_into_until_somebody_answers(
    desk: Desk,
) -> None:
    kept, free = returnee(measure="home_quarantine"), returnee()
    case_id = await desk.open_case(kept)
    await desk.open_case(free)

    def seen(person: UUID, clock: str) -> QuarantineExitSeen:
        return QuarantineExitSeen(
            check_id=uuid4(),
            person_ref=PersonRef(person),
            compound=CompoundId("lj-001"),
            checkpoint=CheckpointId("lj-001-k1"),
            verdict="refuse",
            checked_at=datetime.fromisoformat(f"2020-02-24T{clock}:00+08:00"),
        )

    desk.move(FEB24, "12:00")
    await desk.hear(
        seen(kept.person_ref, "11:00"), seen(kept.person_ref, "10:50"), seen(free.person_ref, "11:00")
    )
    [task] = await tasks(desk)
    told = (task["case_id"], task["kind"], task["door"], task["openings"])
    assert told == (str(case_id), "at_gate", None, 2)
    assert (task["first_at"][11:16], task["last_at"][11:16]) == ("02:50", "03:00")
    headers = desk.client.as_role(*WORKER) | {"accept": "text/html"}
    for path in ("/matters/door-tasks", f"/cases/{case_id}"):
        page = await desk.client.http.get(path, headers=headers)
        assert "欲从卡口外出" in page.text
        assert "2 次" in page.text
    result = {"result_id": str(uuid4()), "result": "explained", "note": "就医，已有专车"}
    assert (await desk.post(f"/v1/door-tasks/{task['task_id']}/results", result, WORKER)).status_code == 201
    assert await tasks(desk) == []
    await desk.hear(seen(kept.person_ref, "11:40"))
    [again] = await tasks(desk, "kind=at_gate")
    assert again["task_id"] != task["task_id"]
    assert (await desk.decide(case_id, "left_town", "已离开本镇")).status_code == 201
    await desk.hear(seen(kept.person_ref, "11:50"))
    assert len(await tasks(desk, "ended=true")) == 2
