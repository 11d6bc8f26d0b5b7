"""Observation killed with -9 in the middle of a window close, and between sending a message and noting it."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.observation.handlers.messages import deliver_due
from services.observation.handlers.webhook import Outlets
from services.observation.tickers import close_due
from shared.events.registry.returnees import ReturneeRegistered
from shared.testing.waiting import eventually
from tests.conftest import Client
from tests.integration.observation.conftest import Desk, policy_revised, returnee
from tests.integration.observation.receiver import KEY, KID, receiving

ROOT = Path(__file__).parents[2]
FEB24, FEB25 = date(2020, 2, 24), date(2020, 2, 25)


def launch(part: str, desk: Desk, folder: Path) -> subprocess.Popen[bytes]:
    settings = folder / f"{part}.json"
    settings.write_text(desk.client.context.settings.model_dump_json(), encoding="utf-8")
    with (folder / f"{part}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tests.faults.observing", part, str(settings)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )


async def given(desk: Desk, people: list[ReturneeRegistered]) -> None:
    """The same people, every third of whom declared in the morning and none in the evening."""
    desk.move(FEB24, "09:00")
    await desk.hear(policy_revised())
    cases = [await desk.open_case(event) for event in people]
    desk.move(FEB25, "09:00")
    for case_id in cases[::3]:
        assert (await desk.declare(case_id)).status_code == 201
    desk.move(FEB25, "21:00")


async def outcome(desk: Desk) -> tuple[list[Any], ...]:
    """Everything that a close leaves behind, by the intake that each case came from."""
    rows = await desk.rows("select case_id, intake_id from observation_case")
    intake: dict[str, UUID] = {str(row["case_id"]): row["intake_id"] for row in rows}
    missed = await desk.rows(
        "select c.intake_id, m.day, m.window_name, m.closed_at, m.streak, m.ladder_next_at"
        " from missed_window m join observation_case c using (case_id) order by 1, 2, 4"
    )
    cases = await desk.rows(
        "select intake_id, state, version, settled_through, next_step_at, last_day from observation_case order by 1"
    )
    told = sorted(
        (str(intake[fact["case_id"]]), fact["version"], fact["event"], fact.get("day"), fact.get("window"))
        for fact in await desk.told()
    )
    return [tuple(row.values()) for row in missed], [tuple(row.values()) for row in cases], told


@pytest.mark.scenario("O4")
async def test_a_kill_in_the_middle_of_a_window_close_changes_nothing(
    client_for: Callable[[str], Awaitable[Client]], tmp_path: Path
) -> None:
    people = [returnee() for _ in range(45)]
    desk, undisturbed = (
        Desk(client=await client_for("observation")),
        Desk(client=await client_for("observation")),
    )
    for each in (desk, undisturbed):
        await given(each, people)
    killed_at = []
    for share in (15, 50):  # of 75 missed windows
        closing = launch("close", desk, tmp_path)

        async def far_enough(share: int = share, closing: subprocess.Popen[bytes] = closing) -> bool:
            assert closing.poll() is None, (tmp_path / "close.log").read_text()[-2000:]
            [row] = await desk.rows("select count(*) as windows from missed_window")
            return bool(row["windows"] >= share)

        await eventually(far_enough, within=60, every=0.005, what="the close gets on")
        closing.send_signal(signal.SIGKILL)
        closing.wait()
        killed_at.append(len(await desk.rows("select 1 from missed_window")))
    assert any(windows < 75 for windows in killed_at), "no kill came in the middle"
    await close_due(desk.database)
    await close_due(undisturbed.database)
    assert await outcome(desk) == await outcome(undisturbed)
    assert len((await outcome(desk))[0]) == 75
    assert await close_due(desk.database) == 0


@pytest.mark.scenario("O4")
async def test_a_kill_between_sending_and_noting_it_sends_again_under_the_same_id(
    client_for: Callable[[str], Awaitable[Client]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = tmp_path / "webhook.json"
    ring.write_text(json.dumps({"current": KID, "keys": {KID: base64.b64encode(KEY).decode()}}))
    with receiving() as receiver:
        monkeypatch.setenv("FANGKONG_SMS_WEBHOOK", receiver.url)
        monkeypatch.setenv("FANGKONG_WEBHOOK_KEY_FILE", str(ring))
        monkeypatch.setenv("FANGKONG_WEBHOOK_LEASE_SECONDS", "0.5")
        client = await client_for("observation")
        desk = Desk(client=client, outlets=Outlets.of(client.context.settings))
        await desk.hear(policy_revised())
        event = returnee()
        await desk.open_case(event)
        await desk.card(event, phone="13800001234")
        desk.move(FEB25, "10:00")
        await desk.tick()
        sending = launch("deliver", desk, tmp_path)

        def kill_the_sender(nth: int) -> int:
            if nth == 1:  # the call arrived; its answer will not
                os.kill(sending.pid, signal.SIGKILL)
            return 202

        receiver.answer = kill_the_sender
        assert sending.wait(60) == -signal.SIGKILL
        [row] = await desk.rows("select state, attempts from message")
        assert row == {"state": "queued", "attempts": 1}

        async def sent() -> bool:
            await deliver_due(desk.database, desk.client.context.vault, desk.outlets)
            return bool(await desk.rows("select 1 from message where state = 'sent'"))

        await eventually(sent, what="the message is sent again")
        assert len(receiver.calls) == 2
        assert all(call.holds() for call in receiver.calls)
        assert len({(call.key, call.body) for call in receiver.calls}) == 1
