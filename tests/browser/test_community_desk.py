"""The desk's pages in a real browser: the pass desk and its paper, the survey's matrix, leads, lists and people."""

import csv
import io
from secrets import token_urlsafe
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.acceptance.people import dwellings
from tests.browser.desk import DeskTown
from tests.browser.place import PATIENT, Place


@pytest.mark.requirement("R2.4", "R2.7")
async def test_an_application_becomes_a_pass_on_paper_and_a_pass_is_stopped(office: Place) -> None:
    town = DeskTown(office, "lj-321")
    await town.settle()
    person = await town.person()
    body = {
        "application_id": str(uuid4()),
        "compound": "lj-321",
        "name": "司徒南星",
        "phone": "19900003211",
        "address": "1幢101",
        "documents": [],
        "papers": ["identity_document", "lease"],
        "suzhou_code": "green",
    }
    await town.stack.call("POST", "registry", "/v1/pass-applications/online", headers={}, json=body)
    async with office.window("community_clerk") as clerk:
        page = clerk.page
        await clerk.go("/applications?compound=lj-321&hide=colour")
        await page.get_by_text("保存这个视图").click()
        await page.get_by_label("视图名称").fill("窗口用")
        await page.get_by_label("给本社区同事用").check()
        await page.get_by_role("button", name="保存", exact=True).click()
        await expect(page.locator(".views [aria-current]")).to_have_text("窗口用")
        await page.locator("#via").select_option("online")
        await page.locator("input[name=hide][value=via]").check()
        await page.get_by_role("button", name="筛选").click()
        await expect(page.locator("thead th")).to_have_count(5)
        await expect(page.locator(".views [aria-current]")).to_contain_text("窗口用*")
        await clerk.accessible()
        await clerk.shot("application-list")
        await page.get_by_role("button", name="给所选发证").click()
        await clerk.sees("没有选申请，请先勾选。")
        await page.locator("tbody a").first.click()
        await page.get_by_role("button", name="在册里找").click()
        await page.get_by_role("button", name="就是此人").click()
        await expect(page.locator("#person + dl")).to_contain_text("司徒南星")
        await expect(page.get_by_role("button", name="发证")).to_be_disabled()
        for kind in ("身份证件", "租房合同"):
            await page.locator("li", has_text=kind).get_by_role("button", name="核过").click()
        await clerk.sees("可以发证")
        await clerk.accessible()
        await clerk.shot("application-ready")
        await page.get_by_role("button", name="发证").dblclick()
        await clerk.sees("证已发出。")
        await clerk.accessible()
        await clerk.shot("pass-issued")
        await page.get_by_role("button", name="打印 A4").click()
        await expect(page.locator("svg").first).to_be_visible(timeout=PATIENT)
        await page.go_back()
        await page.locator("#suspend-reason").select_option("papers_in_doubt")
        await page.get_by_role("button", name="停用", exact=True).click()
        await expect(page.locator(".facts .chip").first).to_have_text("已停用")
        await page.locator("#reinstate-reason").select_option("papers_verified")
        await page.get_by_role("button", name="恢复使用").click()
        await expect(page.locator(".facts .chip").first).to_have_text("有效")
        await clerk.go("/passes?compound=lj-321")
        await page.set_viewport_size({"width": 320, "height": 700})
        await clerk.fits()
        await clerk.accessible()
        await clerk.shot("pass-list-320")
        await clerk.go(f"/people/{person}")
        await clerk.fits()
        await clerk.accessible()
        await page.set_viewport_size({"width": 1366, "height": 768})
        await clerk.shot("person")
    async with office.window("hq_officer") as officer:
        await officer.go(f"/people/{person}")
        await officer.sees("为什么查看这个人")
        await officer.page.get_by_label("理由").fill("督办核对")
        await officer.page.get_by_role("button", name="查看").click()
        await officer.sees("部分遮住")
        await expect(officer.page.locator("body")).not_to_contain_text("司徒南星")
        await officer.accessible()


