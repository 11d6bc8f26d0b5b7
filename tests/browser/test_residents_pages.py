"""What people of the town send from a phone to the registry: leads, applications for a pass, household forms."""

from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect

from tests.acceptance.watched import document
from tests.browser.households import COMPOUND, Households, survey_link
from tests.browser.place import Place

pytestmark = pytest.mark.timeout(300)
PHONE: dict[str, Any] = {"face": "registry", "width": 320, "height": 700}


@pytest.mark.requirement("R6.3")
@pytest.mark.scenario("P13")
@pytest.mark.usefixtures("homes")
async def test_a_lead_needs_no_script_and_no_name(office: Place) -> None:
    async with office.window(None, **PHONE, java_script_enabled=False) as phone:
        page = phone.page
        await phone.go(f"/lead?compound={COMPOUND}&from=gate_code")
        await expect(page.get_by_label("在哪个小区")).to_have_value(COMPOUND)
        await page.get_by_role("button", name="提交线索").click()
        await phone.sees("有 3 处要改")
        await phone.shot("lead-faults")
        await page.get_by_label("聚集").check()
        await page.get_by_label("小区的什么地方").fill("3 幢门口")
        await page.get_by_label("看到了什么", exact=True).fill("七八个人打牌")
        await page.get_by_role("button", name="提交线索").click()
        await phone.sees("已收到您的线索")
        code = await page.locator("#code").inner_text()
        assert code not in page.url
        await phone.shot("lead-receipt")
        await page.get_by_role("link", name="查处理情况").click()
        await page.get_by_role("button", name="查询").click()
        await phone.sees("处理中")
        phone.complaints = [one for one in phone.complaints if "422" not in one]
    async with office.window(None, **PHONE) as phone:
        page = phone.page
        await phone.go("/residents")
        await phone.accessible()
        await phone.fits()
        await phone.shot("residents")
        await page.get_by_role("link", name="反映线索").click()
        await page.get_by_role("button", name="English").click()
        await phone.sees("What did you see?")
        await phone.accessible()
        await phone.fits()
        await phone.shot("lead-en")
        await phone.go("/lead/status")
        await page.get_by_label("Receipt code").fill(code.lower())
        await page.get_by_role("button", name="Ask").click()
        await phone.sees("Being looked into")
        await phone.accessible()
        await phone.fits()


@pytest.mark.requirement("R2.4", "R2.8")
@pytest.mark.usefixtures("homes")
async def test_an_application_outlives_a_network_that_breaks_off(office: Place) -> None:
    async with office.window(None, **PHONE) as phone:
        page = phone.page
        await phone.go("/pass-application")
        await phone.accessible()
        await phone.fits()
        await page.get_by_label("哪个小区").select_option(COMPOUND)
        await page.get_by_label("住在哪里").fill("1幢601")
        await page.get_by_label("姓名").fill("欧阳甲")
        await page.get_by_label("证件号码").fill(document(900))
        await page.get_by_label("租房合同").check()
        await page.get_by_role("button", name="继续").click()
        await phone.sees("写电话，办好了通知您。")
        await expect(page.get_by_label("姓名")).to_have_value("欧阳甲")
        await phone.accessible()
        await phone.fits()
        await phone.shot("application-faults")
        await page.get_by_label("电话").fill("199 0000 1234")
        await page.get_by_label("绿码", exact=True).check()
        await page.get_by_role("button", name="继续").click()
        await phone.sees("核对后提交")
        await phone.accessible()
        await phone.fits()
        await phone.shot("application-check")
        await page.go_back()
        await expect(page.get_by_label("电话")).to_have_value("199 0000 1234")
        await page.go_forward()
        await phone.context.set_offline(True)
        with suppress(PlaywrightError):  # the browser's own page without a network
            await page.get_by_role("button", name="提交申请").click()
        await phone.context.set_offline(False)
        await phone.go("/pass-application/check")
        await page.get_by_role("button", name="提交申请").dblclick()
        await phone.sees("申请已收到")
        await phone.sees("本页不是出入证。")
        await phone.accessible()
        await phone.fits()
        await phone.shot("application-receipt")
        await page.get_by_role("link", name="查申请进度").click()
        await page.get_by_role("button", name="查询").click()
        await phone.sees("等社区办理")
        await phone.accessible()
        await phone.shot("application-status")
        await page.get_by_role("button", name="撤回这份申请").click()
        await phone.sees("已撤回")
        phone.complaints = [one for one in phone.complaints if "ERR_INTERNET_DISCONNECTED" not in one]
    clerk = office.stack.as_role("community_clerk")
    listed = await office.stack.call(
        "GET", "registry", f"/v1/pass-applications?compound={COMPOUND}", headers=clerk
    )
    assert [one["state"] for one in listed["items"]] == ["withdrawn"]


@pytest.mark.requirement("R4.2")
async def test_a_household_fills_its_form_in_by_its_link(office: Place, homes: Households) -> None:
    _, secret = await survey_link(homes)
    async with office.window(None, **PHONE) as phone:
        page = phone.page
        await phone.go(f"/survey/open#{secret}")
        await phone.sees("请把住在这里的人核对一遍")
        assert secret not in page.url
        await phone.accessible()
        await phone.fits()
        await page.get_by_role("link", name="开始填写").click()
        await page.get_by_label("住在这里", exact=True).check()
        await phone.accessible()
        await phone.fits()
        await phone.shot("survey-people")
        await page.get_by_role("button", name="继续").click()
        await page.get_by_role("link", name="有，加一位").click()
        await page.get_by_label("姓名").fill("欧阳乙")
        await page.get_by_label("证件号码").fill(document(901))
        await page.get_by_role("button", name="加上").click()
        await phone.sees("选和这套房子的关系。")
        await expect(page.get_by_label("姓名")).to_have_value("欧阳乙")
        await phone.accessible()
        await phone.fits()
        await phone.shot("survey-person")
        await page.get_by_label("家属").check()
        await page.get_by_role("button", name="加上").click()
        await phone.sees("还有别人住在这里吗？")
        await phone.accessible()
        await phone.fits()
        await phone.shot("survey-others")
        await page.get_by_role("button", name="没有了，继续").click()
        await page.get_by_label("没有", exact=True).check()
        await phone.accessible()
        await phone.fits()
        await page.get_by_role("button", name="继续").click()
        await phone.sees("核对后提交")
        await page.go_back()
        await expect(page.get_by_label("没有", exact=True)).to_be_checked()
        await page.go_forward()
        await phone.accessible()
        await phone.fits()
        await phone.shot("survey-check")
        await page.get_by_role("button", name="提交登记").dblclick()
        await phone.sees("已收到")
        await phone.accessible()
        await phone.shot("survey-receipt")
        await page.get_by_role("button", name="English").click()
        await phone.sees("Change it and send it again")
