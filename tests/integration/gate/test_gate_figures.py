"""What the gate's figures say: told by devices, counted at checks, and read from the database by who leads."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.gate import metrics
from services.gate.tickers import show_devices
from shared.testing.figures import figure
from tests.integration.gate.test_gate_device_health import beat, device_id
from tests.integration.gate.town import CHECKPOINT, HERE, NOW, GateTown

AT = {"compound": HERE, "checkpoint": CHECKPOINT}


async def test_a_device_tells_how_long_verdicts_took_and_what_went_wrong(town: GateTown) -> None:
    within = {"device_class": "handset", "mode": "offline", "le": "2.0"}
    before = figure("gate_client_verdict_duration_seconds_bucket", **within) or 0
    told = await beat(
        town,
        device_class="handset",
        verdicts=[{"mode": "offline", "seconds": seconds} for seconds in (0.4, 1.9, 2.1)],
        errors={"camera": 2, "list": 0},
    )
    assert told.status_code == 200, told.text
    assert figure("gate_client_verdict_duration_seconds_bucket", **within) == before + 2
    assert figure("gate_client_errors_total", version="1.4.0", kind="camera") == 2
    refused: list[dict[str, Any]] = [
        {"verdicts": [{"mode": "offline", "seconds": -1}]},
        {"verdicts": [{"mode": "sometimes", "seconds": 1}]},
        {"errors": {"王某": 1}},
        {"device_class": "lj-001"},
    ]
    for body in refused:
        assert (await beat(town, **body)).status_code == 422


def test_versions_that_devices_make_up_end_in_one_series() -> None:
    for number in range(40):
        metrics.count_client_errors(f"made-up-{number}", [("other", 1)])
    versions = {
        sample.labels["version"] for family in metrics.CLIENT_ERRORS.collect() for sample in family.samples
    }
    assert len(versions) <= 21
    assert figure("gate_client_errors_total", version="other", kind="other")


async def test_a_spare_device_that_is_switched_off_does_not_make_its_post_look_dead(town: GateTown) -> None:
    spare = await town.enrol()
    await beat(town, device=spare, list_made_at=(NOW - timedelta(days=3)).isoformat(), queue_length=4)
    async with town.client.context.database.begin() as tx:
        await tx.execute("update device_report set seen_at = seen_at - interval '25 hours'")
    await beat(town, list_made_at=NOW.isoformat(), queue_length=1)
    await show_devices(town.client.context.database)
    real_now = town.client.context.clock.real_now().timestamp()
    assert figure("gate_device_queue_length", **AT) == 1
    assert figure("gate_device_last_seen_timestamp_seconds", **AT) == pytest.approx(real_now, abs=60)
    assert figure("gate_list_updated_timestamp_seconds", **AT, list="oldest") == pytest.approx(
        real_now, abs=60
    )
    async with town.client.context.database.begin() as tx:
        again = "update device_report set seen_at = seen_at + interval '2 hours' where device_id = $1"
        await tx.execute(again, UUID(device_id(spare)))
    await show_devices(town.client.context.database)  # within a day both are in use: the worse of each tells
    assert figure("gate_device_queue_length", **AT) == 5
    age = real_now - (figure("gate_list_updated_timestamp_seconds", **AT, list="oldest") or 0)
    assert age == pytest.approx(3 * 86_400, abs=60)


async def test_people_let_in_without_a_code_and_against_a_verdict_are_counted(town: GateTown) -> None:
    def counted() -> tuple[float, float]:
        override = {"compound": HERE, "verdict": "cannot_verify", "role": "shift_leader"}
        return (
            figure("gate_manual_admissions_total", compound=HERE, reason="dwelling_surname") or 0,
            figure("gate_overrides_total", **override) or 0,
        )

    manual, overrides = counted()
    wang = await town.resident()
    await town.check(wang)
    by_room = await town.check({"kind": "dwelling_surname", "room": "3-1-502", "surname": "王"})
    assert by_room["verdict"] == "admit_with_action"
    unknown = await town.check({"kind": "pass_number", "number": "99999999"})
    body = {"override_id": str(uuid4()), "reason": "identity_confirmed"}
    for _ in range(2):
        await town.client.http.post(
            f"/v1/entry-checks/{unknown['check_id']}/override",
            json=body,
            headers=town.client.as_role("shift_leader"),
        )
    assert counted() == (manual + 1, overrides + 1)


async def test_how_long_a_revocation_took_to_reach_the_gate_is_measured(town: GateTown) -> None:
    wang = await town.resident()
    within = {"mode": "online", "le": "60.0"}
    name = "registry_revocation_propagation_seconds"
    quick, total = figure(f"{name}_bucket", **within) or 0, figure(f"{name}_count", mode="online") or 0
    town.client.move_to(NOW + timedelta(seconds=90))
    await town.tell(town.revoked(wang), at=NOW)
    assert figure(f"{name}_count", mode="online") == total + 1
    assert (figure(f"{name}_bucket", **within) or 0) == quick
