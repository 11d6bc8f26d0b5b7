"""A cards room that is open, and what is reported at a place, through all services up to who closes it (S5)."""

import io
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from shared.kernel.days import at_local, local_day
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack

HERE, THERE = "shut-001", "shut-002"
CANARY = "门后四桌人在打牌"
UNIT = ("property_manager", f"compound:{HERE}")


def picture() -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    Image.new("RGB", (64, 48), "grey").save(written, "JPEG", exif=exif)
    return written.getvalue()


async def compound(stack: Stack, code: str) -> None:
    neighbourhood_id = f"nb-{code}"
    officer = stack.as_role("hq_officer")
    neighbourhood: dict[str, Any] = {"version": 0, "name": "闭门社区", "kind": "community"}
    await stack.call(
        "PUT", "registry", f"/v1/neighbourhoods/{neighbourhood_id}", headers=officer, json=neighbourhood
    )
    place: dict[str, Any] = {
        "version": 0,
        "neighbourhood_id": neighbourhood_id,
        "name": "闭门新村",
        "building_type": "high_rise",
        "address": "闭门路 1 号",
        "mode": "closed",
        "area_m2": 30_000,
    }
    await stack.call("PUT", "registry", f"/v1/compounds/{code}", headers=officer, json=place)
    await stack.equal()


async def say(
    stack: Stack, path: str, body: dict[str, Any], role: str, scope: str = "town", *, expect: int = 201
) -> Any:
    return await stack.call(
        "POST", "sanitation", path, headers=stack.as_role(role, scope), json=body, expect=expect
    )


async def looked(stack: Stack, venue: str, found: str, *, expect: int = 201, **more: Any) -> Any:
    body = {
        "inspection_id": str(uuid4()),
        "inspected": "venue",
        "subject": venue,
        "found": found,
        "inspected_at": stack.now().isoformat(),
        **more,
    }
    return await say(stack, "/v1/inspections", body, "supervisor", expect=expect)


async def at_headquarters(stack: Stack, code: str = HERE) -> tuple[dict[str, Any], dict[str, Any]]:
    """The compound's line of the board, and of what inspectors found."""
    await stack.equal()
    officer = stack.as_role("hq_officer")
    board = await stack.call("GET", "reporting", f"/v1/board/{code}", headers=officer)
    found = await stack.call("GET", "reporting", "/v1/supervision", headers=officer)
    [line] = [one for one in found["lines"] if one["compound"] == code] or [{}]
    return board["compound"], line


async def the_finding(stack: Stack, state: str) -> dict[str, Any]:
    """The compound's finding about its order, once supervision has looked."""
    path = f"/v1/findings?rule=order_overdue&compound={HERE}&state={state}"

    async def look() -> list[dict[str, Any]]:
        answer = await stack.call("GET", "reporting", path, headers=stack.as_role("hq_officer"))
        found: list[dict[str, Any]] = answer["items"]
        return found

    [one] = await eventually(look, within=60, every=0.5, what=f"the order's finding is {state}")
    return one


