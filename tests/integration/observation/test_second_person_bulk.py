"""One decision about many cases touches none of them until somebody else lets it."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.observation.handlers.bulk import run_due
from tests.integration.observation.conftest import CLERK, OFFICER, Desk

pytestmark = pytest.mark.requirement("F17")

TOWN_CLERK, ANOTHER = ("community_clerk", "town"), ("hq_officer", "town")


async def ready(desk: Desk) -> list[UUID]:
    """Two cases that may be closed, where policy lets nobody close more than one alone."""
    cases = [await desk.open_case(), await desk.open_case()]
    async with desk.database.begin() as tx:
        await tx.execute(
            "update policy_version set document = jsonb_set(document, '{second_person,bulk_cases}', '1')"
        )
    desk.move(date(2020, 3, 10), "09:00")
    await desk.tick()
    return cases


async def close(desk: Desk, cases: list[UUID], who: tuple[str, str]) -> str:
    body = {"decision_id": str(uuid4()), "kind": "close", "reason": "期满"}
    answer = await desk.post("/v1/bulk-decisions", body | {"case_ids": [str(one) for one in cases]}, who)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["bulk_id"])


async def state(desk: Desk, bulk_id: str, who: tuple[str, str]) -> str:
    await run_due(desk.database, desk.client.context.vault, desk.outlets)
    return str((await desk.get(f"/v1/bulk-actions/{bulk_id}", who)).json()["state"])


async def closed(desk: Desk) -> int:
    return len(await desk.rows("select 1 from observation_case where ended_at is not null"))


async def test_many_cases_wait_for_another_person(desk: Desk) -> None:
    cases = await ready(desk)
    bulk_id = await close(desk, cases, CLERK)
    assert await state(desk, bulk_id, CLERK) == "asked"
    assert await closed(desk) == 0
    decision = {"outcome": "approved", "reason": "已逐人核对"}
    path = f"/v1/second-person/{bulk_id}/decision"
    assert (await desk.post(path, decision, TOWN_CLERK)).status_code == 403
    assert (await desk.post(path, decision, ANOTHER)).status_code == 200
    assert await state(desk, bulk_id, CLERK) == "finished"
    assert await closed(desk) == 2


async def test_headquarters_own_wish_needs_another_of_them_and_a_refusal_ends_it(desk: Desk) -> None:
    cases = await ready(desk)
    bulk_id = await close(desk, cases, OFFICER)
    path = f"/v1/second-person/{bulk_id}/decision"
    own = await desk.post(path, {"outcome": "approved", "reason": "自己同意"}, OFFICER)
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    assert await state(desk, bulk_id, OFFICER) == "asked"

    other = await close(desk, cases, CLERK)
    refused = await desk.post(
        f"/v1/second-person/{other}/decision", {"outcome": "refused", "reason": "名单不对"}, ANOTHER
    )
    assert refused.json()["outcome"] == "refused"
    assert await state(desk, other, CLERK) == "cancelled"
    assert await closed(desk) == 0


async def test_one_case_waits_for_nobody(desk: Desk) -> None:
    [one, _] = await ready(desk)
    bulk_id = await close(desk, [one], CLERK)
    assert await state(desk, bulk_id, CLERK) == "finished"
