"""The pass desk's pages: an application from the queue to the printed pass, and what comes of a pass later (R2.4)."""

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.pages import hidden, opened, sent, words

pytestmark = pytest.mark.requirement("R2.4")
WORKER = ("grid_worker", "compound:lj-001")
SUPERVISOR = ("supervisor", "town")


async def taken(desk: Desk, number: str) -> str:
    """An application that was taken at the desk; the address of its case."""
    page = await opened(desk, "/applications/new", compound="lj-001")
    fields = hidden(page) | {
        "compound": "lj-001",
        "name": "司徒南星",
        "phone": "19900000000",
        "address": "1幢2单元501",
        "documents.0.kind": "resident_id",
        "documents.0.number": number,
        "suzhou_code": "yellow",
        "papers": ["identity_document", "lease"],
    }
    answer = await sent(desk, "/applications/new", fields)
    assert answer.status_code == 303, words(answer)
    assert (await sent(desk, "/applications/new", fields)).headers["location"] == answer.headers["location"]
    return answer.headers["location"]


async def test_from_the_queue_to_a_printed_pass(desk: Desk) -> None:
    person = await desk.resident()
    case = await taken(desk, resident_id(desk.people))
    assert "暂缓" in words(await opened(desk, "/applications", compound="lj-001", held="true"))
    page = await opened(desk, case)
    assert "黄码、红码已上报" in words(page)
    assert "司徒南星" in words(page)
    held = await sent(desk, case, {"act": "issue"})
    assert held.status_code == 409
    assert "苏城码为黄码或红码" in words(held)
    desk.move("2020-02-24 09:10")
    assert (await sent(desk, case, {"act": "colour", "colour": "green"})).status_code == 303
    assert "还缺" in words(await opened(desk, case))
    found = await sent(desk, case, {"act": "find"})
    assert str(person) in found.text
    assert (await sent(desk, case, {"act": "person", "person_ref": str(person)})).status_code == 303
    for kind in ("identity_document", "lease"):
        assert (await sent(desk, case, {"act": "paper", "kind": kind})).status_code == 303
    assert "可以发证" in words(await opened(desk, case))
    issued = await sent(desk, case, {"act": "issue"})
    assert issued.status_code == 303, words(issued)
    address = issued.headers["location"].partition("?")[0]
    assert (await sent(desk, case, {"act": "issue"})).headers["location"] == issued.headers["location"]
    assert "打印 A4" in words(await opened(desk, address))
    sheet = await sent(desk, "/passes/sheet", {"pass_ids": [address.rpartition("/")[2]], "format": "a4"})
    assert sheet.status_code == 200
    assert "<svg" in sheet.text
    # Suspended: it is not printed, and the list says so and keeps the choice.
    unsaid = await sent(desk, address, {"act": "suspend"})
    assert unsaid.status_code == 422
    assert unsaid.text.count('<select id="f-reason" name="reason" aria-invalid="true"') == 1
    assert 'href="#f-reason"' in unsaid.text
    assert (
        await sent(desk, address, {"act": "suspend", "reason": "papers_in_doubt", "note": "合同待查"})
    ).status_code == 303
    refused = await sent(
        desk,
        "/passes/sheet",
        {"pass_ids": [address.rpartition("/")[2]], "format": "a4", "compound": "lj-001"},
    )
    assert "其中有证已停用" in words(refused)
    assert "合同待查" in words(await opened(desk, address))
    assert "不可打印" in words(await opened(desk, "/passes", compound="lj-001", state="suspended"))
    assert (await sent(desk, address, {"act": "reinstate", "reason": "papers_verified"})).status_code == 303
    again = hidden(await opened(desk, address)) | {"act": "print", "reason": "lost"}
    assert (await sent(desk, address, again)).status_code == 303
    assert (await sent(desk, address, again)).status_code == 303
    assert [row["serial"] for row in await desk.rows("select serial from entry_pass")] == [2]
    assert (await sent(desk, address, {"act": "revoke", "reason": "moved_away"})).status_code == 303
    assert "已作废" in words(await opened(desk, address, WORKER))


async def test_before_the_observation_is_over_the_case_names_the_day(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    body = desk.intake()
    told = await desk.register(body)
    await desk.hear(desk.started(told))
    case = await taken(desk, body["person"]["documents"][0]["number"])
    desk.move("2020-02-24 09:10")
    await sent(desk, case, {"act": "colour", "colour": "green"})
    page = await opened(desk, case)
    assert "还不能发证" in words(page)
    assert "3月10日" in words(page)
    refused = await sent(desk, case, {"act": "refuse"})
    assert refused.status_code == 422
    assert "没有填，请填写" in words(refused)
    assert (
        await sent(desk, case, {"act": "refuse", "reason": "under_observation", "note": "期满再来"})
    ).status_code == 303
    assert "期满再来" in words(await opened(desk, case))


async def test_who_only_looks_on_is_offered_nothing_to_press(desk: Desk) -> None:
    await desk.resident()
    case = await taken(desk, resident_id(desk.people))
    assert "办证" in words(await opened(desk, "/applications", SUPERVISOR, compound="lj-001"))
    assert (await opened(desk, case, SUPERVISOR)).status_code == 403
    seen = await opened(desk, case, OFFICER)
    assert "<button" in seen.text
    assert 'value="issue"' not in seen.text
    assert (await sent(desk, case, {"act": "issue"}, OFFICER)).status_code == 403
    elsewhere = ("community_clerk", "compound:lj-002")
    assert (await opened(desk, case, elsewhere)).status_code == 404
    assert (await opened(desk, "/applications", CLERK, compound="lj-999")).status_code == 200


async def test_a_temporary_pass_and_a_vehicles_are_given_on_the_persons_page(desk: Desk) -> None:
    person = await desk.resident()
    path = f"/people/{person}/passes"
    page = await opened(desk, path)
    carried = hidden(page)
    purposes = [one for one in words(page).split() if one == "维修"]
    assert purposes, words(page)
    lent = {
        "act": "temporary",
        "compound": "lj-001",
        "purpose": "repair",
        "first_day": "2020-02-24",
        "days": "900",
        "daily_from": "08:00",
        "daily_until": "18:00",
        "reason": "水管维修",
    }
    for days, at, said in (("900", "08:00", "不得大于 366"), ("1", "8 o'clock", "时间看不懂，请写成 08:30")):
        refused = await sent(desk, path, carried | lent | {"days": days, "daily_from": at})
        assert refused.status_code == 422
        assert "水管维修" in refused.text
        assert said in words(refused)
    given = await sent(desk, path, carried | lent | {"days": "1"})
    assert given.status_code == 303, words(given)
    [home] = await desk.rows("select dwelling_id from residence")
    car = {"act": "vehicle", "plate": "苏E·D12345", "dwelling_id": str(home["dwelling_id"])}
    assert (await sent(desk, path, carried | car | {"plate": ""})).status_code == 422
    for _ in range(2):
        assert (await sent(desk, path, carried | car)).status_code == 303
    listed = await opened(desk, "/passes", compound="lj-001", kind="vehicle")
    assert "有效" in words(listed)
    assert "D12345" not in listed.text
    assert "临时证" in words(await opened(desk, "/passes", compound="lj-001", kind="temporary"))
    assert (await opened(desk, path, OFFICER)).status_code == 403
