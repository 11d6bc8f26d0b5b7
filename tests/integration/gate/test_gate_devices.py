"""Devices: one code, one use, one checkpoint; revoked at once."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.gate.desk import SESSION_SECONDS, desk
from shared.kernel.clock import SteppedClock
from tests.integration.gate.town import CHECKPOINT, HERE, THERE, GateTown


async def test_a_code_enrols_one_device_and_its_secret_is_not_kept(town: GateTown) -> None:
    code = await town.code()
    answer = await town.client.http.post("/v1/devices", json={"code": code.lower()})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["checkpoint"], told["compound"]) == (CHECKPOINT, HERE)
    assert (await town.client.http.post("/v1/devices", json={"code": code})).status_code == 403
    secret = told["credential"].partition(".")[2]
    [row] = await town.rows("select * from device where device_id = $1", told["device_id"])
    assert row["credential_hash"] == hashlib.sha256(secret.encode()).digest()
    assert len(secret) == 43  # 256 bits in base64url
    kept = str(await town.rows("select * from enrolment_code")) + str(row)
    assert code not in kept
    assert secret not in kept
    enrolled = await town.published("DeviceEnrolled")
    assert enrolled[-1]["device_id"] == told["device_id"]


async def test_a_lost_answer_can_be_asked_for_again_by_the_same_device_only(town: GateTown) -> None:
    body = {"code": await town.code(), "device_id": str(uuid4())}
    before = len(await town.published("DeviceEnrolled"))
    first = await town.client.http.post("/v1/devices", json=body)
    again = await town.client.http.post("/v1/devices", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(await town.published("DeviceEnrolled")) == before + 1
    other = await town.client.http.post("/v1/devices", json=body | {"device_id": str(uuid4())})
    assert (other.status_code, other.json()["code"]) == (403, "enrolment_code_invalid")
    taken = await town.client.http.post("/v1/devices", json=body | {"code": await town.code()})
    assert (taken.status_code, taken.json()["code"]) == (409, "device_id_taken")


async def test_a_code_dies_after_ten_minutes_of_real_time(town: GateTown) -> None:
    code = await town.code()
    town.client.move_to(datetime(2020, 3, 24, tzinfo=UTC))  # business time does not age a code
    async with town.client.context.database.begin() as tx:
        left = await tx.fetchval("select max(expires_at) - clock_timestamp() from enrolment_code")
        assert 590 < left.total_seconds() <= 600
        await tx.execute("update enrolment_code set expires_at = clock_timestamp() where device_id is null")
    answer = await town.client.http.post("/v1/devices", json={"code": code})
    assert (answer.status_code, answer.json()["code"]) == (403, "enrolment_code_invalid")


async def test_asking_again_for_a_code_makes_the_earlier_one_void(town: GateTown) -> None:
    http, headers = town.client.http, town.client.as_role("admin")
    body = {"request_id": str(uuid4()), "checkpoint": CHECKPOINT}
    codes = [
        (await http.post("/v1/enrolment-codes", json=body, headers=headers)).json()["code"] for _ in range(2)
    ]
    assert (await http.post("/v1/devices", json={"code": codes[0]})).status_code == 403
    elsewhere = await http.post(
        "/v1/enrolment-codes", json=body | {"checkpoint": "lj-002-n"}, headers=headers
    )
    assert elsewhere.json()["code"] == "same_id_other_content"
    assert (await http.post("/v1/devices", json={"code": codes[1]})).status_code == 201
    used = await http.post("/v1/enrolment-codes", json=body, headers=headers)
    assert used.json()["code"] == "enrolment_code_used"


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("ops", "town", 201),
        ("hq_officer", "town", 201),
        ("hq_officer", f"compound:{HERE}", 201),
        ("hq_officer", f"compound:{THERE}", 403),
        ("ops", f"checkpoint:{CHECKPOINT}", 201),
        ("ops", "neighbourhood:nb-1", 201),
        ("ops", "neighbourhood:nb-2", 403),
        ("guard", f"checkpoint:{CHECKPOINT}", 403),
        ("property_manager", f"compound:{HERE}", 403),
    ],
)
async def test_who_hands_out_codes_and_for_where(town: GateTown, role: str, scope: str, status: int) -> None:
    body = {"request_id": str(uuid4()), "checkpoint": CHECKPOINT}
    answer = await town.client.http.post(
        "/v1/enrolment-codes", json=body, headers=town.client.as_role(role, scope)
    )
    assert answer.status_code == status


async def test_no_code_for_a_checkpoint_that_is_not_known(town: GateTown) -> None:
    answer = await town.client.http.post(
        "/v1/enrolment-codes",
        json={"request_id": str(uuid4()), "checkpoint": "nowhere"},
        headers=town.client.as_role("ops"),
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_checkpoint")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda credential: credential[:-1],
        lambda credential: credential + "x",
        lambda credential: credential.partition(".")[0],
        lambda credential: f"{uuid4()}.{credential.partition('.')[2]}",
        lambda _credential: "not-a-device.secret",
        lambda _credential: "",
    ],
)
async def test_a_wrong_credential_opens_nothing(town: GateTown, spoil: Callable[[str], str]) -> None:
    answer = await town.send(town.body({"kind": "visitor"}), device=spoil(town.device) or " ")
    assert answer.status_code == 401
    assert await town.rows("select 1 from entry_check") == []


async def test_staff_tokens_do_not_check_anybody(town: GateTown) -> None:
    answer = await town.client.http.post(
        "/v1/entry-checks", json=town.body({"kind": "visitor"}), headers=town.client.as_role("admin")
    )
    assert answer.status_code == 403


@pytest.mark.scenario("G16")
async def test_a_revoked_device_is_stopped_at_once(town: GateTown) -> None:
    device_id = town.device.partition(".")[0]
    assert (await town.send(town.body({"kind": "visitor"}))).status_code == 201
    foreign = town.client.as_role("shift_leader", f"compound:{THERE}")
    assert (
        await town.client.http.post(f"/v1/devices/{device_id}/revoke", headers=foreign)
    ).status_code == 403
    headers = town.client.as_role("shift_leader", f"checkpoint:{CHECKPOINT}")
    revoked = [
        await town.client.http.post(f"/v1/devices/{device_id}/revoke", headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in revoked] == [200, 200]
    assert revoked[0].json() == revoked[1].json()
    assert (await town.send(town.body({"kind": "visitor"}))).status_code == 401
    late = await town.batch([town.body({"kind": "visitor"})])
    assert [item["status"] for item in late.json()["items"]] == ["quarantined"]
    assert len(await town.rows("select 1 from entry_check")) == 1
    unknown = await town.client.http.post(f"/v1/devices/{uuid4()}/revoke", headers=town.client.as_role("ops"))
    assert unknown.status_code == 404


class _LaterClock(SteppedClock):
    """Real time that can be moved ahead, for what must happen within a minute."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