@pytest.mark.timeout(300)
@pytest.mark.scenario("S5", "H4")
@pytest.mark.requirement("R5.3", "R5.4", "R7.2")
async def test_a_cards_room_found_open_goes_up_until_somebody_else_has_seen_it_closed(stack: Stack) -> None:
    day = local_day(stack.now()) + timedelta(days=1)
    nine = at_local(day, time(9))
    await stack.move_to(nine)
    await compound(stack, HERE)
    venue = str(uuid4())
    entry = {"venue_id": venue, "compound": HERE, "kind": "cards_room", "name": "好运棋牌室"}
    assert (await say(stack, "/v1/venues", entry, "community_clerk"))["status"] == "closed"
    assert (await at_headquarters(stack))[0]["problems"] == 0

    # Found open: a violation, an order with policy's deadline, trouble on the board.
    found = await looked(stack, venue, "open", note=CANARY)
    [order] = found["orders"]
    path = f"/v1/orders/{order}"
    board, line = await at_headquarters(stack)
    assert (board["venues_found_open"], board["orders_open"], board["problems"]) == (1, 1, 1)
    assert (line["failed"], line["orders_overdue"]) == (1, 0)
    days = {"from_day": day.isoformat(), "last_day": day.isoformat(), "reason": "群众需要"}
    approvals = f"/v1/venues/{venue}/approvals"
    body = {"approval_id": str(uuid4()), **days}
    assert (await say(stack, approvals, body, "hq_officer", expect=409))["code"] == "violation_open"

    # Nobody mends it: it goes up, each level told once, also those that passed while nothing moved.
    await stack.move_to(nine + timedelta(hours=2))
    board, line = await at_headquarters(stack)
    assert (line["orders_overdue"], line["highest_level"], board["problems"]) == (1, 1, 2)
    finding = await the_finding(stack, "open")
    assert (finding["evidence"]["order_id"], finding["closes_by"]) == (order, "facts")
    board, _ = await at_headquarters(stack)
    assert {"order_overdue", "venue_open"} == {one["code"] for one in board["trouble"]["reasons"]}
    await stack.move_to(nine + timedelta(hours=51))
    assert (await at_headquarters(stack))[1]["highest_level"] == 3
    custody = await stack.connect("sanitation")
    told = "select count(*) from outbox where document like '%RectificationOverdue%' and document like $1"
    assert await custody.fetchval(told, f"%{order}%") == 3

    # Mended with a photo by the unit; who mended and who found it do not close it; another one does.
    photo = str(uuid4())
    sent = await stack.call(
        "POST",
        "sanitation",
        f"/v1/photos?photo_id={photo}&compound={HERE}",
        headers=stack.as_role(*UNIT),
        files={"file": ("x.jpg", picture())},
        expect=201,
    )
    assert (sent["width"], sent["height"]) == (64, 48)
    await say(stack, f"{path}/mendings", {"act_id": str(uuid4()), "photo_id": photo}, *UNIT)
    review = {"act_id": str(uuid4()), "outcome": "rectified", "note": "门已锁，贴封条"}
    assert (await say(stack, f"{path}/reviews", review, "supervisor", expect=403))["code"] == "own_work"
    assert (await say(stack, f"{path}/reviews", review, *UNIT, expect=403))["code"] == "role_not_allowed"
    shut = await looked(stack, venue, "closed")
    assert (shut["result"], shut["orders"]) == ("pass", [])
    closed = await say(stack, f"{path}/reviews", review, "hq_officer")
    assert (closed["state"], [one["kind"] for one in closed["acts"]]) == (
        "rectified",
        ["mended", "rectified"],
    )
    board, line = await at_headquarters(stack)
    assert (board["problems"], line["orders_open"], line["venues_closed"]) == (0, 0, 1)
    gone = await the_finding(stack, "closed")
    assert (gone["finding_id"], gone["closed_by"]) == (finding["finding_id"], "facts")
    supervision = await stack.connect("reporting")

    async def on_the_bus() -> bool:
        asked = (
            "select max_pos > 1 and published_pos = max_pos from outbox_channel where channel = 'findings'"
        )
        return bool(await supervision.fetchval(asked))

    await eventually(on_the_bus, within=30, what="what supervision found is on the bus")
    await supervision.close()

    # Approved for a day: open is no violation on that day, only its checklist counts; the next day it is one again.
    third = local_day(stack.now())
    days = {"from_day": third.isoformat(), "last_day": third.isoformat(), "reason": "已备案，限流开放"}
    approved = await say(stack, approvals, {"approval_id": str(uuid4()), **days}, "hq_officer")
    assert approved["venue"]["status"] == "approved_open"
    bare = await looked(stack, venue, "open", expect=422)
    items = [{"code": code, "verdict": "pass"} for code in bare["missing"]]
    assert (await looked(stack, venue, "open", items=items))["result"] == "pass"
    await stack.move_to(at_local(third + timedelta(days=1), time(0, 1)))
    assert (await at_headquarters(stack))[1]["venues_closed"] == 1
    assert (await looked(stack, venue, "open"))["result"] == "fail"

    # Nothing of the inspector's words, of the camera or of who reviewed left the service.
    assert await custody.fetchval("select count(*) from outbox where document like $1", f"%{CANARY}%") == 0
    await custody.close()
    for service in stack.urls:
        assert CANARY not in stack.log(service)


@pytest.mark.timeout(300)
@pytest.mark.requirement("R5.4", "R7.2")
async def test_what_somebody_reports_at_a_place_is_ordered_once_it_is_found_to_be_so(stack: Stack) -> None:
    await stack.move_to(at_local(local_day(stack.now()) + timedelta(days=1), time(9)))
    await compound(stack, THERE)
    code = f"{THERE}-s{uuid4().hex[:6]}"
    site = {"code": code, "compound": THERE, "kind": "bin_point", "name": "东门垃圾桶"}
    await say(stack, "/v1/sites", site, "community_clerk")
    before = (await at_headquarters(stack, THERE))[0]["orders_open"]

    body = {"report_id": str(uuid4()), "site_code": code, "problem": "overflowing"}
    await stack.call("POST", "sanitation", "/v1/site-reports", headers={}, json=body, expect=201)
    await stack.call("POST", "sanitation", "/v1/site-reports", headers={}, json=body, expect=200)
    assert (await at_headquarters(stack, THERE))[0]["orders_open"] == before

    decision = {"outcome": "upheld", "note": "现场核实属实"}
    path = f"/v1/site-reports/{body['report_id']}/decision"
    upheld = await say(stack, path, decision, "community_clerk", expect=200)
    assert (await at_headquarters(stack, THERE))[0]["orders_open"] == before + 1
    listed = await stack.call(
        "GET",
        "sanitation",
        f"/v1/orders?compound={THERE}&open=true",
        headers=stack.as_role("property_manager", f"compound:{THERE}"),
    )
    [order] = [one for one in listed["items"] if one["order_id"] == upheld["order_id"]]
    assert (order["source"], order["subject"]) == ("report", code)
    assert datetime.fromisoformat(order["due_at"]) == stack.now() + timedelta(hours=12)
