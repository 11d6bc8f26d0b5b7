"""The log of reads has its own reader, who sees who read whom and is noted for it, and nobody else sees it."""

import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from shared.audit import chain
from shared.http.access import STAFF, Role
from tests.conftest import Client

pytestmark = pytest.mark.requirement("F17")

ANNA, BERT = uuid4(), uuid4()
HTML = {"Accept": "text/html"}


@pytest.fixture
async def client(client_for: Callable[[str], Awaitable[Client]]) -> Client:
    """Two people of whom two accounts read, one of them on the day before; the newest read is not linked yet."""
    made = await client_for("sanitation")
    reads = [
        ("2020-02-23 10:00+08", "clerk-7", "people.sheet", ANNA, "核对住址"),
        ("2020-02-24 08:00+08", "clerk-7", "people.sheet", BERT, None),
        ("2020-02-24 08:30+08", "officer-1", "export.asked", ANNA, "<b>上报</b>"),
    ]
    for nth, read in enumerate(reads):
        await made.context.database.pool.execute(
            "insert into audit_read (at, actor, role, action, person_ref, reason) "
            "values ($1::text::timestamptz, $2, 'community_clerk', $3, $4, $5)",
            *read,
        )
        if nth == 1:
            await chain.link(made.context.database)
    return made


async def ask(client: Client, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.http.get("/v1/audit/reads", params=asked, headers=client.as_role("auditor"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return [one for one in items if not one["action"].startswith("audit.")]


async def test_an_auditor_asks_by_person_account_and_day(client: Client) -> None:
    everything = await ask(client)
    assert [one["actor"] for one in everything] == ["officer-1", "clerk-7", "clerk-7"]
    assert [(one["link"] or {}).get("pos") for one in everything] == [None, 2, 1]
    assert [one["reason"] for one in await ask(client, person_ref=str(ANNA))] == ["<b>上报</b>", "核对住址"]
    assert [one["person_ref"] for one in await ask(client, actor="clerk-7")] == [str(BERT), str(ANNA)]
    assert [one["actor"] for one in await ask(client, day="2020-02-23")] == ["clerk-7"]
    assert await ask(client, person_ref=str(uuid4())) == []


async def test_reading_the_log_is_noted_in_the_log(client: Client) -> None:
    await ask(client, person_ref=str(ANNA))
    await client.http.get("/v1/audit/reads/file?format=csv", headers=client.as_role("auditor"))
    noted = await client.context.database.pool.fetch(
        "select actor, role, action, person_ref from audit_read where action like 'audit.%' order by id"
    )
    assert [tuple(row) for row in noted] == [
        ("test-auditor", "auditor", "audit.read", ANNA),
        ("test-auditor", "auditor", "audit.export", None),
    ]


async def test_pages_of_the_log_follow_each_other_without_a_hole(client: Client) -> None:
    seen: list[int] = []
    after: dict[str, str] = {}
    while True:
        answer = await client.http.get(
            "/v1/audit/reads",
            params={"limit": "1", "actor": "clerk-7"} | after,
            headers=client.as_role("auditor"),
        )
        told = answer.json()
        seen += [one["read_id"] for one in told["items"]]
        if told["next"] is None:
            break
        after = {"after": told["next"]}
    assert seen == [2, 1]


@pytest.mark.parametrize("path", ["/v1/audit/reads", "/v1/audit/reads/file", "/audit"])
async def test_nobody_else_reads_the_log(client: Client, path: str) -> None:
    for role in STAFF - {Role.AUDITOR}:
        answer = await client.http.get(path, headers=client.as_role(role))
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed"), role
    narrow = await client.http.get(path, headers=client.as_role("auditor", "compound:lj-001"))
    assert (narrow.status_code, narrow.json()["code"]) == (403, "out_of_scope")


async def test_the_file_holds_what_was_asked_for(client: Client) -> None:
    answer = await client.http.get(
        "/v1/audit/reads/file", params={"person_ref": str(ANNA)}, headers=client.as_role("auditor")
    )
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in rows] == ["账号", "officer-1", "clerk-7"]
    assert {UUID(str(row[5])) for row in rows[1:]} == {ANNA}


async def test_the_page_shows_it_and_says_when_there_is_nothing(client: Client) -> None:
    as_auditor = client.as_role("auditor") | HTML
    page = (await client.http.get("/audit", headers=as_auditor)).text
    assert "officer-1" in page
    assert "&lt;b&gt;上报&lt;/b&gt;" in page
    assert "尚未入链" in page
    nothing = (await client.http.get("/audit", params={"actor": "nobody"}, headers=as_auditor)).text
    assert "没有符合的查阅记录" in nothing
    unclear = (await client.http.get("/audit?person_ref=xyz&day=2020-13-01", headers=as_auditor)).text
    assert "人员代号不完整" in unclear
    assert "日期不正确" in unclear
