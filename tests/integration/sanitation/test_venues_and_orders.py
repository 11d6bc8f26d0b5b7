"""Venues found open, inspections by checklist, and the custody of what is ordered, over HTTP (S5)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.sanitation import tickers
from shared.events.registry.places import CheckpointOpened
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.sheets import read
from tests.integration.sanitation.supervision import act, inspection
from tests.integration.sanitation.test_photos import picture
from tests.integration.sanitation.world import Service, policy

NINE = "2020-02-24T09:00:00+08:00"
CLERK, UNIT, HQ, SUPERVISOR = "community_clerk", "property_manager", "hq_officer", "supervisor"
HERE = "compound:lj-001"


async def cards_room(service: Service) -> str:
    body = {
        "venue_id": str(uuid4()),
        "compound": "lj-001",
        "kind": "cards_room",
        "name": "好运棋牌室",
        "place": "3幢1层",
    }
    answer = await service.post("/v1/venues", body, CLERK)
    assert (answer.status_code, answer.json()["status"]) == (201, "closed")
    again = await service.post("/v1/venues", body, CLERK)
    assert (again.status_code, again.json()) == (200, answer.json())
    return str(body["venue_id"])


async def status(service: Service) -> tuple[str, str | None]:
    [line] = (await service.get("/v1/venues", UNIT, HERE, compound="lj-001")).json()["items"]
    return line["status"], line["approved_until"]


async def told(service: Service, name: str, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(one["data"][field] for field in fields) for one in await service.published(name)]


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R5.3", "R5.4")
async def test_a_cards_room_found_open_is_a_violation_that_somebody_else_closes(sanitation: Service) -> None:
    venue = await cards_room(sanitation)
    database = sanitation.context.database

    # Found open: a violation with a deadline of two hours, in the inspector's words, once however often it is sent.
    body = inspection("venue", venue, NINE, found="open", note="门内有人打牌，共四桌")
    answers = await asyncio.gather(*(sanitation.post("/v1/inspections", body, SUPERVISOR) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    found = answers[0].json()
    assert (found["result"], found["items"], len(found["orders"])) == ("fail", [], 1)
    assert await status(sanitation) == ("found_open", None)
    [order_id] = found["orders"]
    path = f"/v1/orders/{order_id}"
    order = (await sanitation.get(path, UNIT, HERE)).json()
    assert (order["item"], order["state"], order["minutes_left"]) == ("venue_open", "ordered", 120)
    assert (order["found_by"], order["note"]) == ("test-supervisor", "门内有人打牌，共四桌")
    approval = {
        "approval_id": str(uuid4()),
        "from_day": "2020-02-24",
        "last_day": "2020-02-25",
        "reason": "群众需要",
    }
    refused = await sanitation.post(f"/v1/venues/{venue}/approvals", approval, HQ)
    assert (refused.status_code, refused.json()["code"]) == (409, "violation_open")

    # Overdue: told once per level, however often anybody looks, and all that were missed after a standstill.
    await tickers.supervise(database)
    assert await sanitation.published("RectificationOverdue") == []
    sanitation.client.move_to(datetime(2020, 2, 24, 3, 0, tzinfo=UTC))
    await tickers.supervise(database)
    await tickers.supervise(database)
    assert await told(sanitation, "RectificationOverdue", "level") == [(1,)]
    sanitation.client.move_to(datetime(2020, 2, 27, 1, 0, tzinfo=UTC))
    await asyncio.gather(*(tickers.supervise(database) for _ in range(3)))
    assert await told(sanitation, "RectificationOverdue", "level", "overdue_since") == [
        (1, "2020-02-24T03:00:00Z"),
        (2, "2020-02-25T03:00:00Z"),
        (3, "2020-02-26T03:00:00Z"),
    ]
    overdue = (await sanitation.get("/v1/orders", HQ, overdue="true")).json()["items"]
    assert [(one["order_id"], one["level"], one["overdue"]) for one in overdue] == [(order_id, 3, True)]

    # The unit replies and mends with a photo; neither who mended nor who found it closes it.
    photo = str(uuid4())
    await sanitation.send_photo(picture(), UNIT, photo_id=photo)
    assert (
        await sanitation.post(f"{path}/replies", act(note="已多次劝离，仍聚集"), UNIT, HERE)
    ).status_code == 201
    empty = await sanitation.post(f"{path}/mendings", act(), UNIT, HERE)
    assert (empty.status_code, empty.json()["code"]) == (422, "evidence_missing")
    early = await sanitation.post(f"{path}/reviews", act(outcome="rectified", note="看过了，已关"), HQ)
    assert (early.status_code, early.json()["code"]) == (409, "not_mended")
    mending = act(photo_id=photo)
    for wanted in (201, 200):
        assert (await sanitation.post(f"{path}/mendings", mending, UNIT, HERE)).status_code == wanted
    other = await sanitation.post(f"{path}/mendings", mending | {"note": "另一句话"}, UNIT, HERE)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    own = await sanitation.post(f"{path}/reviews", act(outcome="rectified", note="现场已关门"), SUPERVISOR)
    assert (own.status_code, own.json()["code"]) == (403, "own_work")
    assert (await sanitation.post(f"{path}/reviews", act(outcome="rectified"), UNIT, HERE)).status_code == 403
    foreign = await sanitation.post(f"{path}/mendings", act(note="不是我的"), UNIT, "compound:lj-002")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "out_of_scope")

    # Found closed again, reviewed by another one, settled for good.
    ten = "2020-02-27T09:00:00+08:00"
    shut = await sanitation.post(
        "/v1/inspections", inspection("venue", venue, ten, found="closed"), SUPERVISOR
    )
    assert (shut.json()["result"], shut.json()["orders"]) == ("pass", [])
    closed = await sanitation.post(f"{path}/reviews", act(outcome="rectified", note="现场已关门"), HQ)
    assert (closed.status_code, closed.json()["state"]) == (201, "rectified")
    kinds = [(one["kind"], one["by"], one["photo_id"]) for one in closed.json()["acts"]]
    assert kinds == [
        ("replied", "test-property_manager", None),
        ("mended", "test-property_manager", photo),
        ("rectified", "test-hq_officer", None),
    ]
    late = await sanitation.post(f"{path}/replies", act(note="还想再说"), UNIT, HERE)
    assert (late.status_code, late.json()["code"]) == (409, "order_settled")
    assert await told(sanitation, "RectificationClosed", "outcome") == [("rectified",)]
    statuses = await told(sanitation, "VenueStatusChanged", "status")
    assert statuses == [("closed",), ("found_open",), ("closed",)]
    assert not any("打牌" in str(one) for one in await sanitation.published("RectificationOrdered"))


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R5.3")
async def test_an_approved_venue_may_be_open_from_its_first_day_to_its_last(sanitation: Service) -> None:
    venue = await cards_room(sanitation)
    path = f"/v1/venues/{venue}/approvals"

    def days(first: str, last: str) -> dict[str, str]:
        return {
            "approval_id": str(uuid4()),
            "from_day": first,
            "last_day": last,
            "reason": "已备案，限流开放",
        }

    for body, role, code in (
        (days("2020-02-23", "2020-02-25"), HQ, "approval_days"),
        (days("2020-02-26", "2020-02-25"), HQ, "approval_days"),
        (days("2020-02-25", "2020-03-10"), HQ, "approval_days"),
        (days("2020-02-25", "2020-02-26"), CLERK, "role_not_allowed"),
    ):
        answer = await sanitation.post(path, body, role)
        assert answer.json()["code"] == code
    approval = days("2020-02-25", "2020-02-26")
    first = await sanitation.post(path, approval, HQ)
    assert (first.status_code, first.json()["venue"]["status"]) == (201, "closed")
    assert (await sanitation.post(path, approval, HQ)).status_code == 200
    assert (await sanitation.post(path, days("2020-02-26", "2020-02-27"), HQ)).json()[
        "code"
    ] == "approval_days"
    lines = (await sanitation.get(path, SUPERVISOR)).json()["approvals"]
    assert [(one["reason"], one["approved_by"]) for one in lines] == [("已备案，限流开放", "test-hq_officer")]

    # On the day before it, open is a violation; from its first day on, only the checklist counts.
    early = await sanitation.post("/v1/inspections", inspection("venue", venue, NINE, found="open"), CLERK)
    assert early.json()["result"] == "fail"
    sanitation.client.move_to(datetime(2020, 2, 24, 16, 0, tzinfo=UTC))
    await tickers.supervise(sanitation.context.database)
    assert await status(sanitation) == ("approved_open", "2020-02-26")
    noon = "2020-02-25T00:00:00+08:00"
    bare = await sanitation.post("/v1/inspections", inspection("venue", venue, noon, found="open"), CLERK)
    assert (bare.json()["code"], bare.json()["missing"]) == ("checklist_incomplete", ["guests_checked"])
    fine = inspection(
        "venue", venue, noon, found="open", items=[{"code": "guests_checked", "verdict": "pass"}]
    )
    assert (await sanitation.post("/v1/inspections", fine, CLERK)).json()["result"] == "pass"
    # A look of yesterday that comes late judges yesterday, and does not change today.
    stale = inspection("venue", venue, "2020-02-24T12:00:00+08:00", found="open")
    assert (await sanitation.post("/v1/inspections", stale, CLERK)).json()["result"] == "fail"
    assert (await status(sanitation))[0] == "approved_open"

    # The day after its last one it is closed, told once.
    sanitation.client.move_to(datetime(2020, 2, 26, 16, 0, tzinfo=UTC))
    await tickers.supervise(sanitation.context.database)
    await tickers.supervise(sanitation.context.database)
    assert await status(sanitation) == ("closed", None)
    statuses = await told(sanitation, "VenueStatusChanged", "status")
    assert statuses == [("closed",), ("found_open",), ("approved_open",), ("closed",)]


@pytest.mark.requirement("R5.4", "R7.2")
async def test_what_fails_on_a_checklist_is_ordered_and_found_again_is_the_same_order(
    sanitation: Service,
) -> None:
    site = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯"}
    await sanitation.post("/v1/sites", site, CLERK)
    post = CheckpointOpened(
        checkpoint=CheckpointId("lj-001-g01"), compound=CompoundId("lj-001"), name="东门", policy_version=1
    )
    await sanitation.tell(post)
    lists = (await sanitation.get("/v1/checklists", CLERK)).json()
    assert [one["inspected"] for one in lists["checklists"]] == ["site", "venue", "property_company", "post"]

    passed, dirty = (
        {"code": "aired", "verdict": "pass"},
        {"code": "clean", "verdict": "fail", "note": "地面有污水"},
    )
    before = inspection("site", "lj-001-s001", NINE, items=[passed, dirty])
    for body, code in (
        (before | {"items": [passed]}, "checklist_incomplete"),
        (before | {"items": [passed, passed, dirty]}, "item_unknown"),
        (before | {"items": [passed, {"code": "clean", "verdict": "flag"}]}, "evidence_missing"),
        (before | {"items": [passed, {"code": "lid", "verdict": "pass"}]}, "item_unknown"),
        (before | {"found": "open"}, "found_missing"),
        (before | {"inspected_at": "2020-02-24T09:03:00+08:00"}, "in_the_future"),
        (before | {"inspected_at": "2020-02-23T08:59:00+08:00"}, "recorded_too_late"),
        (before | {"subject": "lj-001-s999"}, "subject_unknown"),
        (before | {"inspected": "venue", "found": "open"}, "subject_unknown"),
        (before | {"inspected": "post"}, "subject_unknown"),
        (before | {"inspected": "property_company", "subject": "nowhere"}, "compound_unknown"),
        (before | {"photo_id": str(uuid4())}, "photo_unknown"),
    ):
        answer = await sanitation.post("/v1/inspections", body, CLERK)
        assert (answer.status_code // 100, answer.json()["code"]) == (4, code)
    assert await sanitation.published("InspectionRecorded") == []

    found = (await sanitation.post("/v1/inspections", before, CLERK)).json()
    resent = await sanitation.post("/v1/inspections", before | {"sent_at": NINE}, CLERK)
    assert (resent.status_code, resent.json()) == (200, found)
    [order_id] = found["orders"]
    assert (found["result"], found["items"][1]["note"]) == ("fail", "地面有污水")
    manned = inspection(
        "post", "lj-001-g01", NINE, items=[{"code": "manned", "verdict": "flag", "note": "交接班慢"}]
    )
    flagged = (await sanitation.post("/v1/inspections", manned, CLERK)).json()
    assert (flagged["result"], flagged["orders"], flagged["compound"]) == ("flag", [], "lj-001")

    # Said to be mended, found dirty again: the same order, not mended, with the deadline it had.
    await sanitation.post(
        f"/v1/orders/{order_id}/mendings", act(note="已清洗消毒"), "sanitation_worker", HERE
    )
    again = await sanitation.post("/v1/inspections", before | {"inspection_id": str(uuid4())}, SUPERVISOR)
    assert again.json()["orders"] == []
    order = (await sanitation.get(f"/v1/orders/{order_id}", HQ)).json()
    assert (order["state"], order["minutes_left"]) == ("ordered", 240)
    assert [one["kind"] for one in order["acts"]] == ["mended", "found_again"]
    assert len(await told(sanitation, "RectificationOrdered", "due_at")) == 2

    # Sent back with a new deadline, mended by another one, closed; the list has it under its result.
    path = f"/v1/orders/{order_id}"
    await sanitation.post(f"{path}/mendings", act(note="已重新清洗"), "sanitation_worker", HERE)
    for due_at, code in ((None, "deadline_impossible"), ("2020-02-27T09:01:00+08:00", "deadline_impossible")):
        body = act(outcome="sent_back", note="墙面仍未清洗", due_at=due_at)
        assert (await sanitation.post(f"{path}/reviews", body, HQ)).json()["code"] == code
    back = act(outcome="sent_back", note="墙面仍未清洗", due_at="2020-02-24T18:00:00+08:00")
    assert (await sanitation.post(f"{path}/reviews", back, HQ)).json()["state"] == "ordered"
    early = await sanitation.post(
        f"{path}/settlements", act(outcome="handed_to_discipline", note="屡教不改"), HQ
    )
    assert (early.status_code, early.json()["code"]) == (409, "not_overdue")
    sanitation.client.move_to(datetime(2020, 2, 24, 10, 0, tzinfo=UTC))
    await tickers.supervise(sanitation.context.database)
    ended = await sanitation.post(
        f"{path}/settlements", act(outcome="handed_to_discipline", note="屡教不改"), HQ
    )
    assert (ended.json()["state"], ended.json()["level"]) == ("handed_to_discipline", 1)
    lines = (await sanitation.get("/v1/inspections", UNIT, HERE, compound="lj-001", result="fail")).json()[
        "items"
    ]
    assert {(one["subject"], tuple(one["failed"])) for one in lines} == {("lj-001-s001", ("clean",))}
    assert len(lines) == 2


@pytest.mark.requirement("R5.4")
async def test_orders_by_hand_are_listed_by_deadline_and_go_into_the_bulletin(sanitation: Service) -> None:
    def by_hand(hours: int | None, compound: str = "lj-001") -> dict[str, Any]:
        due = datetime(2020, 2, 24, 1, tzinfo=UTC) + timedelta(hours=hours) if hours else None
        return {
            "order_id": str(uuid4()),
            "compound": compound,
            "item": "other",
            "note": "楼道堆放=纸箱",
            "due_at": due.isoformat() if due else None,
        }

    bodies = [by_hand(30), by_hand(None), by_hand(3), by_hand(5, "lj-002")]
    for body in bodies:
        answer = await sanitation.post("/v1/orders", body, SUPERVISOR)
        assert (answer.status_code, answer.json()["title"]) == (201, "事项 other")
        assert (await sanitation.post("/v1/orders", body, SUPERVISOR)).status_code == 200
    for changes, code in (
        ({"note": "另外的内容"}, "same_id_other_content"),
        ({"order_id": str(uuid4()), "item": "nothing"}, "item_unknown"),
        ({"order_id": str(uuid4()), "due_at": "2020-02-24T09:00:00+08:00"}, "deadline_impossible"),
        ({"order_id": str(uuid4()), "compound": "nowhere"}, "compound_unknown"),
    ):
        assert (await sanitation.post("/v1/orders", bodies[0] | changes, SUPERVISOR)).json()["code"] == code

    # The first to be due first, page by page, in the caller's compounds alone.
    seen, after = [], None
    while True:
        page = (
            await sanitation.get(
                "/v1/orders", UNIT, HERE, limit=2, open="true", **({"after": after} if after else {})
            )
        ).json()
        seen += [one["order_id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [bodies[2]["order_id"], bodies[1]["order_id"], bodies[0]["order_id"]]

    file = await sanitation.get("/v1/order-exports", HQ, format="xlsx")
    assert file.status_code == 200
    rows = [row.cells for row in read(file.content, required=("小区编号", "情况"))]
    assert [row["小区编号"] for row in rows] == ["lj-001", "lj-001", "lj-001", "lj-002"]
    assert {row["情况"] for row in rows} == {"楼道堆放=纸箱"}
    assert (await sanitation.get("/v1/order-exports", UNIT)).status_code == 403
    reads = await sanitation.context.database.pool.fetch("select action, role from audit_read")
    assert [tuple(read) for read in reads] == [("order_export", HQ)]


async def test_without_a_rule_nothing_is_inspected_and_nothing_goes_up(bare: Service) -> None:
    await bare.hear_compounds("lj-001")
    await bare.hear_policy(1, date(2020, 2, 1), policy(complete=False))
    body = inspection("property_company", "lj-001", NINE, items=[{"code": "supplies", "verdict": "pass"}])

    answer = await bare.post("/v1/inspections", body, CLERK)

    assert (answer.status_code, answer.json()["code"]) == (503, "policy_silent")
    assert answer.json()["missing"] == "inspections"
    await tickers.supervise(bare.context.database)
