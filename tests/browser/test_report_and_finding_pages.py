"""The daily report and the findings as people work with them, each with their own account and window."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from shared.kernel.clock import write_control
from tests.browser.place import PATIENT, Headquarters
from tests.browser.scene import WORST
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.reporting.world import TODAY

AFTER_THE_CUT_OFF = datetime(2020, 2, 24, 8, 10, tzinfo=UTC)  # 16:10 in Shanghai
REPORT = f"/reports/{TODAY}"


@pytest.fixture(scope="module")
async def afternoon(board: Headquarters) -> AsyncIterator[Headquarters]:
    """The town ten minutes after the day's cut-off."""
    write_control(board.stack.clock_file, AFTER_THE_CUT_OFF, 0.0)
    yield board
    write_control(board.stack.clock_file, NINE_ON_THE_24TH, 0.0)


@pytest.mark.scenario("H1")
@pytest.mark.requirement("R7.4")
async def test_a_unit_gives_its_word_and_headquarters_send_the_day(afternoon: Headquarters) -> None:
    async with afternoon.window("community_clerk") as clerk:
        page = clerk.page
        await clerk.go(f"{REPORT}/units/{WORST}")
        await expect(page.get_by_role("button", name="零报告")).to_be_disabled()
        entered = page.get_by_label("进入人次 新增，更正为")
        await entered.fill("9")
        await page.get_by_role("button", name="提交更正").click()
        await clerk.sees("请改动至少一个数并写明理由。")
        await expect(entered).to_have_value("9")
        await clerk.accessible()
        await page.get_by_label("更正理由").fill("与门岗台账核对")
        await page.get_by_role("button", name="提交更正").dblclick()
        await expect(page.locator(".facts .chip")).to_have_text("已更正")
        await expect(page.locator("td.warn")).to_have_text("9")

        await clerk.go(f"{REPORT}/units/lj-001")
        await page.get_by_role("button", name="确认无误").click()
        await expect(page.locator(".facts .chip")).to_have_text("已确认")
        clerk.complaints = [one for one in clerk.complaints if "422" not in one]

    async with afternoon.window() as officer:
        page = officer.page
        await officer.go(REPORT)
        await officer.sees("与门岗台账核对")
        await expect(page.locator(".tile").first).to_contain_text("2 / 53")
        await page.locator("#send").click()
        await officer.sees("还有 51 个单位未确认。")
        officer.complaints = [one for one in officer.complaints if "409" not in one]
        await page.locator("[name=missing_accepted]").check()
        await page.locator("#send").dblclick()
        await expect(page.locator(".facts .chip").first).to_have_text("已报送", timeout=PATIENT)
        await expect(page.locator("#send")).to_have_count(0)
        await officer.accessible()
        for kind in ("xlsx", "txt"):
            link = await page.locator(f"[data-format={kind}]").get_attribute("href")
            assert (await page.request.get(f"{afternoon.base}{link}")).status == 200
        await officer.go("/reports")
        await expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.requirement("R7.2")
async def test_what_an_inspector_finds_is_answered_mended_and_reviewed_by_others(
    afternoon: Headquarters,
) -> None:
    async with afternoon.window("supervisor") as inspector:
        page = inspector.page
        await inspector.go("/findings/new")
        await page.get_by_label("小区").select_option("lj-010")
        await page.get_by_label("情况").fill("东门值守人员未戴口罩")
        await page.get_by_role("button", name="登记", exact=True).click()
        await inspector.sees("东门值守人员未戴口罩")
        found = page.url
        await expect(page.get_by_role("button", name="提交复核")).to_have_count(0)

        async with afternoon.window("community_clerk") as clerk:
            await clerk.go(found)
            await clerk.page.get_by_label("整改情况和依据").fill("已补发口罩并复查")
            await clerk.page.get_by_role("button", name="报整改完成").click()
            await expect(clerk.page.locator(".facts .chip").first).to_have_text("待复核")
            await clerk.accessible()

        await inspector.go(found)
        await page.get_by_label("复核说明").fill("现场看过")
        await page.get_by_role("button", name="提交复核").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        inspector.complaints = [one for one in inspector.complaints if "403" not in one]

        async with afternoon.window() as officer:
            await officer.go(found)
            await officer.page.get_by_label("复核说明").fill("现场看过，已整改")
            await officer.page.get_by_role("button", name="提交复核").click()
            await expect(officer.page.locator(".facts .chip").first).to_have_text("已办结")
            await officer.sees("现场看过，已整改")
