"""A few people through sixteen days by the benchmark's plan and oracle; ten thousand with the release."""

from collections.abc import Awaitable, Callable

import pytest

from tests.bench.observation import Town, check, draw, live
from tests.conftest import Client


@pytest.mark.scenario("O4", "O5", "O6", "O12")
async def test_fourteen_days_of_declarations_come_out_as_the_plan_says(
    client_for: Callable[[str], Awaitable[Client]],
) -> None:
    client = await client_for("observation")
    people = draw(8, fevers=0.2)
    assert {way for person in people for way in person.ways.values()} == {
        "in_time",
        "late",
        "missed",
        "fever",
    }
    town = Town(client.context, client.http, client.issuer, client.clock_file)
    outcome = await live(town, people)
    assert outcome.faults == []
    assert outcome.closed == 8
    assert outcome.declared == sum(way != "missed" for person in people for way in person.ways.values())
    somebody = people[0]
    somebody.ways[5, "evening"] = "missed" if somebody.ways[5, "evening"] == "in_time" else "in_time"
    assert len(await check(client.context, people)) == 1, "the oracle sees one window that is otherwise"