@pytest.mark.requirement("R4.1", "R6.3")
async def test_a_worker_surveys_a_building_and_a_clerk_settles_what_disagrees(office: Place) -> None:
    town = DeskTown(office, "lj-322")
    await town.settle(buildings=3, rooms=6)
    clerk_of = town.stack.as_role("community_clerk")
    round_id = str(uuid4())
    body = {"round_id": round_id, "number": 322, "compounds": ["lj-322"], "due_on": "2020-03-02"}
    await town.stack.call("POST", "registry", "/v1/survey-rounds", headers=clerk_of, json=body)
    homes = await dwellings(town.stack, "lj-322")

    async def visit(home: int, outcome: str, **more: object) -> None:
        form = {
            "submission_id": str(uuid4()),
            "round_id": round_id,
            "dwelling_id": homes[home]["dwelling_id"],
            "outcome": outcome,
            "visited_at": town.stack.now().isoformat(),
        } | more
        await town.stack.call("POST", "registry", "/v1/survey-submissions", headers=clerk_of, json=form)

    for home, outcome in ((1, "absent"), (2, "refused")):
        await visit(home, outcome)
    await visit(3, "empty", witness="neighbour")
    new = {
        "name": "欧阳海棠",
        "documents": [{"kind": "resident_id", "number": town.number()}],
        "relation": "tenant",
    }
    await visit(3, "done", members=[{"state": "new", "person": new}])
    async with office.window("community_clerk") as clerk:
        page = clerk.page
        await clerk.go(f"/surveys/{round_id}?compound=lj-322")
        await expect(page.locator(".cells li")).to_have_count(18)
        await clerk.accessible()
        await clerk.shot("survey-matrix")
        await page.locator(".cells a").first.click()
        await page.get_by_label("已排摸").check()
        await page.locator("[name='new.0.name']").fill("慕容听雪")
        await page.locator("[name='new.0.number']").fill("12")
        await page.get_by_role("button", name="提交").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.locator("[name='new.0.name']")).to_have_value("慕容听雪")
        clerk.complaints = [one for one in clerk.complaints if "422" not in one]
        await page.locator("[name='new.0.number']").fill(town.number())
        await clerk.accessible()
        await clerk.shot("survey-form")
        await page.get_by_role("button", name="提交").dblclick()
        await expect(page.locator(".cells li").first).to_contain_text("已排摸", timeout=PATIENT)
        await page.get_by_role("link", name="矛盾").click()
        await clerk.sees("结果不同")
        await page.get_by_label("另一张表").check()
        await page.get_by_label("理由").fill("电话核实有人住")
        await clerk.accessible()
        await clerk.shot("survey-conflict")
        await page.get_by_role("button", name="确定").click()
        await clerk.sees("没有互相矛盾的表")
        await page.set_viewport_size({"width": 320, "height": 700})
        await clerk.go(f"/surveys/{round_id}?compound=lj-322&building=1幢")
        await clerk.fits()
        await clerk.shot("survey-matrix-320")
        # A lead, to a grid and closed; the session ends in between.
        lead = {
            "lead_id": str(uuid4()),
            "request_secret": token_urlsafe(16),
            "channel": "gate_code",
            "category": "gathering",
            "compound": "lj-322",
            "place": "2幢楼下",
            "text": "有人聚集打牌",
            "observed_at": "2020-02-24T08:00:00+08:00",
        }
        await town.stack.call("POST", "registry", "/v1/leads", headers={}, json=lead)
        await clerk.go("/leads?compound=lj-322")
        await clerk.fits()
        await page.locator("tbody a").first.click()
        await page.get_by_label("交给谁").select_option("grid:lj-322-w01")
        await (await office.stack.onlooker("registry")).execute("delete from page_session")
        await page.get_by_role("button", name="派单").click()
        await clerk.sees("登录已失效")
        async with page.expect_popup() as opened:
            await page.get_by_role("link", name="在新窗口重新登录").click()
        window = await opened.value
        await window.wait_for_url("**/")
        await window.close()
        office.kept["community_clerk"] = await clerk.context.storage_state()
        await page.get_by_role("button", name="再提交一次").click()
        await clerk.sees("这一页是在这次登录之前打开的")
        await page.get_by_role("button", name="再提交一次").click()
        await expect(page.locator(".facts .chip").first).to_have_text("办理中")
        clerk.complaints = [one for one in clerk.complaints if "401" not in one and "403" not in one]
        await page.get_by_label("属实", exact=True).check()
        await page.locator("#f-reason").select_option("confirmed")
        await clerk.accessible()
        await clerk.shot("lead-320")
        await page.get_by_role("button", name="办结").click()
        await expect(page.locator(".facts .chip").first).to_have_text("已办结")


