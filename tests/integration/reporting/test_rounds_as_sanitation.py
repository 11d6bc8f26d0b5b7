"""HQ's rounds are sanitation's: the board says of every compound what the day sheets say, on the same events."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.sanitation.imports.job import SiteImports
from shared.kernel.clock import write_control
from shared.kernel.ids import CompoundId
from tests.conftest import NINE_ON_THE_24TH, Client
from tests.integration.reporting.world import Log, compounds, deliver, policy_revised
from tests.integration.sanitation.test_site_import import site_line, site_list
from tests.integration.sanitation.world import Service, policy

PLACES = ("lj-001", "lj-002")
LISTS = (
    (
        site_line(1),  # policy's number
        site_line(2, rounds="3"),
        site_line(3, rounds="1"),
        site_line(4, status="停用"),
        site_line(5, since="2020-03-01"),
        site_line(6, rounds="2"),
        site_line(7, compound="lj-002"),
        site_line(8, compound="lj-002"),
    ),
    (
        site_line(1, rounds="5"),
        site_line(4),  # into use
        site_line(6, rounds="2", status="停用"),
        site_line(7, compound="lj-002", kind="楼道"),
        site_line(8, compound="lj-002", since="2020-02-25"),
    ),
)
ROUNDS = (
    ("lj-001-s0001", "04:00"),
    ("lj-001-s0001", "08:00"),
    ("lj-001-s0001", "08:05"),
    ("lj-001-s0003", "00:00"),
    ("lj-001-s0003", "08:30"),  # more than it owes
    ("lj-001-s0006", "07:00"),  # taken out of use afterwards
    ("lj-002-s0007", "07:00"),
    ("lj-002-s0008", "06:00"),  # owes nothing yet, says the second list
)


@pytest.mark.scenario("S1")
@pytest.mark.scenario("H2")
@pytest.mark.requirement("R5.1")
async def test_what_a_compound_owes_and_has_is_what_its_day_sheets_say(
    client_for: Callable[[str], Awaitable[Client]],
) -> None:
    sanitation = Service(client=await client_for("sanitation"), imports=SiteImports())
    await sanitation.hear_compounds(*PLACES)
    await sanitation.hear_policy(1, date(2020, 2, 1), policy())
    await sanitation.send_list(site_list(*LISTS[0]))
    await sanitation.work()
    for code, at in ROUNDS:
        body: dict[str, Any] = {"round_id": str(uuid4()), "site_code": code, "agent": "chlorine_84"}
        body |= {"concentration_mg_l": 2000, "done_at": f"2020-02-24T{at}:00+08:00"}
        answer = await sanitation.post("/v1/rounds", body, "sanitation_worker")
        assert answer.status_code == 201, answer.text
    before = await _sheets(sanitation)
    reporting, log = await client_for("reporting"), Log()
    log.say(policy_revised(), *compounds(CompoundId(place) for place in PLACES))
    assert await _board(sanitation, reporting, log) == before

    await sanitation.send_list(site_list(*LISTS[1]))
    await sanitation.work()
    closure = {"closure_id": str(uuid4()), "from_day": "2020-02-24", "reason": "repair"}
    await sanitation.post("/v1/sites/lj-001-s0002/closures", closure, "community_clerk")

    after = await _sheets(sanitation)
    assert await _board(sanitation, reporting, log) == after
    assert before == {"lj-001": (4, 8, 4, 6), "lj-002": (2, 4, 2, 2)}
    assert after == {"lj-001": (3, 6, 3, 6), "lj-002": (1, 2, 1, 2)}

    write_control(reporting.clock_file, NINE_ON_THE_24TH - timedelta(days=1), 0.0)
    assert await _board(sanitation, reporting, log) == dict.fromkeys(PLACES, (0, 0, 0, 0)), "not known yet"


async def _sheets(sanitation: Service) -> dict[str, tuple[int, ...]]:
    """Sites on duty, rounds required, shortfall, rounds outside the range."""
    found: dict[str, tuple[int, ...]] = {}
    for place in PLACES:
        sheet = (await sanitation.get("/v1/day-sheets", "supervisor", compound=place)).json()
        on_duty = [site for site in sheet["sites"] if site["state"] != "exempt"]
        outside = sum(site["outside_range"] for site in sheet["sites"])
        found[place] = (len(on_duty), sheet["required"], sheet["shortfall"], outside)
    return found


async def _board(sanitation: Service, reporting: Client, log: Log) -> dict[str, tuple[int, ...]]:
    """The same from the board, once it has heard everything that sanitation has said."""
    told = await sanitation.context.database.pool.fetch(
        "select document from outbox where channel = 'rounds' order by id"
    )
    log.channels["sanitation", "rounds"] = [row["document"] for row in told]
    await deliver(reporting.context.database, log)
    answer = await reporting.http.get("/v1/board", headers=reporting.as_role("hq_officer"))
    lines: list[dict[str, Any]] = answer.json()["compounds"]
    return {
        line["compound"]: (
            line["sites"],
            line["rounds_required"],
            line["rounds_required"] - line["rounds_counted"],
            line["rounds_outside_range"],
        )
        for line in lines
    }
