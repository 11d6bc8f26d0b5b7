"""Notices and where they hang, through HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk


def notice(**changes: Any) -> dict[str, Any]:
    return {
        "notice_id": str(uuid4()),
        "title": "致全体居民",
        "text": "进出小区请佩戴口罩。",
        "channels": ["poster", "broadcast"],
        "compounds": ["lj-002", "lj-001"],
    } | changes


@pytest.mark.requirement("R6.1")
async def test_a_notice_is_published_once_and_its_postings_are_confirmed(desk: Desk) -> None:
    body = notice()
    first = await desk.post("/v1/notices", body, OFFICER)
    again = await desk.post("/v1/notices", body | {"compounds": ["lj-001", "lj-002", "lj-001"]}, OFFICER)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    other = await desk.post("/v1/notices", body | {"channels": ["poster"]}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    [told] = await desk.told("NoticePublished")
    assert (told["compounds"], told["channels_wanted"]) == (["lj-001", "lj-002"], ["broadcast", "poster"])
    assert "佩戴口罩" not in str(await desk.rows("select document from outbox"))

    path = f"/v1/notices/{body['notice_id']}"
    posted = await desk.post(f"{path}/postings", {"compound": "lj-001", "channel": "poster"})
    desk.move("2020-02-24 10:00")
    repeated = await desk.post(f"{path}/postings", {"compound": "lj-001", "channel": "poster"})
    assert (posted.status_code, repeated.json()) == (200, posted.json())
    assert posted.json()["posted_at"] == "2020-02-24T01:00:00Z"
    shown = (await desk.get(path)).json()
    assert (shown["wanted"], shown["posted"]) == (2, 1)
    shown = (await desk.get(path, OFFICER)).json()
    assert (shown["wanted"], shown["posted"]) == (4, 1)
    assert shown["coverage"] == [
        {"compound": "lj-001", "wanted": 2, "posted": 1, "missing": ["broadcast"], "overdue": False},
        {
            "compound": "lj-002",
            "wanted": 2,
            "posted": 0,
            "missing": ["broadcast", "poster"],
            "overdue": False,
        },
    ]
    [told] = await desk.told("NoticePosted")
    assert (told["compound"], told["posting"], told["version"]) == ("lj-001", "poster", 2)
    [line] = (await desk.get("/v1/notices", OFFICER)).json()["items"]
    assert (line["title"], line["wanted"], line["posted"]) == ("致全体居民", 4, 1)


@pytest.mark.requirement("R6.1")
async def test_what_does_not_fit_is_refused(desk: Desk) -> None:
    body = notice()
    assert (await desk.post("/v1/notices", body, OFFICER)).status_code == 201
    path = f"/v1/notices/{body['notice_id']}/postings"

    async def refused(path: str, body: Any, who: tuple[str, str] = CLERK) -> tuple[int, str]:
        answer = await desk.post(path, body, who)
        return answer.status_code, answer.json()["code"]

    poster = {"compound": "lj-001", "channel": "poster"}
    assert await refused("/v1/notices", notice(), CLERK) == (403, "role_not_allowed")
    assert await refused("/v1/notices", notice(), ("hq_officer", "compound:lj-001")) == (403, "out_of_scope")
    assert await refused("/v1/notices", notice(compounds=["lj-9"]), OFFICER) == (422, "compound_unknown")
    assert await refused("/v1/notices", notice(channels=[]), OFFICER) == (422, "invalid_request")
    assert await refused(path, poster | {"compound": "lj-002"}) == (403, "out_of_scope")
    assert await refused(path, poster | {"channel": "screen"}) == (422, "posting_unknown")
    assert await refused(path, poster | {"compound": "lj-9"}) == (422, "compound_unknown")
    assert await refused(f"/v1/notices/{uuid4()}/postings", poster) == (404, "notice_unknown")
    assert (await desk.get(f"/v1/notices/{uuid4()}")).json()["code"] == "notice_unknown"
    assert len(await desk.told("NoticePublished")) == 1


@pytest.mark.requirement("R6.1")
async def test_notices_come_in_pages(desk: Desk) -> None:
    ids = []
    for _ in range(3):
        body = notice()
        ids.append(body["notice_id"])
        await desk.post("/v1/notices", body, OFFICER)
    page = (await desk.get("/v1/notices", limit=2)).json()
    rest = (await desk.get("/v1/notices", limit=2, after=page["next"])).json()
    assert sorted(line["notice_id"] for line in page["items"] + rest["items"]) == sorted(ids)
    assert (len(page["items"]), rest["next"]) == (2, None)


@pytest.mark.requirement("R6.1")
async def test_what_does_not_hang_in_time_is_overdue_and_the_coverage_can_be_had_as_a_file(
    desk: Desk,
) -> None:
    body = notice(compounds=["lj-001"])
    await desk.post("/v1/notices", body, OFFICER)
    path = f"/v1/notices/{body['notice_id']}"
    await desk.post(f"{path}/postings", {"compound": "lj-001", "channel": "poster"})
    assert (await desk.get(path)).json()["due_at"] == "2020-02-25T01:00:00Z"
    for instant, overdue in (("2020-02-25 08:59", False), ("2020-02-25 09:00", True)):
        desk.move(instant)
        [line] = (await desk.get(path)).json()["coverage"]
        assert line["overdue"] is overdue
    file = await desk.get(f"{path}/coverage", format="csv")
    assert file.content.decode("utf-8-sig").splitlines() == [
        "小区编号,小区,渠道,确认时间",
        "lj-001,云桥一村,广播,未张贴",
        "lj-001,云桥一村,张贴,2020-02-24 09:00",
    ]
    await desk.post(f"{path}/postings", {"compound": "lj-001", "channel": "broadcast"})
    [line] = (await desk.get(path)).json()["coverage"]
    assert (line["posted"], line["overdue"]) == (2, False)
    assert [told["version"] for told in await desk.told("NoticePosted")] == [2, 3]
