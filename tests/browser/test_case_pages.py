"""A case as people work with it: what was said and tried, what is decided, and what goes wrong while they do."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.observed import THERE, Observed
from tests.browser.place import PATIENT


def act(page: Page, name: str) -> Locator:
    """What holds the form of an act."""
    return page.locator("details", has=page.locator("summary", has_text=re.compile(f"^{name}$")))


@pytest.mark.scenario("O6")
async def test_a_fever_is_cleared_and_resumed_once_and_going_back_shows_what_holds(
    observed: Observed,
) -> None:
    case_id = await observed.somebody()
    await observed.watch.declare(case_id, "38.4")
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/cases/{case_id}")
        await expect(page.locator(".facts .chip").first).to_have_text("发热就医")
        await window.accessible()
        await window.shot("case-ill")
        await page.get_by_role("link", name="一人一档").click()
        await page.get_by_role("link", name="打开个案").first.click()
        await expect(page).to_have_url(re.compile(f"/cases/{case_id}$"))
        await page.get_by_label("发热门诊结果").select_option("cleared")
        await page.locator("#result-reason").fill("两次核酸阴性")
        await page.get_by_role("button", name="记录结果").first.click()
        await window.sees("发热门诊结果已记录。")
        resume = act(page, "恢复观察")
        await resume.locator("summary").click()
        await resume.get_by_label("理由").fill("发热门诊排除")
        await resume.get_by_role("button").dblclick()
        await window.sees("决定已执行。")
        await expect(page.locator(".facts .chip").first).to_have_text("观察中")
        await expect(page.locator(".timeline b", has_text="恢复观察")).to_have_count(1)
        await page.go_back()
        await expect(page.locator(".facts .chip").first).to_have_text("观察中")
        await expect(act(page, "恢复观察")).to_have_count(0)


@pytest.mark.scenario("O3")
async def test_of_two_who_decide_the_second_is_told_what_holds_now(observed: Observed) -> None:
    path = f"/cases/{await observed.somebody()}"
    async with observed.place.window("community_clerk") as first, observed.place.window() as second:
        for window in (first, second):
            await window.go(path)
            extend = act(window.page, "延长观察")
            await extend.locator("summary").click()
            await extend.get_by_label("延长几天").fill("3")
            await extend.get_by_label("理由").fill("同住人员返回较晚")
        await act(first.page, "延长观察").get_by_role("button").click()
        await first.sees("决定已执行。")
        await act(second.page, "延长观察").get_by_role("button").click()
        alert = second.page.get_by_role("alert")
        await expect(alert).to_contain_text("此个案在您打开页面之后有了变化")
        await second.sees("现在的情况：观察中")
        await second.sees("至 3月6日 周五")
        await expect(second.page.get_by_label("延长几天")).to_have_value("3")
        await second.accessible()
        await second.shot("case-changed")
        second.complaints = [one for one in second.complaints if "409" not in one]


@pytest.mark.scenario("O7")
async def test_what_was_said_on_the_phone_is_kept_corrected_and_shown(observed: Observed) -> None:
    case_id = await observed.somebody()
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/cases/{case_id}")
        declare = act(page, "代为申报")
        await declare.locator("summary").click()
        await declare.get_by_label("体温").fill("365")
        await declare.get_by_label("咳嗽").check()
        await declare.get_by_role("button").click()
        await expect(page.get_by_role("alert")).to_contain_text("体温")
        await expect(page.get_by_role("alert")).to_contain_text("36.5")
        declare = act(page, "代为申报")
        await expect(declare.get_by_label("体温")).to_have_value("365")
        await expect(declare.get_by_label("咳嗽")).to_be_checked()
        await declare.get_by_label("咳嗽").uncheck()
        await declare.get_by_label("体温").fill("36.8")

        stack = observed.place.stack
        stack.kill("observation")  # the press comes to nothing, and what was typed stays
        await declare.get_by_role("button").click()
        await expect(page.locator("#guard")).to_contain_text("没有连上系统")
        await expect(declare.get_by_label("体温")).to_have_value("36.8")
        stack.launch("observation")
        await stack.ready("observation")

        await window.context.clear_cookies(name="fangkong-observation-session")  # and so does the sign-in
        await declare.get_by_role("button").click()
        async with window.context.expect_page() as opened:
            await page.get_by_role("link", name="在新窗口重新登录").click()
        other = await opened.value
        await other.wait_for_url(re.compile(r"/$"))
        await other.close()
        await declare.get_by_role("button").click()
        await window.sees("申报已记录。")
        told = page.locator(".timeline li", has_text="36.8")
        await expect(told).to_have_count(1)
        await told.get_by_role("link", name="更正").click()
        await page.get_by_label("体温").fill("36.6")
        await page.get_by_label("理由").fill("核对纸质记录")
        await window.accessible()
        await page.get_by_role("button", name="提交更正").click()
        await window.sees("更正已记录，原来的一并保留。")
        await expect(page.locator(".timeline li", has_text="36.8")).to_contain_text("已更正")
        window.complaints = [one for one in window.complaints if "422" not in one]


@pytest.mark.scenario("O4")
async def test_calls_links_and_the_group_on_a_small_screen(observed: Observed) -> None:
    dwelling = await observed.watch.dwelling(THERE)
    case_id, mate = [await observed.somebody(dwelling=dwelling) for _ in range(2)]
    async with observed.place.window("community_clerk", width=320, height=640) as window:
        page = window.page
        await window.go(f"/cases/{case_id}")
        await window.fits()
        attempt = act(page, "记录电话或上门")
        await attempt.locator("summary").click()
        await attempt.get_by_label("联系不上").check()
        await attempt.get_by_label("备注").fill("无人接听")
        await attempt.get_by_role("button").click()
        await window.sees("联系结果已记录。")
        await expect(page.locator(".timeline li", has_text="无人接听")).to_contain_text("联系不上")
        assign = act(page, "派人打电话或上门")
        await assign.locator("summary").click()
        await assign.get_by_label("派给谁").fill("dev-grid_worker")
        await assign.get_by_label("方式").select_option("visit")
        await assign.get_by_role("button").click()
        await window.sees("已派人。")
        await page.get_by_role("button", name="已入群").click()
        await window.sees("观察群已更新。")
        link = act(page, "申报链接")
        await link.locator("summary").click()
        await page.get_by_role("button", name="生成新链接").click()
        token = await page.locator("#secret .token").inner_text()
        assert len(token) > 20
        assert token not in page.url
        await window.fits()
        await window.shot("case-320")
        await window.go(f"/cases/{case_id}")
        await expect(page.locator("body")).not_to_contain_text(token)
        await act(page, "申报链接").locator("summary").click()
        await page.get_by_role("button", name="让此链接代报").click()
        await window.sees("同户代报已更新。")
        await act(page, "申报链接").locator("summary").click()
        await expect(page.locator("#acts a", has_text="欧*")).to_have_attribute("href", f"/cases/{mate}")
        await expect(page.locator(".chip", has_text="可代报")).to_be_visible()
        await page.get_by_role("button", name="停用").click()
        await window.sees("链接已停用。")
        await window.accessible()

    async with observed.place.window("supervisor") as window:
        await window.go(f"/cases/{case_id}")
        await expect(window.page.locator("#acts")).to_have_count(0)
        await expect(window.page.locator("body")).not_to_contain_text("无人接听")


@pytest.mark.requirement("R2.7")
async def test_a_sheet_is_printed_for_a_reason(observed: Observed) -> None:
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/cases/{observed.case_id('well')}")
        await page.get_by_label("打印观察登记表的理由").fill("期满归档")
        async with window.context.expect_page() as opened:
            await page.get_by_role("button", name="打印登记表").click()
        sheet = await opened.value
        await expect(sheet.locator("table")).to_be_visible(timeout=PATIENT)
