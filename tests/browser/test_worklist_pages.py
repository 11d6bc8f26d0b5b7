"""A desk's morning: who calls for somebody, how every window stands, and one act for many."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.browser.observed import HERE, THERE, Observed


@pytest.mark.scenario("O4")
async def test_who_calls_for_somebody_stands_on_top_and_is_reached_with_one_press(observed: Observed) -> None:
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/worklist?compound={HERE}")
        await expect(page.get_by_role("heading", name="今日工作")).to_be_visible()
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0)).to_contain_text("发热就医")
        await expect(rows.nth(1)).to_contain_text("连续未报 4 次")
        await expect(rows.nth(1)).to_contain_text("2 天前")
        await expect(rows.nth(2)).to_contain_text("今天 10:00")
        await window.accessible()
        await window.shot("worklist")

        await (
            rows.nth(1).get_by_role("checkbox").press("Enter")
        )  # never the first button, which shows a phone
        await expect(page.get_by_role("heading", name="批量处理")).to_be_visible()
        await page.go_back()
        await rows.nth(1).get_by_role("button", name="显示").click()
        await expect(rows.nth(1).locator("a[href^='tel:']")).to_contain_text("199000")
        await expect(rows.nth(1).locator(".shown")).to_contain_text("欧阳")
        assert "tel" not in page.url

        await page.get_by_role("link", name="超过 3 次").click()
        await expect(rows).to_have_count(1)
        await page.get_by_role("link", name="明天期满").click()
        await expect(rows).to_have_count(1)
        await page.get_by_label("观察方式").select_option("home_quarantine")
        await page.get_by_role("button", name="筛选").click()
        await window.sees("这个名单现在没有人")
        await expect(page.get_by_role("link", name="去掉筛选")).to_be_visible()
        await window.accessible()

    async with observed.place.window("community_clerk", width=320, height=640) as window:
        await window.go(f"/worklist?compound={HERE}")
        await window.fits()
        await window.shot("worklist-320")


@pytest.mark.scenario("O4", "O12")
async def test_every_window_of_a_fortnight_by_shape_and_word(observed: Observed) -> None:
    async with observed.place.window("supervisor") as window:
        await window.go(f"/days?compound={HERE}")
        await window.sees("申报格")
        await expect(window.page.locator("tbody th").first).to_contain_text(
            "个案"
        )  # no names for who may not read

    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/days?compound={HERE}")
        row = page.locator("tbody tr", has=page.locator(f"a[href$='{observed.case_id('silent')}']"))
        await expect(row.locator(".mark.not_performed")).to_have_count(4)
        await expect(row.locator("td").first.locator(".mark")).to_have_count(0)  # before the period: blank
        ill = page.locator("tbody tr", has=page.locator(f"a[href$='{observed.case_id('ill')}']"))
        await expect(ill.locator(".mark.symptomatic")).to_have_attribute("title", "异常")
        own = page.locator("tbody tr", has=page.locator(f"a[href$='{observed.case_id('with a phone')}']"))
        await expect(own.locator(".mark.own")).to_have_count(4)
        await row.locator("td[tabindex='0'], td").last.focus()
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator("#cell-said")).to_contain_text("未报")
        await window.accessible()
        await window.shot("days")
        await page.get_by_role("link", name="早一周").click()
        await expect(page.get_by_role("link", name="晚一周")).to_be_visible()

    async with observed.place.window("community_clerk", width=320, height=640) as window:
        await window.go(f"/days?compound={HERE}")
        await window.fits()
        await window.shot("days-320")


@pytest.mark.scenario("O4")
async def test_one_act_for_many_stops_and_goes_on_where_it_stopped(observed: Observed) -> None:
    many = [await observed.somebody() for _ in range(5)]
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go(f"/worklist?of=all&compound={THERE}")
        for case_id in many:
            await page.locator(f"#case-{case_id}").check()
        await expect(page.locator("[data-selected]")).to_have_text("已选 5")
        await page.get_by_role("button", name="批量处理所选").click()
        await expect(page.locator("#chosen")).to_have_text("5")
        await page.get_by_label("派人打电话").check()
        await page.get_by_role("button", name="对 5 人执行").click()
        await expect(page.get_by_role("alert")).to_contain_text("派给谁")
        await expect(page.get_by_label("派人打电话")).to_be_checked()
        await window.accessible()
        await page.get_by_label("延长观察", exact=True).check()
        await page.get_by_label("延长几天").fill("2")
        await page.get_by_label("理由").fill("同住人员返回较晚")

        held = await observed.place.stack.connect("observation")
        lock = held.transaction()
        await lock.start()
        try:  # one of the cases is being worked on elsewhere: the action waits there
            await held.execute("select 1 from observation_case where case_id = $1 for update", UUID(many[3]))
            await page.get_by_role("button", name="对 5 人执行").dblclick()
            await expect(page.locator("#done")).to_contain_text("3/5 完成", timeout=20_000)
            await window.shot("bulk-running")
            where = page.url
            await window.context.clear_cookies()  # the session ends in the middle
            await page.wait_for_url(lambda url: url.startswith(observed.place.stack.issuer.url))
            await page.locator("button[value='dev-community_clerk']").click()
            await page.wait_for_url(where)
            await page.locator("#cancel").click()
            await expect(page.locator(".chip", has_text="已停下")).to_be_visible()
        finally:
            await lock.rollback()
            await held.close()
        await window.sees("还没有处理的仍然选中")
        await window.accessible()
        await window.shot("bulk-stopped")
        await page.locator("#go-on").click()
        await page.get_by_label("派人打电话").check()
        await page.get_by_label("派给谁").fill("dev-grid_worker")
        await page.get_by_role("button", name="执行").click()
        await expect(page.locator(".chip", has_text="已完成")).to_be_visible(timeout=20_000)
        window.complaints = [one for one in window.complaints if "401" not in one and "422" not in one]
    observed.place.kept.pop("community_clerk", None)
