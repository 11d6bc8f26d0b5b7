"""Who opens the records of unusually many people within an hour is noticed, and auditors are shown it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.audit import browsing
from shared.obs.metrics import LED
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.conftest import Client

pytestmark = pytest.mark.requirement("F17")

READS = """
insert into audit_read (at, actor, role, action, person_ref, correlation_id)
select $1, $2, $3, 'people.sheet', gen_random_uuid(), case when $5 then $6::uuid else gen_random_uuid() end
from generate_series(1, $4::int)
"""


@pytest.fixture
async def client(client_for: Callable[[str], Awaitable[Client]]) -> Client:
    """The registry with its first policy: more than fifty people an hour, ten at once are a list."""
    return await client_for("registry")


async def read(
    client: Client, actor: str, people: int, *, at: int = 0, role: str = "grid_worker", together: bool = False
) -> None:
    """Reads of so many people, some minutes after nine: one by one, or in one request."""
    await client.context.database.pool.execute(
        READS, NINE + timedelta(minutes=at), actor, role, people, together, uuid4()
    )


def told() -> float:
    """What a leader's figures say."""
    with LED.leading():
        return LED.get_sample_value("audit_browsing_noticed_total") or 0


async def noticed(client: Client, minute: int) -> list[tuple[str, int]]:
    """Who is shown to an auditor after a look at so many minutes past nine."""
    client.move_to(NINE + timedelta(minutes=minute))
    await browsing.look(client.context.database)
    answer = await client.http.get("/v1/audit/browsing", headers=client.as_role("auditor"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return [(one["actor"], one["records"]) for one in items]


async def test_whoever_opens_more_records_within_an_hour_than_usual_is_noticed_once(client: Client) -> None:
    before = told()
    await read(client, "busy", 50)
    assert await noticed(client, 1) == []
    await read(client, "busy", 1, at=2)
    assert await noticed(client, 3) == [("busy", 51)]
    assert await noticed(client, 4) == [("busy", 51)]
    await read(client, "busy", 9, at=5)
    assert await noticed(client, 6) == [("busy", 51)], "once an hour"
    assert told() == before + 1
    assert await noticed(client, 62) == [("busy", 51)]
    page = await client.http.get("/audit", headers=client.as_role("auditor") | {"Accept": "text/html"})
    assert "查阅异常" in page.text
    assert "busy" in page.text


async def test_an_hour_is_any_sixty_minutes(client: Client) -> None:
    await read(client, "slow", 50, at=0)
    await read(client, "slow", 50, at=61)
    assert await noticed(client, 62) == []
    await read(client, "late", 30, at=50)
    await read(client, "late", 30, at=70)
    assert await noticed(client, 71) == [("late", 60)]


async def test_lists_devices_and_the_same_person_again_do_not_count(client: Client) -> None:
    await read(client, "pages-through", 40, together=True)
    await read(client, "pages-through", 40, together=True)
    await read(client, "device-1", 90, role="device")
    person = uuid4()
    for _ in range(60):
        await client.context.database.pool.execute(
            "insert into audit_read (at, actor, role, action, person_ref) values ($1, 'carer', 'grid_worker', 'x', $2)",
            NINE,
            person,
        )
    assert await noticed(client, 1) == []


async def test_without_a_number_in_the_policy_nobody_is_noticed(client: Client) -> None:
    await client.context.database.pool.execute("update policy_version set document = document - 'audit'")
    await read(client, "busy", 99)
    assert await noticed(client, 1) == []
