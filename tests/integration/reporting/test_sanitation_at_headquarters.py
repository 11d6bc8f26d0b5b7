"""What headquarters see of sanitation: rounds missed and made good, isolation waste, airing; each in its scope."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.events.sanitation import (
    RectificationClosed,
    RectificationMended,
    RectificationOverdue,
    VentilationLogged,
    WastePickupDone,
    WastePickupDue,
    WastePickupMissed,
    WastePickupWithdrawn,
)
from tests.conftest import NINE_ON_THE_24TH, Client
from tests.integration.reporting.supervised import an_order, inspected, ordered, venue
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


@pytest.mark.scenario("S5", "H4")
@pytest.mark.requirement("R5.3", "R5.4", "R7.2")
async def test_headquarters_see_what_is_overdue_and_open_and_it_counts_as_trouble(
    client_for: Callable[[str], Awaitable[Client]],
) -> None:
    reporting, log = await client_for("reporting"), Log()
    here, there, quiet = COMPOUNDS[0], COMPOUNDS[2], COMPOUNDS[1]
    now = NINE_ON_THE_24TH
    lift = site(there)
    log.say(*compounds(), lift)
    early = now - timedelta(hours=6)
    # Here: one overdue that went up two levels, one mended, one closed, one with time left; two venues, one found open.
    log.say(*(ordered(here, number, early, 2) for number in range(3)), ordered(here, 3, now, 4))
    for level in (1, 2):
        log.say(
            RectificationOverdue(
                **an_order(here, 0), level=level, due_at=early + timedelta(hours=2), overdue_since=now
            )
        )
    log.say(RectificationMended(**an_order(here, 1), mended_at=now))
    log.say(RectificationClosed(**an_order(here, 2), outcome="rectified", closed_at=now))
    log.say(*(venue(here, number, early, "closed") for number in range(2)), venue(here, 1, now, "found_open"))
    log.say(*(inspected(here, now, result) for result in ("pass", "fail", "fail")))
    # There: a site that closed short by two rounds, one that was made good, waste that was not fetched.
    log.say(closed_short(lift, day=YESTERDAY, shortfall=2))
    log.say(closed_short(site(there), day=YESTERDAY, shortfall=0))
    log.say(closed_short(lift, day=YESTERDAY - timedelta(days=1), shortfall=2))
    log.say(WastePickupMissed(**pickup(there, 0), reason="not_done"))
    log.say(WastePickupMissed(**pickup(there, 1) | {"day": TODAY - timedelta(days=9)}, reason="not_done"))
    log.say(
        WastePickupMissed(**pickup(there, 2) | {"day": TODAY - timedelta(days=9)}, reason="not_handed_over")
    )
    await deliver(reporting.context.database, log)

    headers = reporting.as_role("hq_officer")
    board = (await reporting.http.get("/v1/board", headers=headers)).json()
    names = (
        "problems",
        "sites_short",
        "rounds_missed",
        "pickups_missed",
        "orders_overdue",
        "venues_found_open",
    )
    lines = {one["compound"]: tuple(one[name] for name in names) for one in board["compounds"]}
    assert lines[there] == (3, 1, 2, 2, 0, 0)
    assert lines[here] == (2, 0, 0, 0, 1, 1)
    assert lines[quiet] == (0, 0, 0, 0, 0, 0)
    assert [one["compound"] for one in board["compounds"]][:2] == [there, here]
    assert board["totals"]["problems"] == 5
    sources = {one["source"] for one in board["as_of"]}
    assert {"sanitation.inspections", "sanitation.venues", "sanitation.waste"} <= sources

    found = (await reporting.http.get("/v1/supervision", headers=headers)).json()
    [line] = found["lines"]
    assert line == {
        "compound": here,
        "orders_open": 3,
        "orders_overdue": 1,
        "orders_mended": 1,
        "highest_level": 2,
        "venues_closed": 1,
        "venues_approved": 0,
        "venues_found_open": 1,
        "inspections": 3,
        "passed": 1,
        "flagged": 0,
        "failed": 2,
        "spot_checks": 0,
    }
    clerk = reporting.as_role("community_clerk", "neighbourhood:nb-02")
    assert (await reporting.http.get("/v1/supervision", headers=clerk)).json()["lines"] == []
