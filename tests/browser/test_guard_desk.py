"""What else a guard does at the page: duty, and who comes from elsewhere."""

from datetime import date

import pytest
from playwright.async_api import expect

from shared.events.registry.rules import PolicyRevised, RiskAreasRevised
from tests.browser.checkpoint import Checkpoint
from tests.integration.gate.duty import Post
from tests.integration.gate.town import POLICY


@pytest.mark.requirement("R2.2")
async def test_two_guards_hand_the_post_over_when_nothing_waits_any_more(gate: Checkpoint) -> None:
    post = Post(town=gate.town, planner=gate.town.client.as_role("hq_officer"))
    early, late = await post.worker(), await post.worker()
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    said = guard.page.locator("#duty-said")
    await guard.touch("#duty")
    await guard.wedge(early.badge)  # the badge is scanned
    await expect(guard.page.locator("#badge")).to_have_value(early.badge)
    await guard.touch("#check-in")
    await expect(said).to_contain_text("已签到")
    await guard.page.locator("#badge").fill("0000000000")
    await guard.touch("#check-in")
    await expect(said).to_contain_text("没有办成")
    await guard.touch("#back")

    await gate.stop()
    await guard.check(wang.token)
    await guard.waiting(1)
    await guard.touch("#status")
    await guard.page.locator("main #duty, main button:has-text('值班交接')").first.click()
    await guard.page.locator("#outgoing").fill(early.badge)
    await guard.page.locator("#incoming").fill(late.badge)
    await guard.touch("#hand-over")
    await expect(said).to_contain_text("还有 1 条没有上传")
    await guard.shot("16-duty")
    await gate.start()
    await guard.page.evaluate("dispatchEvent(new Event('online'))")
    await guard.waiting(0)
    await guard.page.locator("#masks").fill("40")
    await guard.touch("#hand-over")
    await expect(said).to_contain_text("已交接")
    [told] = await gate.town.rows("select materials from duty_handover")
    assert told["materials"] == {"masks": 40}
    await guard.page.locator("#badge").fill(late.badge)  # came by the handover
    await guard.touch("#check-out")
    await expect(said).to_contain_text("已签退")
    assert await gate.town.rows("select 1 from duty_turn where ended_at is null") == []


@pytest.mark.requirement("R2.5")
async def test_somebody_who_comes_back_is_recorded_and_reported_in_one_step(gate: Checkpoint) -> None:
    await gate.town.tell(
        RiskAreasRevised(revision=1, effective_from=date(2020, 2, 1), areas={"420000": "focus"})
    )
    wang = await gate.town.resident(with_pass=False)
    guard = await gate.enrolled()
    await guard.touch("#by-arrival")
    await guard.touch("#report")
    await expect(guard.page.locator("#a-problem")).to_contain_text("请填写")
    await guard.page.locator("#a-document").fill(wang.document)
    await guard.page.locator("#a-origin").select_option("510000")
    await guard.page.locator("#a-temperature").fill("36.5")
    await guard.touch('#a-mask_question [data-value="on"]')
    await guard.touch('#a-ticket [data-value="train"]')
    await guard.touch("#report")
    await guard.face("admit_with_action")
    await expect(guard.page.locator("#verdict")).to_contain_text("请直接回家")
    await guard.shot("17-arrival")
    [seen] = await gate.town.published("FirstReturnSeen")
    assert "510000" not in await guard.page.locator("#app").inner_text()
    assert seen["held"] is False


@pytest.mark.requirement("R2.3")
async def test_nobody_is_asked_for_a_step_that_changes_nothing(gate: Checkpoint) -> None:
    gate_rules = POLICY.gate.model_copy(update={"musts": (*POLICY.gate.musts, "ask")})
    await gate.town.tell(
        PolicyRevised(
            version=2,
            effective_from=date(2020, 2, 2),
            revised_by="hq",
            document=POLICY.model_copy(update={"gate": gate_rules}),
        )
    )
    wang, li = await gate.town.resident(), await gate.town.resident("李", "2-1-101")
    await gate.town.tell(gate.town.revoked(li))
    guard = await gate.enrolled()
    await guard.touch("#by-visitor")
    await guard.touch('[data-purpose="emergency"]')  # an ambulance waits for nothing
    await guard.face("admit_with_action")
    await guard.wedge(li.token)  # refused whatever the thermometer says
    await guard.face("refuse")
    await expect(guard.page.locator("#verdict")).to_contain_text("出入证已作废")
    await guard.check(wang.token)
    await guard.accessible()
    await guard.shot("18-ask")
    await guard.touch("#answers")  # none of the three, in one touch
    await guard.face("admit")
    await guard.touch("#next")
    await guard.wedge(wang.number)
    await guard.keys("374")
    await expect(guard.page.locator("#hint")).to_have_text("达到发热标准")
    await guard.touch("#mask-on")  # asked already today
    await guard.face("refuse")
    await guard.touch("#mistyped")
    await guard.keys("364")
    await guard.touch("#mask-on")
    await guard.face("admit_with_action")
    asked = await gate.town.rows("select * from entry_check order by seq")
    assert [(await gate.town.reading(row), row["verdict"]) for row in asked] == [
        (None, "admit_with_action"),
        (None, "refuse"),
        ("36.5", "admit"),
        ("37.4", "refuse"),
        ("36.4", "admit_with_action"),
    ]


async def test_a_finger_holds_a_green_verdict_and_a_second_window_waits(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    second = await guard.page.context.new_page()
    await second.goto("/guard/")
    await expect(second.locator("[role=alert]")).to_contain_text("已在另一个窗口打开")
    await second.close()
    await guard.check(wang.token)
    await guard.face("admit")
    await guard.page.mouse.move(180, 300)
    await guard.page.mouse.down()
    await guard.page.wait_for_timeout(3_500)
    await guard.face("admit")
    await guard.page.mouse.up()
    await expect(guard.page.locator("#direction")).to_be_visible()
