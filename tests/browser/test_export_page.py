"""Taking a list away in a real browser: asked for once with a reason, made while one looks, fetched as a file."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from python_calamine import CalamineWorkbook

from tests.browser.place import PATIENT, Headquarters

pytestmark = [pytest.mark.requirement("R7.1"), pytest.mark.scenario("H3")]


async def test_a_list_is_asked_for_once_and_fetched_and_nobody_else_sees_it(
    board: Headquarters, tmp_path: Path
) -> None:
    async with board.window("supervisor") as window:
        page = window.page
        await page.get_by_role("main").get_by_role("link", name="清单导出").click()
        await window.sees("您还没有导出过")
        await window.accessible()
        await page.get_by_label("清单").select_option("board")
        await page.get_by_role("button", name="导出", exact=True).click()
        assert await page.locator("#reason:invalid").count() == 1, (
            "a purpose is asked for before anything is sent"
        )
        await page.locator("#reason").fill("上报汇总")
        await page.locator("#from_day").fill("2020-02-25")
        await page.locator("#to_day").fill("2020-02-24")
        await page.get_by_role("button", name="导出", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("没有导出")
        assert await page.locator("#reason").input_value() == "上报汇总", "what was typed is kept"
        await window.accessible()
        await page.locator("#from_day").fill("2020-02-24")
        await page.get_by_role("button", name="导出", exact=True).dblclick()
        await expect(page.locator("#jobs tbody tr")).to_have_count(1)
        await expect(page.locator("#jobs .chip.good")).to_have_text("已做好", timeout=PATIENT)
        await window.shot("exports")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="下载 xlsx").click()
        file = tmp_path / "board.xlsx"
        await (await coming.value).save_as(file)
        rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
        assert (len(rows), rows[0][0]) == (54, "小区编号")
        await page.set_viewport_size({"width": 320, "height": 640})
        await window.fits()
        window.complaints = [one for one in window.complaints if "422" not in one]
    async with board.window("auditor") as other:
        await other.go("/exports")
        await other.sees("您还没有导出过")
