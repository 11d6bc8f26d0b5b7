"""What headquarters makes of a survey: coverage over the address list, whatever order the forms arrive in."""

import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import Client
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.surveying import coverage, form, member, open_round, residents, targets
from tests.integration.registry.test_survey_rounds import build
from tests.integration.reporting.world import Log, deliver

TOLD = "select channel, document from outbox order by id"


async def board(desk: Desk, reporting: Client) -> dict[str, Any]:
    log = Log()
    for row in await desk.rows(TOLD):
        log.channels["registry", row["channel"]].append(row["document"])
    await deliver(reporting.context.database, log)
    answer = await reporting.http.get("/v1/board", headers=reporting.as_role("hq_officer"))
    lines: list[dict[str, Any]] = answer.json()["compounds"]
    assert answer.json()["totals"]["survey_final"] == sum(line["survey_final"] for line in lines)
    return next(line for line in lines if line["compound"] == "lj-001")


def figures(line: dict[str, Any]) -> tuple[int, int, int, str]:
    return line["survey_dwellings"], line["survey_final"], line["survey_conflicts"], line["survey_percent"]


@pytest.mark.scenario("P7")
@pytest.mark.scenario("P8")
@pytest.mark.requirement("R4.1")
async def test_headquarters_sees_the_same_coverage_in_whatever_order_forms_arrive(
    desk: Desk, client_for: Callable[[str], Awaitable[Client]]
) -> None:
    reporting = await client_for("reporting")
    round_id = (await open_round(desk))["round_id"]
    homes = [one["dwelling_id"] for one in await targets(desk, round_id)]
    shuffle = random.Random(20200224)
    queue: list[dict[str, Any]] = []
    agreed, disagreeing = homes[:3], homes[3:6]
    for home in agreed:  # nobody home, refused, then done, and the same again by somebody else
        came = member(desk)
        queue += [
            form(round_id, home, "absent", visited_at="2020-02-24T08:56:00+08:00"),
            form(round_id, home, "refused"),
            form(round_id, home, members=[came]),
            form(round_id, home, members=[came]),
        ]
    for home in disagreeing:
        one, two = member(desk), member(desk)
        queue += [
            form(round_id, home, members=[one]),
            form(round_id, home, members=[one, two]),
            form(round_id, home, "absent"),
        ]
    queue += [form(round_id, homes[6], "refused"), form(round_id, homes[6], "absent")]
    sent = [*queue, *queue]  # every device sends its queue twice
    shuffle.shuffle(sent)
    answer = await desk.post("/v1/survey-submissions/batch", {"submissions": sent}, CLERK)
    statuses = [one["status"] for one in answer.json()["items"]]
    assert sorted(set(statuses)) == ["created", "exists"]
    assert statuses.count("created") == len(queue)

    total = (await coverage(desk, round_id))["total"]
    assert (total["final"], total["conflict"], total["absent"] + total["refused"], total["not_visited"]) == (
        3,
        3,
        1,
        3,
    )
    assert total["final"] + total["remaining"] == total["dwellings"] == 10
    for home in agreed:
        assert len(await residents(desk, home)) == 1
    assert figures(await board(desk, reporting)) == (10, 3, 3, "30.0")

    for home in disagreeing:
        path = f"/v1/survey-rounds/{round_id}/conflicts"
        listed = (await desk.get(path, CLERK, compound="lj-001")).json()["items"]
        [one] = [each for each in listed if each["dwelling_id"] == home]
        fuller = max(one["current"], one["other"], key=lambda side: side["here"])
        body = {"resolution_id": str(uuid4()), "chosen": fuller["submission_id"], "reason": "核实为两人"}
        told = await desk.post(f"/v1/survey-rounds/{round_id}/dwellings/{home}/resolution", body, CLERK)
        assert (told.status_code, told.json()["people"]) == (201, 2)
    people = await desk.rows("select count(*) from person")
    assert people == [{"count": 3 + 2 * 3}]
    assert figures(await board(desk, reporting)) == (10, 6, 0, "60.0")

    for home in homes[6:]:
        await desk.post("/v1/survey-submissions", form(round_id, home, "empty", witness="neighbour"), CLERK)
    assert figures(await board(desk, reporting)) == (10, 10, 0, "100.0")
    await desk.post(f"/v1/survey-rounds/{round_id}/closure", {}, OFFICER)
    await build(desk, "101")  # built after the round: it belongs to the next one
    assert figures(await board(desk, reporting)) == (10, 10, 0, "100.0")
    again = (await open_round(desk, number=2))["round_id"]
    assert figures(await board(desk, reporting)) == (11, 0, 0, "0.0")
    assert UUID(again)
