"""Site lists on their way in: resumed, repeated, and right against a list with known faults."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.sanitation.imports import job
from services.sanitation.store import imports as imports_store
from tests.integration.sanitation.world import Service

HEADER = "点位编号,小区编号,小区,点位类型,点位名称,楼栋,单元,每日消杀次数,启用日期,状态,备注"
KINDS = ("电梯", "楼道", "门卫室", "垃圾箱房", "垃圾桶", "口罩回收桶", "公共区域")


def site_line(number: int, *, compound: str = "lj-001", **changes: str) -> str:
    cells = {
        "code": f"{compound}-s{number:04}",
        "compound": compound,
        "kind": KINDS[number % len(KINDS)],
        "rounds": "" if number % 3 else "2",
        "since": "2020-02-05",
        "status": "启用",
    } | changes
    return (
        f"{cells['code']},{cells['compound']},南溪花园,{cells['kind']},{number}号点位,,,"
        f"{cells['rounds']},{cells['since']},{cells['status']},"
    )


def site_list(*lines: str) -> bytes:
    return "\r\n".join((HEADER, *lines)).encode("utf-8-sig")


async def settle(service: Service) -> None:
    """As if file and compounds had rested for a minute."""
    await service.context.database.pool.execute(
        "update import_job set received_at = received_at - interval '1 minute'"
    )
    await service.context.database.pool.execute(
        "update bus_position set moved_at = moved_at - interval '1 minute'"
    )


async def progress(service: Service, import_id: str) -> dict[str, Any]:
    answer = await service.get(f"/v1/imports/{import_id}", "community_clerk")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def figures(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix("rows_"): value
        for name, value in told.items()
        if name == "state" or (name.startswith("rows_") and name not in ("rows_total", "rows_done"))
    }


@pytest.mark.scenario("P6")
async def test_good_rows_go_in_and_faults_go_on_the_error_sheet(sanitation: Service) -> None:
    content = site_list(
        site_line(1),
        site_line(2, kind="屋顶"),
        site_line(3, compound="lj-077"),
        site_line(1),
        site_line(4, status="停用"),
        site_line(5, compound="lj-002", rounds="３"),
        site_line(6, since="2020-02-30"),
    )
    accepted = await sanitation.send_list(content)
    assert accepted.status_code == 202, accepted.text
    import_id = accepted.json()["import_id"]
    await settle(sanitation)

    await sanitation.work()

    told = await progress(sanitation, import_id)
    assert figures(told) == {"state": "done", "accepted": 3, "unchanged": 0, "duplicate": 1, "rejected": 3}
    assert (told["rows_total"], told["rows_done"]) == (7, 7)
    sheet = await sanitation.get(f"/v1/imports/{import_id}/rows", "community_clerk", limit=3)
    rest = await sanitation.get(
        f"/v1/imports/{import_id}/rows", "community_clerk", after=sheet.json()["next"]
    )
    assert [
        (line["row"], line["column"], line["code"], line["outcome"])
        for line in sheet.json()["items"] + rest.json()["items"]
    ] == [
        (3, "点位类型", "site_kind_unknown", "rejected"),
        (4, "小区编号", "compound_unknown", "rejected"),
        (5, "", "duplicate", "duplicate"),
        (8, "启用日期", "date_impossible", "rejected"),
    ]
    assert rest.json()["next"] is None
    assert [
        (event["data"]["rounds_per_day"], event["data"]["since"], event["data"]["active"])
        for event in await sanitation.published("SiteRegistered")
    ] == [(None, "2020-02-05", True), (None, "2020-02-05", False), (3, "2020-02-05", True)]


async def test_the_same_list_again_changes_nothing(sanitation: Service) -> None:
    content = site_list(*(site_line(number) for number in range(1, 40)))
    first = await sanitation.send_list(content)
    same_job = await sanitation.send_list(content)
    await sanitation.work()
    events = await sanitation.published("SiteRegistered")

    second = await sanitation.send_list(content)
    await sanitation.work()

    assert same_job.json() == first.json()
    assert second.json() != first.json()
    assert figures(await progress(sanitation, second.json()["import_id"])) == {
        "state": "done",
        "accepted": 0,
        "unchanged": 39,
        "duplicate": 0,
        "rejected": 0,
    }
    assert await sanitation.published("SiteRegistered") == events


async def test_a_corrected_list_changes_what_it_corrects(sanitation: Service) -> None:
    await sanitation.post(
        "/v1/sites",
        {"code": "lj-002-s0003", "compound": "lj-002", "kind": "lift", "name": "x"},
        "community_clerk",
    )
    await sanitation.send_list(site_list(site_line(1), site_line(2), site_line(4, status="停用")))
    await sanitation.work()

    answer = await sanitation.send_list(
        site_list(
            site_line(1, rounds="5"),
            site_line(2, kind="电梯"),
            site_line(3, code="lj-002-s0003"),
            site_line(4),
        )
    )
    await sanitation.work()

    told = await progress(sanitation, answer.json()["import_id"])
    assert figures(told) == {"state": "done", "accepted": 3, "unchanged": 0, "duplicate": 0, "rejected": 1}
    sheet = await sanitation.get(f"/v1/imports/{answer.json()['import_id']}/rows", "community_clerk")
    assert [line["code"] for line in sheet.json()["items"]] == ["site_of_another_compound"]
    told_of = await sanitation.published("SiteRegistered")
    particulars = ("kind", "rounds_per_day", "since", "active")
    assert [(*(event["data"][name] for name in particulars), event["sequence"]) for event in told_of] == [
        ("lift", None, "2020-02-24", True, "1"),
        ("stairwell", None, "2020-02-05", True, "1"),
        ("gatehouse", None, "2020-02-05", True, "1"),
        ("bin_point", None, "2020-02-05", False, "1"),
        ("stairwell", 5, "2020-02-05", True, "2"),
        ("lift", None, "2020-02-05", True, "2"),
        ("bin_point", None, "2020-02-05", True, "2"),
    ]


async def test_a_site_that_is_taken_out_of_use_is_told_and_keeps_its_first_day(sanitation: Service) -> None:
    await sanitation.send_list(site_list(site_line(1)))
    await sanitation.work()
    sanitation.client.move_to(datetime(2020, 2, 26, 1, 0, tzinfo=UTC))
    await sanitation.send_list(site_list(site_line(1, status="停用")))
    await sanitation.work()

    first, last = await sanitation.published("SiteRegistered")

    assert (first["data"]["active"], last["data"]["active"], last["sequence"]) == (True, False, "2")
    assert last["data"]["on_duty_from"] is None
    assert last["data"] | {"active": True, "on_duty_from": first["data"]["on_duty_from"]} == first["data"]
    assert first["data"]["registered_at"] == "2020-02-24T01:00:00Z"


async def test_a_list_that_comes_before_its_compounds_waits_for_them(bare: Service) -> None:
    answer = await bare.send_list(site_list(site_line(1), site_line(2, compound="lj-002")))
    import_id = answer.json()["import_id"]
    await settle(bare)
    await bare.work()
    waiting = await progress(bare, import_id)

    await bare.hear_compounds("lj-001")
    await bare.work()
    not_yet = await progress(bare, import_id)
    await bare.hear_compounds("lj-002")
    await bare.work()

    assert (waiting["state"], waiting["rows_done"]) == ("running", 0)
    assert (not_yet["state"], not_yet["rows_done"]) == ("running", 0)
    assert figures(await progress(bare, import_id))["accepted"] == 2


class Killed(BaseException):
    """The process is gone."""


async def test_killed_between_pieces_an_import_goes_on_where_it_was(
    sanitation: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = site_list(*(site_line(number) for number in range(1, 1201)))
    answer = await sanitation.send_list(content)
    import_id = answer.json()["import_id"]
    advance, turns = imports_store.advance_import, []

    async def dying(*args: Any) -> None:
        await advance(*args)
        turns.append(args)
        if len(turns) in (2, 4):
            raise Killed  # within the transaction: after its rows, before its commit

    monkeypatch.setattr(imports_store, "advance_import", dying)
    seen = []
    for _ in range(3):
        try:
            await job.SiteImports().act(sanitation.context.database)
        except Killed:
            seen.append((await progress(sanitation, import_id))["rows_done"])

    told = await progress(sanitation, import_id)
    assert seen == [500, 1000]
    assert figures(told) == {"state": "done", "accepted": 1200, "unchanged": 0, "duplicate": 0, "rejected": 0}
    events = await sanitation.published("SiteRegistered")
    assert len(events) == len({event["data"]["site_id"] for event in events}) == 1200


async def test_two_workers_share_an_import_without_doing_it_twice(sanitation: Service) -> None:
    answer = await sanitation.send_list(site_list(*(site_line(number) for number in range(1, 1201))))

    await asyncio.gather(*(job.SiteImports().act(sanitation.context.database) for _ in range(3)))
    await sanitation.work()

    told = await progress(sanitation, answer.json()["import_id"])
    assert (told["state"], told["rows_accepted"]) == ("done", 1200)
    assert len(await sanitation.published("SiteRegistered")) == 1200


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 nothing", b"\xff\xfe\x00", "编号,小区\r\n1,2".encode(), HEADER.encode()],
)
async def test_what_is_no_list_is_refused_at_once(sanitation: Service, content: bytes) -> None:
    answer = await sanitation.send_list(content)

    assert (answer.status_code, answer.json()["code"]) == (422, "file_unreadable"), answer.text


async def test_lists_need_a_clerk_of_the_whole_town_and_a_known_kind(sanitation: Service) -> None:
    content = site_list(site_line(1))
    http, client = sanitation.client.http, sanitation.client

    narrow = await http.post(
        "/v1/imports?kind=sites",
        files={"file": ("x.csv", content)},
        headers=client.as_role("community_clerk", "compound:lj-001"),
    )
    other = await http.post(
        "/v1/imports?kind=people",
        files={"file": ("x.csv", content)},
        headers=client.as_role("community_clerk"),
    )
    none = await http.post("/v1/imports?kind=sites", headers=client.as_role("community_clerk"))
    unknown = await sanitation.get("/v1/imports/01700000-0000-7000-8000-000000000001", "community_clerk")

    for after in ("WzEwMDAwMDAwMDAwMDAwXQ", "WyJ4Il0", "x"):
        bad = await sanitation.get(
            "/v1/imports/01700000-0000-7000-8000-000000000001/rows", "community_clerk", after=after
        )
        assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")
    assert (narrow.status_code, other.status_code, none.status_code) == (403, 422, 422)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
