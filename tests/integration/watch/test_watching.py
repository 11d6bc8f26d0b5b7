"""Alerts and boards with real services, a real bus, a real Prometheus: each trouble is told, and its end as well."""

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import time, timedelta

import pytest

from deploy.watch.alerts import all_alerts
from deploy.watch.boards import BOARDS
from deploy.watch.pace import REAL
from shared.kernel.days import at_local, local_day
from shared.testing.waiting import eventually
from tests.integration.watch.scene import (
    Scene,
    browsed,
    bus_down,
    device_in_trouble,
    killed,
    late_read_model,
    late_revocation,
    led_by_nobody,
    locked,
    poison,
    report_held_back,
    silent_gate,
    slow_devices,
    table_missing,
)

CASES = "lock table observation_case in exclusive mode"
QUICK_ONES = {
    *("GateClockSkew", "GateListStale", "GateQueueStuck", "DeadLettersPresent", "LeaderMissing"),
    *("EventHeartbeatMissing", "OutboxStuck", "TargetDown"),
}
SLOW_ONES = {
    *("GateVerdictErrorBudgetBurn", "GateOffline", "RevocationSlow", "ConsumerStuck", "ProjectionLagHigh"),
    *("DeclarationIntakeDrop", "ObservationWindowNotClosed", "FollowUpBacklogGrowing"),
    *("ServiceErrorBudgetBurn", "ReportContinuityMismatch", "DailyReportLate", "RecordsBrowsed"),
}

pytestmark = pytest.mark.timeout(600)


def asked(query: str) -> str:
    """A panel's query with everything chosen."""
    query = query.replace("$__rate_interval", "10s")
    return re.sub(r"\$(compound|service)\b", ".*", query)


async def test_every_panel_of_every_board_shows_what_the_services_tell(scene: Scene) -> None:
    empty: list[str] = []

    async def look() -> bool:
        empty.clear()
        for board in BOARDS:
            for panel in board.panels:
                for line in panel.lines:
                    found = await asyncio.to_thread(scene.prometheus.query, asked(line.query))
                    if not found:
                        empty.append(f"{board.uid}: {panel.title}: {line.query}")
        return not empty

    try:
        await eventually(look, within=60, every=1, what="every panel shows something")
    except AssertionError as error:
        raise AssertionError("\n".join(empty)) from error


async def test_what_comes_often_is_told_when_it_happens_and_when_it_is_over(scene: Scene) -> None:
    await scene.fire("Watchdog")
    async with AsyncExitStack() as troubles:
        await troubles.enter_async_context(device_in_trouble(scene))
        await troubles.enter_async_context(led_by_nobody(scene))
        await troubles.enter_async_context(poison(scene))
        await scene.fire(
            *("GateClockSkew", "GateListStale", "GateQueueStuck", "LeaderMissing", "DeadLettersPresent")
        )
    async with AsyncExitStack() as troubles:
        await troubles.enter_async_context(killed(scene, "sanitation"))
        await troubles.enter_async_context(bus_down(scene))
        await scene.fire("TargetDown", "EventHeartbeatMissing", "OutboxStuck")
    await scene.clear(*QUICK_ONES)


@pytest.mark.release
async def test_every_other_alert_is_told_when_it_happens_and_when_it_is_over(scene: Scene) -> None:
    assert QUICK_ONES | SLOW_ONES | {"Watchdog"} == {alert.name for alert in all_alerts(REAL)}
    async with late_revocation(scene):
        await scene.fire("ConsumerStuck")
    await scene.fire("RevocationSlow")
    async with AsyncExitStack() as troubles:
        await troubles.enter_async_context(silent_gate(scene))
        await troubles.enter_async_context(slow_devices(scene))
        await troubles.enter_async_context(late_read_model(scene))
        await troubles.enter_async_context(table_missing(scene))
        await scene.fire(
            "GateOffline", "GateVerdictErrorBudgetBurn", "ProjectionLagHigh", "ServiceErrorBudgetBurn"
        )
    async with report_held_back(scene):
        await scene.fire("ReportContinuityMismatch", "DailyReportLate")
    await scene.clear("ReportContinuityMismatch", "DailyReportLate")
    await _people_who_do_not_declare(scene)
    await browsed(scene)
    await scene.fire("RecordsBrowsed")
    await scene.clear(*SLOW_ONES)


async def _people_who_do_not_declare(scene: Scene) -> None:
    """Four people declare for two mornings and on the third nobody does; then nobody closes the window."""
    first = local_day(scene.stack.now())
    back = [await scene.watch.back(first) for _ in range(4)]
    cases = [(await scene.watch.case_of(intake))["case_id"] for intake in back]
    for nth in (1, 2):
        await scene.stack.move_to(at_local(first + timedelta(days=nth), time(7, 30)))
        for case_id in cases:
            await scene.watch.declare(case_id)
    third = first + timedelta(days=3)
    await scene.stack.move_to(at_local(third, time(9, 30)))
    await scene.fire("DeclarationIntakeDrop")
    async with locked(scene, "observation", CASES):
        scene.set_clock(at_local(third, time(10, 6)))
        await scene.fire("ObservationWindowNotClosed")
    await scene.fire("FollowUpBacklogGrowing")
    await scene.clear("DeclarationIntakeDrop", "ObservationWindowNotClosed")
    await scene.stack.equal()
