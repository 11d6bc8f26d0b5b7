"""Leads, lists, forms and applications are kept for the policy's days; then texts and keys go, and figures stay."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.registry.handlers.retention import forget_texts, forget_workers
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.registry import test_call_list as call_list
from tests.integration.registry import test_leads as leads
from tests.integration.registry import test_pass_applications as applications
from tests.integration.registry import test_watch_lists as watch_lists
from tests.integration.registry import test_workers_and_posts as workers
from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.surveying import coverage, form, hand_in, member, open_round

pytestmark = [pytest.mark.scenario("F20"), pytest.mark.requirement("Data and law")]

KEYED = {
    "lead": "key_ref",
    "lead_reporter": "reporter_ref",
    "watch_line": "line_id",
    "call_entry": "entry_id",
    "survey_submission": "key_ref",
    "survey_resolution": "key_ref",
    "pass_application": "key_ref",
    "volunteer_application": "key_ref",
    "business": "key_ref",
}
"""Whose key seals what a table holds."""
SEALED = (*KEYED, "watch_settlement", "call_attempt", "survey_finding", "survey_offer", "survey_member")
COLUMNS = """
select column_name from information_schema.columns
where table_schema = 'public' and table_name = $1 and column_name like '%\\_sealed'
"""


async def sealed(desk: Desk) -> dict[str, int]:
    """How many values of each table are sealed."""
    found: dict[str, int] = {}
    for table in SEALED:
        columns = [row["column_name"] for row in await desk.rows(COLUMNS, table)]
        told = " + ".join(f"(coalesce(octet_length({column}), 0) > 0)::int" for column in columns)
        [row] = await desk.rows(f"select coalesce(sum({told}), 0)::int as n from {table}")
        found[table] = row["n"]
    return found


async def keys(desk: Desk) -> list[UUID]:
    return [
        row["ref"]
        for table, column in KEYED.items()
        for row in await desk.rows(f"select {column} as ref from {table}")
    ]


async def told_and_settled(desk: Desk) -> tuple[str, str, str]:
    """One of each kind that was told, and is over: the lead, the list, the round."""
    told = await leads.tell(desk, reporter={"name": "慕容听雪", "phone": "19911110000"})
    path = f"/v1/leads/{told['lead_id']}"
    assignment = {"kind": "grid", "code": "lj-001-w01"}
    assert (await desk.post(f"{path}/assignment", assignment)).status_code == 200
    assert (await desk.post(f"{path}/closure", {"valid": True, "reason": "confirmed"})).status_code == 200
    list_id = await watch_lists.begin(desk)
    lines = watch_lists.sheet(watch_lists.line("沈白芷", resident_id(501), "19922220000", "同车厢"))
    assert (await watch_lists.send(desk, list_id, lines)).json()["new"] == 1
    [line] = await watch_lists.lines_of(desk, list_id)
    settled = await watch_lists.settle(desk, list_id, line["line_id"], disposition="elsewhere")
    assert settled.status_code == 200, settled.text
    entry = await call_list.add(desk, call_list.someone())
    await call_list.call(desk, entry["entry_id"], "refused", note="不愿多说")
    round_id = (await open_round(desk))["round_id"]
    [home] = await desk.rows("select dwelling_id from dwelling where compound_id = 'lj-001' limit 1")
    filed = form(
        round_id,
        str(home["dwelling_id"]),
        note="门口堆着快递",
        members=[member(desk)],
        findings=[{"kind": "other", "note": "楼上有人返乡"}],
        offers=[{"member": 0, "kind": "gate_duty", "note": "周末可以值守"}],
    )
    await hand_in(desk, filed, CLERK)
    application, _ = await applications.from_home(desk)
    refused = await applications.act(desk, application, "refusal", {"reason": "other", "note": "材料不清"})
    assert refused[0] == 200, refused
    business = {
        "version": 0,
        "name": "云桥便利店",
        "kind": "shop",
        "address": "云桥路 1 号 门面 3",
        "contact": {"name": "慕容听雨", "phone": "19988887777"},
    }
    shop = f"/v1/compounds/lj-001/businesses/{uuid4()}"
    headers = desk.client.as_role(*CLERK)
    for version, more in enumerate(({}, {"closed_on": "2020-02-24"})):
        answer = await desk.client.http.put(
            shop, json=business | {"version": version} | more, headers=headers
        )
        assert answer.status_code in {200, 201}, answer.text
    return path, list_id, round_id


async def test_what_was_told_goes_with_its_key_when_its_days_are_over_and_figures_stay(desk: Desk) -> None:
    path, list_id, round_id = await told_and_settled(desk)
    vault = desk.client.context.vault

    async def figures() -> list[Any]:
        lead = (await desk.get(path)).json()
        lists = (await desk.get(f"/v1/watch-lists/{list_id}", OFFICER)).json()["figures"]
        calls = (await desk.get("/v1/call-list/figures", OFFICER)).json()
        return [lead["state"], lead["valid"], lists, calls, await coverage(desk, round_id)]

    everything, refs = await sealed(desk), await keys(desk)
    assert (
        min(
            everything[table]
            for table in KEYED
            if table not in ("survey_resolution", "volunteer_application")
        )
        > 0
    )
    desk.move("2020-03-25 08:59")
    before = await figures()
    await forget_texts(desk.database, vault=vault)
    assert (await desk.get(path)).json()["text"] == leads.TEXT
    assert await sealed(desk) == everything

    desk.move("2020-04-04 09:00")
    await forget_texts(desk.database, vault=vault)
    assert {table for table, left in (await sealed(desk)).items() if left == 0} >= {
        *("watch_line", "watch_settlement", "call_entry", "call_attempt", "pass_application", "business"),
    }
    desk.move("2020-05-24 09:01")
    await forget_texts(desk.database, vault=vault)
    left = {table: number for table, number in (await sealed(desk)).items() if number}
    assert left == {"survey_member": 1}, "what a member stated lies under a key of their own"
    assert await vault.keys(refs) == {}
    assert await figures() == before
    read = (await desk.get(path)).json()
    assert (read["text"], read["place"]) == (None, None)
    assert (
        "保存期已过"
        in (
            await desk.client.http.get(
                path.removeprefix("/v1"), headers=desk.client.as_role(*OFFICER) | {"Accept": "text/html"}
            )
        ).text
    )


async def test_without_days_in_the_policy_everything_stays(desk: Desk) -> None:
    await told_and_settled(desk)
    async with desk.database.begin() as tx:
        await tx.execute(
            "update policy_version set document = jsonb_set(document::jsonb, '{retention}', "
            """'{"health_days": 30, "contact_days": 30, "trip_days": 30}')"""
        )
    before = await sealed(desk)
    desk.move("2021-02-24 09:00")
    await forget_texts(desk.database, vault=desk.client.context.vault)
    assert await sealed(desk) == before


async def test_how_to_reach_a_worker_goes_some_days_after_the_last_post(desk: Desk) -> None:
    served, serves, waits = [await workers.worker(desk, f"W000{nth}") for nth in (1, 2, 3)]
    assert (await workers.post(desk, served, until_day="2020-02-25")).status_code == 201
    assert (await workers.post(desk, serves)).status_code == 201

    async def named() -> list[bool]:
        answers = [await desk.get(f"/v1/workers/{ref}", OFFICER) for ref in (served, serves, waits)]
        return [answer.json()["name"] is not None for answer in answers]

    for days, expected in ((31, [True, True, True]), (32, [False, True, True])):
        desk.client.move_to(NINE_ON_THE_24TH + timedelta(days=days))
        await forget_workers(desk.database)
        assert await named() == expected
    posts = (await desk.get(f"/v1/workers/{served}", OFFICER)).json()["postings"]
    assert [one["until_day"] for one in posts] == ["2020-02-25"]
    again = await workers.put(desk, "/v1/workers/W0001", workers.WORKER | {"version": 1})
    assert again.status_code == 200, again.text
    assert await named() == [True, True, True]