@pytest.mark.requirement("R4.2", "R4.4", "R4.5")
async def test_lists_are_sent_and_their_people_found_merged_and_called(office: Place) -> None:
    town = DeskTown(office, "lj-323")
    await town.settle()
    for home in (0, 1):
        papers = [{"kind": "passport", "number": f"ZX032300{home}"}]
        born = {"sex": "male", "born": "1985-03-12", "phone": "19900003230"}
        one = await town.person("叶知秋", home=home, documents=papers, **born)
    async with office.window("community_clerk") as clerk:
        page = clerk.page
        await clerk.go("/imports")
        await clerk.accessible()
        await page.get_by_label("种类").select_option("grids")
        grids = (
            "网格编号,小区编号,网格名称,户数\nlj-323-w02,lj-323,第二网格,3\nlj-999-w01,lj-999,第一网格,1\n"
        )
        await page.get_by_label("文件").set_input_files(
            {"name": "grids.csv", "mimeType": "text/csv", "buffer": grids.encode()}
        )
        await page.get_by_role("button", name="上传").click()
        await expect(page.locator(".facts .chip").first).to_have_text("已完成", timeout=PATIENT)
        await clerk.sees("没有这个小区编号")
        await clerk.accessible()
        await clerk.shot("import")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="下载退回的行").click()
        assert (await download.value).suggested_filename.endswith(".xlsx")
        await clerk.go("/duplicates?compound=lj-323")
        await clerk.accessible()
        await page.locator("tbody a").first.click()
        await page.get_by_label("左边一条").check()
        await page.get_by_label("理由").fill("本人到场核实")
        await clerk.accessible()
        await clerk.shot("duplicate")
        await page.get_by_role("button", name="合并为一人").click()
        await page.get_by_role("link", name="撤销合并").click()
        await page.get_by_label("理由").fill("核实为两人")
        await page.get_by_role("button", name="撤销合并").click()
        await clerk.sees("已撤销")
        await clerk.go("/watch-lists")
        await page.locator("#f-name_of_list").fill("协查名单（第五批）")
        await page.get_by_label("来文单位").fill("市防控办")
        await page.get_by_label("查到哪天").fill("2020-02-28")
        await page.get_by_role("button", name="建名单").click()
        out = io.StringIO()
        head = ["姓名", "证件类型", "证件号码", "手机号", "来源地区划代码", "到达日期", "备注"]
        csv.writer(out).writerows([head, ["叶知秋", "", "", "19900003230", "420100", "2020-02-20", ""]])
        await page.locator("#file").set_input_files(
            {"name": "list.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode()}
        )
        await page.get_by_role("button", name="上传").click()
        await clerk.sees("收下 1 行")
        await clerk.accessible()
        await clerk.shot("watch-list")
        await clerk.go("/calls?compound=lj-323")
        await page.get_by_label("姓名").fill("诸葛明月")
        await page.get_by_label("电话", exact=True).fill("19900003239")
        await page.get_by_label("现在在哪里").fill("武汉")
        await page.get_by_role("button", name="添加").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await clerk.accessible()
        await page.locator("tbody a").first.click()
        await page.get_by_label("结果").select_option("unreachable")
        await page.get_by_label("下次打").fill("2020-02-25")
        await page.get_by_role("button", name="记下").click()
        await expect(page.locator("ol li")).to_contain_text("打不通")
        await page.set_viewport_size({"width": 320, "height": 700})
        await clerk.fits()
        await clerk.accessible()
        await clerk.shot("call-320")
        for path in (
            "/watch-lists",
            "/duplicates?compound=lj-323",
            "/imports",
            "/exports",
            "/people",
            "/surveys",
        ):
            await clerk.go(path)
            await clerk.fits()
        await clerk.go("/exports")
        await page.get_by_label("种类").select_option("grids")
        await page.get_by_label("理由").fill("网格核对")
        await page.get_by_role("button", name="导出").click()
        await expect(page.locator(".facts .chip").first).to_have_text("已完成", timeout=PATIENT)
        await clerk.accessible()
        await clerk.go(f"/people/{one}")
        await clerk.sees("叶知秋")
