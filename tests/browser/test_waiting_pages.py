"""What waits beside the worklist, tab by tab; a confirmed case; lists that go in and out."""

from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import expect

from shared.kernel.tables import Table, write
from shared.testing.waiting import eventually
from tests.acceptance.watched import AREAS
from tests.browser.observed import THERE, Observed

TABS = ("发热", "逐级跟进", "门磁", "可疑申报", "风险地区调整", "短信和通知", "观察群")


@pytest.mark.scenario("O4", "O6")
async def test_each_matter_has_its_tab_and_says_when_there_is_none(observed: Observed) -> None:
    case_id = await observed.somebody()
    await observed.watch.declare(case_id, "38.1")
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go("/matters")
        for name in TABS:
            await page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
            await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
            await window.accessible()
        await page.locator(".tabs").get_by_role("link", name="门磁").click()
        await window.sees("没有门磁事项")
        await page.locator(".tabs").get_by_role("link", name="逐级跟进").click()
        await expect(page.locator("tbody tr").first).to_contain_text("欧*")
        await window.shot("tab-escalations")
        await page.locator(".tabs").get_by_role("link", name="短信和通知").click()
        await window.shot("tab-messages")

        await page.locator(".tabs").get_by_role("link", name="发热", exact=True).click()
        row = page.locator("tbody tr", has=page.locator(f"a[href$='{case_id}']"))
        await row.locator("summary").click()
        await row.get_by_label("结果").select_option("cleared")
        await row.get_by_label("理由").fill("发热门诊排除")
        await window.shot("tab-fevers")
        await row.get_by_role("button", name="记录结果").dblclick()
        await expect(row).to_have_count(0)

        await window.go(f"/matters/groups?compound={THERE}")
        rows = page.locator("tbody tr", has_text="待入群")
        waiting = await rows.count()
        await rows.first.get_by_role("button", name="已入群").click()
        await expect(rows).to_have_count(waiting - 1)

    async with observed.place.window("supervisor", width=320, height=640) as window:
        for path in ("/matters", "/matters/escalations", "/matters/messages", "/matters/risk-proposals"):
            await window.go(path)
            await window.fits()
            await expect(window.page.get_by_role("button", name="记录结果")).to_have_count(0)


@pytest.mark.scenario("O8")
async def test_a_graver_origin_is_decided_for_those_who_are_ticked(observed: Observed) -> None:
    mine, other = await observed.somebody(), await observed.somebody()
    await observed.watch.publish_risk({**AREAS, "330100": "concern"}, observed.watch.day)
    await observed.place.stack.equal()
    async with observed.place.window() as window:
        page = window.page
        rows = {one: page.locator("tbody tr", has=page.locator(f"a[href$='{one}']")) for one in (mine, other)}

        async def proposed() -> bool:
            await window.go("/matters/risk-proposals")
            return await rows[mine].count() == 1

        await eventually(proposed, within=60, every=1, what="the new list is looked at")
        await expect(rows[mine]).to_contain_text("居家隔离")
        await rows[mine].get_by_role("checkbox").check()
        await expect(page.locator("[data-selected]")).to_have_text("已选 1")
        await page.get_by_label("采纳建议").check()
        await page.get_by_label("理由").fill("按最新风险地区名单")
        await window.accessible()
        await window.shot("tab-risks")
        await page.get_by_role("button", name="对所选执行").dblclick()
        await expect(page.locator("#decided")).to_have_text("1 条已决定")
        await expect(rows[mine]).to_have_count(0)
        await expect(rows[other]).to_have_count(1)
        await window.go(f"/cases/{mine}")
        await window.sees("居家隔离")


@pytest.mark.scenario("O9")
async def test_a_confirmed_case_makes_the_household_close_contacts_in_one_step(observed: Observed) -> None:
    watch = observed.watch
    dwelling = await watch.dwelling(THERE)
    await watch.resident(dwelling)
    back = await watch.back(date(2020, 2, 18), dwelling=dwelling)
    case_id = (await watch.case_of(back))["case_id"]
    await watch.declare(case_id, "38.6")
    async with observed.place.window() as window:
        page = window.page
        await window.go(f"/cases/{case_id}")
        await page.get_by_role("link", name="登记确诊").click()
        await page.get_by_label("确诊日期").fill("2020-02-23")
        await page.get_by_label("他人末次接触日期").fill("2020-02-24")
        await page.get_by_label("理由").fill("疾控通报")
        await page.get_by_role("button", name="登记确诊").click()
        await expect(page.get_by_role("alert")).to_contain_text("末次接触日期不能晚于确诊日期")
        await expect(page.get_by_label("理由")).to_have_value("疾控通报")
        await window.accessible()
        await page.get_by_label("确诊日期").fill("2020-02-24")
        await page.get_by_role("button", name="登记确诊").dblclick()
        await expect(page.get_by_role("heading", name="确诊和密切接触者")).to_be_visible()
        await expect(page.locator("tbody tr").first).to_contain_text("同住")
        await window.shot("confirmation")
        window.complaints = [one for one in window.complaints if "422" not in one]


@pytest.mark.requirement("R4.2")
async def test_lists_go_in_with_an_error_sheet_and_out_for_a_reason(
    observed: Observed, tmp_path: Path
) -> None:
    header = ("姓名", "联系电话", "身份证号", "体温", "无法测量原因", "症状", "提交时间")
    rows = [
        ("查无此人", "19900099999", "", "36.5", "", "无", "2020-02-24 09:30"),
        ("", "", "", "", "", "", ""),
    ]
    file = tmp_path / "问卷.xlsx"
    file.write_bytes(write(Table(name="健康申报", header=list(header), rows=rows), "xlsx"))
    async with observed.place.window("community_clerk") as window:
        page = window.page
        await window.go("/exchange")
        await window.accessible()
        await window.shot("exchange")
        await page.get_by_label("Excel 或 CSV 文件").set_input_files(file)
        await page.get_by_role("button", name="交上去").click()
        await expect(page.locator(".facts .chip").first).to_have_text("处理完毕", timeout=20_000)
        await expect(page.locator("#done")).to_contain_text("退回 1")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await window.accessible()
        await window.shot("import")
        async with page.expect_download() as sent_back:
            await page.get_by_role("link", name="下载退回的行").click()
        assert (await sent_back.value).suggested_filename.endswith(".xlsx")
        await window.go("/exchange")
        await expect(page.get_by_role("link", name="问卷.xlsx")).to_be_visible()

        await page.locator("#from").fill("2020-01-01")
        await page.locator("#table-reason").fill("归档")
        await page.get_by_role("button", name="导出", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("日期范围应为 1 至 31 天")
        await expect(page.locator("#table-reason")).to_have_value("归档")
        await page.locator("#from").fill("2020-02-22")
        async with page.expect_download() as table:
            await page.get_by_role("button", name="导出", exact=True).click()
        assert (await table.value).suggested_filename.endswith(".xlsx")
        window.complaints = [one for one in window.complaints if "422" not in one]

    async with observed.place.window(width=320, height=640) as window:
        for path in ("/exchange", "/exchange/released"):
            await window.go(path)
            await window.fits()
            await window.accessible()
