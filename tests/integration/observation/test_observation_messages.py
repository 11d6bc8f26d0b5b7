"""Messages over a real receiver: signed, sealed until they left, sent again until taken, never to who answered."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date
from datetime import time as clock
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import ValidationError

from services.observation.handlers.bulk import run_due
from services.observation.handlers.messages import deliver_due
from services.observation.handlers.webhook import Outlets
from services.observation.settings import Settings
from shared.events.registry.people import PersonErased
from shared.kernel.days import at_local
from shared.kernel.ids import PersonRef
from shared.obs.metrics import exposition
from shared.testing.waiting import eventually
from tests.conftest import Client
from tests.integration.observation.conftest import CLERK, Desk, policy_revised, returnee
from tests.integration.observation.receiver import KEY, KID, Receiver, receiving
from tests.integration.observation.test_worklists import attempt

FEB25, FEB26, FEB27 = date(2020, 2, 25), date(2020, 2, 26), date(2020, 2, 27)
PHONE = "13800001234"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
async def desk(
    client_for: Callable[[str], Awaitable[Client]],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Desk:
    """A desk whose messages to residents lead to the receiver; those to the work groups lead nowhere."""
    ring = tmp_path / "webhook.json"
    ring.write_text(json.dumps({"current": KID, "keys": {KID: base64.b64encode(KEY).decode()}}))
    monkeypatch.setenv("FANGKONG_SMS_WEBHOOK", receiver.url)
    monkeypatch.setenv("FANGKONG_WEBHOOK_KEY_FILE", str(ring))
    monkeypatch.setenv("FANGKONG_WEBHOOK_ATTEMPTS", "4")
    monkeypatch.setenv("FANGKONG_WEBHOOK_FIRST_DELAY_SECONDS", "0.01")
    monkeypatch.setenv("FANGKONG_WEBHOOK_TIMEOUT_SECONDS", "2")
    client = await client_for("observation")
    made = Desk(client=client, outlets=Outlets.of(client.context.settings))
    await made.hear(policy_revised())
    return made


async def opened(desk: Desk, phone: str | None = PHONE) -> tuple[UUID, UUID]:
    event = returnee()
    case_id = await desk.open_case(event)
    if phone is not None:
        await desk.card(event, name="陈某某", phone=phone, room="9-1-301")
    return case_id, event.person_ref


async def silent(desk: Desk) -> tuple[UUID, UUID]:
    """Somebody who has not declared in the morning of 25 February; it is 10:00 and the ladder began."""
    found = await opened(desk)
    desk.move(FEB25, "10:00")
    await desk.tick()
    return found


async def send(desk: Desk) -> int:
    return await deliver_due(desk.database, desk.client.context.vault, desk.outlets)


async def told(desk: Desk, **query: object) -> list[tuple[str, str, str | None]]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await desk.get(f"/v1/messages?{text}")
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["state"], one["reason"]) for one in answer.json()["items"]]


async def receipt(
    desk: Desk, items: list[dict[str, str]], *, key: bytes = KEY, late: int = 0
) -> httpx.Response:
    body = json.dumps({"receipts": items}).encode()
    at = int(time.time()) - late
    mac = hmac.new(key, f"{at}.receipts.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Fangkong-Signature": f"t={at},kid={KID},v1={mac}"}
    return await desk.client.http.post("/v1/message-receipts", content=body, headers=headers)


@pytest.mark.scenario("O4")
async def test_a_reminder_is_sealed_until_it_left_signed_on_its_way_and_known_to_have_arrived(
    desk: Desk, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id, _ = await silent(desk)
    assert await told(desk) == [("remind", "queued", None)]
    [row] = await desk.rows("select content_sealed from message")
    assert PHONE.encode() not in row["content_sealed"]
    assert await send(desk) == 1
    [call] = receiver.calls
    assert call.holds()
    assert (call.said["to"], call.said["channel"]) == (PHONE, "sms")
    assert "2月25日早间（06:00-10:00）" in call.said["text"]
    assert "陈" not in call.said["text"]
    assert await send(desk) == 0
    assert [dict(row) for row in await desk.rows("select state, content_sealed, attempts from message")] == [
        {"state": "sent", "content_sealed": None, "attempts": 1}
    ]
    message_id = call.key
    failed = {"message_id": message_id, "status": "failed"}
    answer = await receipt(desk, [{"message_id": message_id, "status": "delivered"}])
    assert (answer.status_code, answer.json()) == (200, {"kept": [message_id], "unknown": []})
    stranger = str(uuid4())
    again = await receipt(
        desk, [{"message_id": message_id, "status": "failed"}, {"message_id": stranger, "status": "failed"}]
    )
    assert again.json() == {"kept": [message_id], "unknown": [stranger]}
    assert await told(desk, case_id=case_id) == [("remind", "delivered", None)]  # the first word holds
    for forged in (
        await receipt(desk, [failed], key=bytes(32)),
        await receipt(desk, [failed], late=600),
        await desk.client.http.post("/v1/message-receipts", json={"receipts": [failed]}),
    ):
        assert (forged.status_code, forged.json()["code"]) == (401, "signature_refused")
    count = (await desk.get("/v1/message-counts")).json()
    assert count == {
        "total": 1,
        "counts": [{"channel": "sms", "state": "delivered", "reason": None, "messages": 1}],
    }
    elsewhere = ("grid_worker", "grid:lj-009-w01")
    assert (await desk.get("/v1/messages", elsewhere)).json()["items"] == []
    assert (await desk.get("/v1/message-counts", elsewhere)).json()["total"] == 0
    assert (await desk.get("/v1/messages", ("guard", "checkpoint:lj-001-g01"))).status_code == 403
    said = capsys.readouterr().out + exposition().decode()
    assert PHONE not in said
    assert "陈某某" not in said


async def test_a_message_is_sent_again_under_its_id_until_it_is_taken(desk: Desk, receiver: Receiver) -> None:
    receiver.answer = lambda nth: {1: 500, 2: 302}.get(nth, 202)
    await silent(desk)

    async def taken() -> bool:
        await send(desk)
        return await told(desk) == [("remind", "sent", None)]

    await send(desk)
    assert await told(desk) == [("remind", "queued", None)]
    await eventually(taken, what="the message is taken")
    assert len(receiver.calls) == 3
    assert {call.path for call in receiver.calls} == {"/messages/"}  # a redirect is not followed
    assert len({call.key for call in receiver.calls}) == 1
    assert len({call.body for call in receiver.calls}) == 1
    assert all(call.holds() for call in receiver.calls)


async def test_who_was_not_told_is_on_the_list_of_those_to_be_called(desk: Desk, receiver: Receiver) -> None:
    away, _ = await opened(desk, "13800000001")
    refused, _ = await opened(desk, "13800000002")
    no_phone, _ = await opened(desk, None)
    receiver.answer = lambda nth: 422 if receiver.calls[nth - 1].said["to"].endswith("2") else 503
    desk.move(FEB25, "10:00")
    await desk.tick()
    assert (await desk.get("/v1/worklists")).json()["not_sent"] == 1

    async def given_up() -> bool:
        await send(desk)
        return await told(desk, state="queued") == []

    await eventually(given_up, what="the attempts are exhausted")
    assert sorted(await told(desk)) == [
        ("remind", "failed", "attempts_exhausted"),
        ("remind", "failed", "refused"),
        ("remind", "not_sent", "no_contact"),
    ]
    assert len(receiver.calls) == 5
    listed = (await desk.get("/v1/worklists/not_sent")).json()["items"]
    assert [line["case_id"] for line in listed] == [str(one) for one in (away, refused, no_phone)]
    call = attempt("unavailable", "2020-02-25T10:00:00+08:00")
    assert (await desk.post(f"/v1/cases/{refused}/attempts", call)).status_code == 201  # somebody called
    await desk.declare(away)
    listed = (await desk.get("/v1/worklists/not_sent")).json()["items"]
    assert [line["case_id"] for line in listed] == [str(no_phone)]


async def test_a_receiver_that_answers_too_late_is_called_again(desk: Desk, receiver: Receiver) -> None:
    receiver.hold = threading.Event()
    await silent(desk)
    await send(desk)
    assert await told(desk) == [("remind", "queued", None)]
    receiver.hold.set()
    receiver.hold = None

    async def taken() -> bool:
        await send(desk)
        return await told(desk) == [("remind", "sent", None)]

    await eventually(taken, what="the message is taken")
    assert len(receiver.calls) == 2
    assert len({(call.key, call.body) for call in receiver.calls}) == 1


@pytest.mark.scenario("O4", "O5")
async def test_nobody_is_reminded_at_night_twice_at_once_or_after_an_answer(
    desk: Desk, receiver: Receiver
) -> None:
    answers, _ = await opened(desk)
    await silent(desk)
    await desk.declare(answers)
    await send(desk)
    assert await told(desk, case_id=answers) == [("remind", "not_sent", "not_needed")]
    desk.move(FEB25, "17:30")
    await desk.declare(answers)
    desk.move(FEB25, "22:30")  # down since the morning
    await desk.tick()
    assert await send(desk) == 0
    assert len(receiver.calls) == 1
    desk.move(FEB26, "07:00")
    await desk.tick()
    await send(desk)
    assert len(receiver.calls) == 2  # the newest only, of all that waited
    sms = [line for line in await told(desk, channel="sms") if line[1] != "not_sent"]
    assert [state for _, state, _ in sms] == ["sent", "sent"]
    assert {reason for _, state, reason in await told(desk, channel="sms") if state == "not_sent"} == {
        "superseded",
        "not_needed",
    }
    groups = await told(desk, channel="work_group")
    assert {(state, reason) for _, state, reason in groups} == {("not_sent", "not_configured")}


@pytest.mark.scenario("O4")
async def test_what_the_quiet_hours_overtake_waits_for_their_end(desk: Desk, receiver: Receiver) -> None:
    receiver.answer = lambda nth: 503 if nth == 1 else 202
    await opened(desk)
    desk.move(FEB25, "21:59:59")
    await desk.tick()
    assert await send(desk) == 1  # the last second before the quiet hours; the receiver is away
    desk.move(FEB25, "22:00:00")

    async def held() -> bool:
        assert await send(desk) == 0
        rows = await desk.rows("select due_at from message where state = 'queued'")
        return [row["due_at"] for row in rows] == [at_local(FEB26, clock(7))]

    await eventually(held, what="the next attempt waits for the morning")
    desk.move(FEB26, "06:59:59")
    await desk.tick()
    assert (await send(desk), len(receiver.calls)) == (0, 1)
    desk.move(FEB26, "07:00:00")
    await send(desk)
    [tried, taken] = receiver.calls
    assert "2月25日晚间" in tried.said["text"]
    assert (taken.key, taken.body) == (tried.key, tried.body)

    # Queued in the evening, down over the night: in the morning the newest alone leaves.
    desk.move(FEB26, "21:00")
    await desk.tick()
    assert (await told(desk, state="queued"))[-1][0] == "remind"
    desk.move(FEB27, "09:30")
    await desk.tick()
    await send(desk)
    [newest] = receiver.calls[2:]
    assert "2月26日晚间" in newest.said["text"]
    assert await told(desk, state="queued") == []


async def test_a_worker_reminds_many_and_who_declared_is_skipped(desk: Desk, receiver: Receiver) -> None:
    cases = []
    for nth in range(3):
        event = returnee()
        cases.append(await desk.open_case(event))
        await desk.card(event, phone=f"1380000000{nth}")
    desk.move(FEB25, "09:00")  # the window is open
    await desk.declare(cases[0])
    body: dict[str, Any] = {"bulk_id": str(uuid4()), "act": "remind", "case_ids": [str(one) for one in cases]}
    assert (await desk.post("/v1/bulk-follow-ups", {**body, "assigned_to": "worker-1"})).status_code == 422
    assert (await desk.post("/v1/bulk-follow-ups", body)).status_code == 202
    assert await run_due(desk.database, desk.client.context.vault, desk.outlets) == 3
    progress = (await desk.get(f"/v1/bulk-actions/{body['bulk_id']}", CLERK)).json()
    assert (progress["done"], progress["skipped"]) == (
        2,
        [{"code": "nothing_to_remind", "case_ids": [str(cases[0])]}],
    )
    await send(desk)
    assert sorted(call.said["to"] for call in receiver.calls) == ["13800000001", "13800000002"]
    assert {line[:2] for line in await told(desk)} == {("bulk_reminder", "sent")}


async def test_what_was_to_be_said_goes_with_the_person(desk: Desk, receiver: Receiver) -> None:
    _, person = await silent(desk)
    await desk.hear(PersonErased(person_ref=PersonRef(person), erased_at=desk.client.context.clock.now()))
    assert await told(desk) == [("remind", "not_sent", "erased")]
    assert await send(desk) == 0
    assert receiver.calls == []


def test_nothing_is_sent_without_a_signature_or_in_the_clear_over_a_network(desk: Desk) -> None:
    known = desk.client.context.settings.model_dump()
    for wrong in (
        {"webhook_key_file": None},
        {"sms_webhook": "http://sms.example/take"},
        {"sms_webhook": "ftp://127.0.0.1/"},
    ):
        with pytest.raises(ValidationError):
            Settings(**{**known, **wrong})
    assert replace(desk.outlets).addresses.keys() == {"sms"}
