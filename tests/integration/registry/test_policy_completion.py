"""A registry that starts on a database whose policy is older than the program."""

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from services.registry.handlers.policy import SEED, seed
from services.registry.store import policy as store
from shared.context import Context

DOCUMENT: dict[str, Any] = json.loads(SEED.read_bytes())["document"]
OLD_VERSION = """
insert into policy_version (version, effective_from, revised_by, revised_at, document)
values ($1, $2, 'officer', '2020-02-01T00:00:00Z', $3)
"""
TOLD = "select document from outbox where subject = 'fk.evt.registry.policy.PolicyRevised._town' order by id"


def older() -> dict[str, Any]:
    """As it was written before posts were ruled: the section is not there at all."""
    document = copy.deepcopy(DOCUMENT)
    del document["posts"], document["checkpoints"]["temporary_hours"]
    document["temperature"]["fever_from_c"] = "37.5"
    return document


async def holding(context: Context, *versions: tuple[int, date, dict[str, Any]]) -> None:
    async with context.database.begin() as tx:
        for version in versions:
            await tx.execute(OLD_VERSION, *version)


@pytest.mark.requirement("R1.2")
async def test_three_starts_at_once_complete_an_older_policy_once(
    context_for: Callable[[str], Awaitable[Context]],
) -> None:
    context = await context_for("registry")
    await holding(context, (1, date(2020, 2, 1), older()), (2, date(2020, 3, 1), older()))
    await asyncio.gather(*[seed(context.database) for _ in range(3)])
    await seed(context.database)
    async with context.database.read() as conn:
        told = [json.loads(row["document"])["data"] for row in await conn.fetch(TOLD)]
        kept = [await store.by_version(conn, number) for number in (1, 3, 4, 5)]
        days = [await store.policy_at(conn, date(2020, month, 23)) for month in (2, 3)]
        today = await store.policy_at(conn, date(2020, 2, 24))
    assert [(event["version"], event["effective_from"], event["revised_by"]) for event in told] == [
        (3, "2020-02-24", "seed"),
        (4, "2020-03-01", "seed"),
    ]
    assert kept[0] is not None
    assert kept[0]["document"] == older()  # what was in force stays what it was
    assert kept[3] is None
    for event in told:
        assert event["document"]["temperature"]["fever_from_c"] == "37.5"
        assert len(event["document"]["posts"]["needs"]) == len(DOCUMENT["posts"]["needs"])
        assert event["document"]["checkpoints"]["temporary_hours"] == 72
    assert [policy and policy.version for policy in (*days, today)] == [1, 4, 3]
