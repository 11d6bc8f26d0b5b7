"""Imports, exports, watch lists and the call list on the desk's pages (R4.2, R4.4, R4.5)."""

from uuid import uuid4

import pytest

from services.registry.handlers.imports import ImportRunner
from tests.integration.registry.desk import OFFICER, Desk, resident_id
from tests.integration.registry.pages import hidden, opened, sent, words
from tests.integration.registry.test_watch_lists import STRANGERS, TOWN_CLERK, line, sheet

ADMIN = ("admin", "town")


@pytest.mark.requirement("R4.2")
async def test_a_list_is_sent_watched_and_its_faulty_rows_fetched(desk: Desk) -> None:
    grids = "网格编号,小区编号,网格名称,户数\nlj-001-w03,lj-001,第三网格,3\nlj-009-w01,lj-009,第一网格,1\n"
    fields = {"kind": "grids"}
    nothing = await sent(desk, "/imports", fields, ADMIN, files={"other": ("x.csv", b"")})
    assert nothing.status_code == 422
    unsaid = await sent(desk, "/imports", {}, ADMIN, files={"file": ("grids.csv", grids.encode())})
    assert "没有选，请选一项" in words(unsaid)
    begun = await sent(desk, "/imports", fields, ADMIN, files={"file": ("grids.csv", grids.encode())})
    assert begun.status_code == 303, words(begun)
    path = begun.headers["location"]
    assert "处理中" in words(await opened(desk, path, ADMIN))
    context = desk.client.context
    await ImportRunner(vault=context.vault, cards=context.cards).act(context.database)
    page = await opened(desk, path, ADMIN)
    assert "已完成" in words(page)
    assert "没有这个小区编号" in words(page)
    assert "下载退回的行" in words(page)
    rejected = await opened(desk, f"/v1{path}/rejected", ADMIN)
    assert rejected.status_code == 200
    for outcome in ("rejected", ""):
        assert "没有这个小区编号" in words(await opened(desk, path, OFFICER, outcome=outcome))
    assert (await opened(desk, path, ("grid_worker", "town"))).status_code == 403


@pytest.mark.requirement("R4.4")
async def test_a_watch_list_is_taken_in_and_settled_line_by_line(desk: Desk) -> None:
    person = await desk.resident()
    begun = hidden(await opened(desk, "/watch-lists", TOWN_CLERK))
    unsaid = await sent(desk, "/watch-lists", begun, TOWN_CLERK)
    assert unsaid.status_code == 422
    stated = {"name": "协查名单（第三批）", "source": "市防控办", "search_until": "2020-02-28"}
    answer = await sent(desk, "/watch-lists", begun | stated, TOWN_CLERK)
    assert answer.status_code == 303, words(answer)
    path = answer.headers["location"]
    content = sheet(line("司徒南星", resident_id(desk.people)), line(STRANGERS[0], phone="19911110000"))
    taken = await sent(desk, path, {"act": "file"}, TOWN_CLERK, files={"file": ("list.csv", content)})
    assert "收下 2 行" in words(taken)
    page = await opened(desk, path, TOWN_CLERK)
    assert "册里对上" in words(page)
    assert str(person) in page.text
    every = await opened(desk, path, TOWN_CLERK, match="", disposition="all")
    assert "册里没有" in words(every)
    early = await sent(desk, path, {"act": "close"}, TOWN_CLERK)
    assert early.status_code == 409
    rows = await desk.rows("select line_id, match from watch_line order by nth")
    settle = {"act": "settle", "line_id": str(rows[0]["line_id"]), "disposition": "found_here"}
    assert (await sent(desk, path, settle, TOWN_CLERK)).status_code == 422
    assert (await sent(desk, path, settle | {"line_id": "altered"}, TOWN_CLERK)).status_code == 422
    here = settle | {"person_ref": str(person), "note": "本人在家"}
    assert (await sent(desk, path, here, TOWN_CLERK)).status_code == 303
    away = {"act": "settle", "line_id": str(rows[1]["line_id"]), "disposition": "elsewhere", "note": "已离开"}
    assert (await sent(desk, path, away, TOWN_CLERK)).status_code == 303
    assert (await sent(desk, path, {"act": "match"}, TOWN_CLERK)).status_code == 200
    assert (await sent(desk, path, {"act": "close"}, TOWN_CLERK)).status_code == 303
    assert "已办结" in words(await opened(desk, "/watch-lists", OFFICER))


@pytest.mark.requirement("R4.5")
async def test_who_is_away_is_called_and_leaves_the_list_by_their_intake(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    carried = hidden(await opened(desk, "/calls", compound="lj-001"))
    fields = carried | {"compound": "lj-001", "name": "诸葛明月", "phone": "19922220000"}
    unsaid = await sent(desk, "/calls", fields)
    assert unsaid.status_code == 422
    assert (await sent(desk, "/calls", fields | {"place": "武汉"})).status_code == 303
    listed = await opened(desk, "/calls", compound="lj-001", show="away")
    assert "诸葛明月" not in listed.text
    [row] = await desk.rows("select entry_id from call_entry")
    path = f"/calls/{row['entry_id']}"
    page = await opened(desk, path)
    assert "诸葛明月" in words(page)
    unsaid = await sent(desk, path, hidden(page) | {"act": "call", "note": "说下周回"})
    assert unsaid.status_code == 422
    assert "说下周回" in unsaid.text
    said = hidden(page) | {
        "act": "call",
        "outcome": "postponed",
        "next_call_on": "2020-02-27",
        "note": "说下周回",
    }
    assert (await sent(desk, path, said)).status_code == 303
    assert "推迟返昆" in words(await opened(desk, path))
    form = await opened(desk, "/intake", call=str(row["entry_id"]))
    assert 'value="诸葛明月"' in form.text
    told = await desk.register(desk.intake())
    arrived = {"act": "arrive", "intake_id": told["intake_id"]}
    assert "诸葛" in (await sent(desk, path, arrived)).text  # another name: a person has to confirm it
    assert (await sent(desk, path, arrived | {"confirmed": "yes"})).status_code == 303
    assert "已到" in words(await opened(desk, "/calls", compound="lj-001", show="arrived"))


@pytest.mark.requirement("H3")
async def test_an_export_is_asked_for_with_a_reason(desk: Desk) -> None:
    carried = hidden(await opened(desk, "/exports"))
    fields = carried | {"kind": "grids", "format": "csv", "compound": "lj-001"}
    unsaid = await sent(desk, "/exports", fields)
    assert unsaid.status_code == 422
    asked = await sent(desk, "/exports", fields | {"reason": "网格核对"})
    assert asked.status_code == 303, words(asked)
    page = await opened(desk, asked.headers["location"])
    assert "处理中" in words(page)
    other = ("community_clerk", "compound:lj-002")
    assert (
        await sent(desk, "/exports", fields | {"reason": "网格核对", "export_id": str(uuid4())}, other)
    ).status_code == 403