async def test_a_revocation_by_another_process_holds_within_a_minute(town: GateTown) -> None:
    assert SESSION_SECONDS <= 60
    assert (await town.send(town.body({"kind": "visitor"}))).status_code == 201
    async with town.client.context.database.begin() as tx:
        await tx.execute("update device set revoked_at = now(), revoked_by = 'elsewhere'")
    app = town.client.http._transport.app  # type: ignore[attr-defined]
    clock = _LaterClock(town.client.clock_file)
    clock.ahead = SESSION_SECONDS
    memory = desk(app)
    memory._clock = clock
    answer = await town.send(town.body({"kind": "visitor"}))
    assert (answer.status_code, answer.json()["code"]) == (401, "device_revoked")


async def test_a_device_asks_where_it_serves(town: GateTown) -> None:
    headers = {"Authorization": f"Device {town.device}"}
    answer = await town.client.http.get("/v1/checkpoints/me", headers=headers)
    assert answer.json() == {
        "checkpoint": CHECKPOINT,
        "checkpoint_name": "北门",
        "compound": HERE,
        "compound_name": f"小区 {HERE}",
        "policy_version": 1,
        "now": "2020-02-24T01:00:00Z",
    }


async def test_the_figures_count_a_check_once(town: GateTown) -> None:
    body = town.body(await town.resident())
    await town.send(body)
    await town.send(body)
    text = (await town.client.http.get("/metrics")).text
    labels = f'checkpoint="{CHECKPOINT}",compound="{HERE}",direction="entry",mode="online",verdict="admit"'
    assert f"gate_checks_total{{{labels}}}" in text
    for name in ("gate_check_duration_seconds_bucket", "gate_body_temperature_celsius_bucket"):
        assert name in text
