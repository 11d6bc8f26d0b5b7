"""What headquarters see of sanitation: rounds missed and made good, isolation waste, airing; each in its scope."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.events.sanitation import (
    VentilationLogged,
    WastePickupDone,
    WastePickupDue,
    WastePickupMissed,
    WastePickupWithdrawn,
)
from tests.conftest import NINE_ON_THE_24TH, Client
from tests.integration.reporting.world import (
    COMPOUNDS,
    TODAY,
    Log,
    closed_short,
    compounds,
    deliver,
    pickup,
    site,
)

YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.scenario("S1", "S4")
@pytest.mark.requirement("R5.1", "R5.2", "R7.2")
async def test_headquarters_see_what_is_short_and_what_is_not_fetched(
    client_for: Callable[[str], Awaitable[Client]],
) -> None:
    reporting, log = await client_for("reporting"), Log()
    here, there = COMPOUNDS[0], COMPOUNDS[2]
    lifts = [site(here), site(here), site(there, "stairwell")]
    log.say(*compounds(), *lifts)
    log.say(*(closed_short(one, day=YESTERDAY, shortfall=2) for one in lifts))
    log.say(closed_short(lifts[0], day=YESTERDAY, shortfall=0))
    due = NINE_ON_THE_24TH - timedelta(hours=1)
    for number in range(4):
        log.say(WastePickupDue(**pickup(here, number), due_at=due))
    log.say(
        WastePickupMissed(**pickup(here, 0), reason="not_done"),
        WastePickupMissed(**pickup(here, 1), reason="nobody_opened"),
        WastePickupDone(**pickup(here, 1), bags=3, handed_over_at=NINE_ON_THE_24TH),
        WastePickupWithdrawn(**pickup(here, 2)),
        VentilationLogged(
            ventilation_id=lifts[0].site_id,
            site_id=lifts[0].site_id,
            compound=there,
            kind="stairwell",
            began_at=NINE_ON_THE_24TH,
            minutes=30,
        ),
    )
    await deliver(reporting.context.database, log)

    async def ask(path: str, role: str, scope: str = "town") -> dict[str, Any]:
        answer = await reporting.http.get(path, headers=reporting.as_role(role, scope))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    short = await ask("/v1/rounds-missed", "hq_officer")
    assert short["day"] == YESTERDAY.isoformat()
    assert [
        (one["compound"], one["kind"], one["sites_short"], one["rounds_short"], one["made_good"])
        for one in short["lines"]
    ] == [(here, "lift", 1, 2, 1), (there, "stairwell", 1, 2, 0)]
    assert (await ask("/v1/rounds-missed?day=2020-02-22", "hq_officer"))["lines"] == []
    mine = await ask("/v1/rounds-missed", "community_clerk", "neighbourhood:nb-02")
    assert [one["compound"] for one in mine["lines"]] == [there]

    waste = await ask("/v1/waste", "supervisor")
    assert [
        (*(one[name] for name in ("compound", "pickups", "done", "missed", "overdue", "bags", "airings")),)
        for one in waste["lines"]
    ] == [(here, 3, 1, 1, 1, 3, 0), (there, 0, 0, 0, 0, 0, 1)]
    refused = await reporting.http.get("/v1/waste", headers=reporting.as_role("property_manager"))
    assert refused.status_code == 403
