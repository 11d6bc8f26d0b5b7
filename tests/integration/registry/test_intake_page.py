"""The intake's page judges by the API's own rules, and keeps what was typed."""

import pytest

from tests.integration.registry.desk import CLERK, Desk, resident_id
from tests.integration.registry.pages import hidden, opened, sent, words

GRID = ("grid_worker", "grid:lj-001-w02")
GUARD = ("guard", "compound:lj-001")


@pytest.fixture
async def open_desk(desk: Desk) -> Desk:
    """The desk on a day with a risk list."""
    await desk.publish_risk({"420000": "focus", "330300": "higher_risk", "411500": "concern"})
    return desk


def filled(**changes: str) -> dict[str, str]:
    """A form as it is when somebody from Wenzhou stands at the desk."""
    return {
        "act": "next",
        "person.name": "欧阳海棠",
        "person.documents.0.kind": "resident_id",
        "person.documents.0.number": resident_id(71),
        "person.phone": "19900000071",
        "person.relation": "tenant",
        "dwelling.compound": "lj-001",
        "dwelling.building": "8",
        "dwelling.unit": "2",
        "dwelling.room": "501",
        "origin": "温州",
        "trip.arrived_on": "2020-02-24",
        "trip.transport": "train",
        "trip.proof": "yes",
    } | {name.replace("__", "."): value for name, value in changes.items()}


@pytest.mark.requirement("R4.6")
async def test_nothing_is_saved_before_the_proposal_for_the_trip_was_seen(open_desk: Desk) -> None:
    page = await opened(open_desk, "/intake", compound="lj-001")
    assert page.status_code == 200, words(page)
    carried = hidden(page)
    seen = await sent(open_desk, "/intake", carried | filled())
    assert seen.status_code == 200, words(seen)
    assert "保存登记" in words(seen)
    assert await open_desk.rows("select intake_id from returnee_intake") == []
    carried = hidden(seen)
    # Another trip than the one of the proposal: a proposal again.
    other = await sent(open_desk, "/intake", carried | filled(act="save", origin="武汉市"))
    assert "集中观察" in words(other)
    assert await open_desk.rows("select intake_id from returnee_intake") == []
    saved = await sent(open_desk, "/intake", hidden(seen) | filled(act="save", origin="温州市"))
    assert saved.status_code == 303, words(saved)
    again = await sent(open_desk, "/intake", hidden(seen) | filled(act="save", origin="温州市"))
    assert again.headers["location"] == saved.headers["location"]
    [row] = await open_desk.rows("select intake_id, origin_code from returnee_intake")
    assert row["origin_code"] == "330300"
    told = await opened(open_desk, saved.headers["location"].partition("?")[0])
    assert "可办证" in words(told)
    listed = await opened(open_desk, "/returnees", compound="lj-001", state="pending")
    assert "待开始" in words(listed)
    assert "待开始" in words(await opened(open_desk, "/returnees", compound="lj-001", state=""))


async def test_every_fault_is_named_at_its_field_and_what_was_typed_is_kept(open_desk: Desk) -> None:
    carried = hidden(await opened(open_desk, "/intake", compound="lj-001"))
    page = await sent(
        open_desk, "/intake", carried | {"act": "next", "person.name": "欧阳海棠", "origin": "鼓楼"}
    )
    assert page.status_code == 422
    said = words(page)
    for label in ("证件号码", "幢", "室", "从哪里来", "交通方式", "票据"):
        assert f"{label} ：" in said, label
    assert 'value="欧阳海棠"' in page.text
    assert "有几个同名地方" in said
    assert "江苏省 南京市 鼓楼区" in said
    picked = await sent(
        open_desk, "/intake", carried | filled(pick="origin=江苏省 南京市 鼓楼区 320106", origin="鼓楼")
    )
    assert "居家自律健康观察" in words(picked)
    nowhere = await sent(open_desk, "/intake", carried | filled(dwelling__room="909"))
    assert nowhere.status_code in {404, 422}
    assert "地址表中没有这个房屋" in words(nowhere)
    milder = hidden(await sent(open_desk, "/intake", carried | filled(origin="武汉市")))
    choice = {"choice.measure": "home_quarantine", "choice.reason": "独居老人"}
    refused = await sent(open_desk, "/intake", milder | filled(act="save", origin="武汉市") | choice)
    assert "从宽的还须有批准人" in words(refused)
    assert "保存登记" in words(refused)


async def test_who_is_in_the_book_is_shown_masked_with_the_open_intake(open_desk: Desk) -> None:
    await open_desk.resident("8幢")
    number = resident_id(open_desk.people)
    carried = hidden(await opened(open_desk, "/intake", compound="lj-001"))
    page = await sent(
        open_desk, "/intake", carried | {"act": "next", "query": number, "dwelling.compound": "lj-001"}
    )
    assert "已在册" in words(page)
    assert "司徒南星" not in page.text
    assert f'value="{number}"' in page.text
    told = await open_desk.register(open_desk.intake())
    phone = f"199000000{open_desk.people:02d}"
    page = await sent(open_desk, "/intake", carried | {"act": "next", "query": phone})
    assert "正在观察中，不要重复登记" in words(page)
    assert told["intake_id"] in page.text
    for who in (GUARD, ("auditor", "town")):
        assert (await opened(open_desk, "/intake", who)).status_code == 403
    assert (await opened(open_desk, "/intake", GRID)).status_code == 200
    far = await sent(
        open_desk,
        "/intake",
        carried
        | filled(
            dwelling__compound="lj-002", dwelling__room="101", dwelling__building="1", dwelling__unit=""
        ),
        CLERK,
    )
    assert far.status_code == 403
    assert "不在您的管理范围内" in words(far)


@pytest.mark.requirement("O3")
async def test_a_correction_decides_the_measure_anew(open_desk: Desk) -> None:
    told = await open_desk.register(open_desk.intake())
    path = f"/returnees/{told['intake_id']}/correction"
    page = await opened(open_desk, path)
    assert page.status_code == 200, words(page)
    fields = {"trip.arrived_on": "2020-02-24", "trip.transport": "train", "trip.proof": "yes"}
    unsaid = await sent(open_desk, path, hidden(page) | fields | {"origin": "武汉市"})
    assert unsaid.status_code == 422
    saved = await sent(
        open_desk, path, hidden(page) | fields | {"origin": "武汉市", "reason": "票据显示武汉"}
    )
    assert saved.status_code == 303, words(saved)
    assert "集中观察" in words(await opened(open_desk, f"/returnees/{told['intake_id']}"))
