"""How somebody looks at a list is kept under a name, shared within a neighbourhood, and passes are issued for many."""

import re

import pytest

from tests.integration.registry.desk import Desk
from tests.integration.registry.pages import hidden, opened, sent, words
from tests.integration.registry.test_pass_applications import from_home, verified

pytestmark = pytest.mark.requirement("R2.4")
CLERK = ("community_clerk", "neighbourhood:yq")
COLLEAGUE = ("hq_officer", "town")
_VIEW = re.compile(r"view=([0-9a-f-]{36})")


async def test_a_view_keeps_filters_and_columns_and_shows_what_was_changed(desk: Desk) -> None:
    listed = {"compound": "lj-001", "state": "refused", "hide": ["via", "colour"]}
    page = await opened(desk, "/applications", CLERK, **listed)
    fields = {"page": "/applications", "name": "退回的", "query": hidden(page)["query"]}
    saved = await sent(desk, "/views", fields, CLERK)
    assert saved.status_code == 303, words(saved)
    address = saved.headers["location"]
    assert "hide=colour" in address
    came = await opened(desk, address, CLERK)
    assert "退回的 " in words(came)
    assert "退回的*" not in words(came)
    assert "申请方式</th>" not in came.text
    changed = await opened(desk, f"{address}&held=true", CLERK)
    assert "退回的*" in words(changed)
    # The same name again replaces it.
    again = await sent(desk, "/views", fields | {"query": hidden(changed)["query"]}, CLERK)
    assert again.status_code == 303
    assert len(await desk.rows("select view_id from saved_view")) == 1
    elsewhere = await sent(desk, "/views", {"name": "x", "page": "//evil.example", "query": ""}, CLERK)
    assert elsewhere.status_code == 422


async def test_a_view_is_shared_within_a_neighbourhood_and_forgotten_by_its_owner_only(desk: Desk) -> None:
    fields = {
        "page": "/leads",
        "query": "compound=lj-001&order=received",
        "name": "按收到时间看",
        "neighbourhood": "yq",
    }
    assert (await sent(desk, "/views", fields, ("community_clerk", "compound:lj-001"))).status_code == 403
    saved = await sent(desk, "/views", fields, CLERK)
    assert saved.status_code == 303
    [view] = _VIEW.findall(saved.headers["location"])
    seen = await opened(desk, "/leads", COLLEAGUE, compound="lj-002")
    assert "按收到时间看 共享" in words(seen)
    assert "按收到时间看" not in words(await opened(desk, "/passes", COLLEAGUE, compound="lj-002"))
    await sent(desk, "/views/forget", {"view_id": view}, COLLEAGUE)
    assert len(await desk.rows("select view_id from saved_view")) == 1
    assert (await sent(desk, "/views/forget", {"view_id": view}, CLERK)).headers["location"] == "/leads"
    assert await desk.rows("select view_id from saved_view") == []


async def test_passes_for_many_tell_who_was_skipped_and_why(desk: Desk) -> None:
    ready, _ = await from_home(desk)
    await verified(desk, ready, await desk.resident())
    lacking, _ = await from_home(desk)
    nothing = await sent(desk, "/applications/bulk", {"compound": "lj-001"})
    assert "请先勾选" in words(await opened(desk, nothing.headers["location"]))
    chosen = {"application_ids": [ready, lacking, "no-id"], "compound": "lj-001"}
    done = await sent(desk, "/applications/bulk", chosen)
    assert "1 / 2 份已发证，跳过 1 份" in words(done)
    assert "人员或材料尚未核验" in words(done)
    await sent(desk, "/applications/bulk", chosen)
    assert len(await desk.rows("select pass_id from entry_pass")) == 1
