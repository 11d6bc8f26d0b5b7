"""A resident declares on a phone: with and without scripts, and when the network or the service breaks off."""

from typing import Any

import pytest
from playwright.async_api import expect

from shared.testing.waiting import eventually
from tests.browser.households import Households
from tests.browser.place import PATIENT, Place, Window

pytestmark = [pytest.mark.requirement("R2.7"), pytest.mark.timeout(300)]
PHONE: dict[str, Any] = {"face": "observation", "width": 360, "height": 740}


async def asked_to_check(window: Window, temperature: str = "36.5") -> None:
    """Through the questions of one person, to the page where everything is checked."""
    page = window.page
    await page.locator("main a.button.wide").click()
    await page.get_by_label("体温（℃）").fill(temperature)
    await page.get_by_role("button", name="继续").click()
    await page.get_by_label("没有不舒服").check()
    await page.get_by_role("button", name="继续").click()
    await window.sees("核对后提交")


async def once(homes: Households, case_id: str, how_many: int = 1) -> None:
    """Wait until so many declarations are there."""

    async def there() -> bool:
        return len(await homes.declared(case_id)) == how_many

    await eventually(there, within=30, what="the declaration arrived")


async def test_without_scripts_a_pasted_link_leads_through_three_questions(
    office: Place, homes: Households
) -> None:
    case_id = await homes.observed()
    _, secret = await homes.link(case_id)
    async with office.window(None, **PHONE, java_script_enabled=False) as phone:
        page = phone.page
        await phone.go("/declare")
        await phone.shot("declare-open")
        await page.get_by_label("链接或口令").fill(f"https://town.example/declare/open#{secret}")
        await page.get_by_role("button", name="继续").click()
        await phone.sees("第 9 天，共 14 天")
        await page.locator("main a.button.wide").click()
        await page.get_by_label("体温（℃）").fill("365")
        await page.get_by_role("button", name="继续").click()
        await phone.sees("是否应为 36.5？")
        await expect(page.get_by_label("体温（℃）")).to_have_value("365")
        await phone.shot("declare-fault")
        await page.get_by_label("体温（℃）").fill("36.6")
        await page.get_by_role("button", name="继续").click()
        await page.get_by_label("没有不舒服").check()
        await phone.shot("declare-symptoms")
        await page.get_by_role("button", name="继续").click()
        await phone.sees("36.6 ℃")
        # Back and forth with the browser's own button: every answer is still there.
        await page.go_back()
        await expect(page.get_by_label("没有不舒服")).to_be_checked()
        await page.go_back()
        await expect(page.get_by_label("体温（℃）")).to_have_value("36.6")
        await page.go_forward()
        await page.go_forward()
        await phone.shot("declare-check")
        await page.get_by_role("button", name="提交申报").click()
        await phone.sees("已收到")
        await phone.sees("本页不是出入证。")
        await phone.shot("declare-receipt")
    await once(homes, case_id)


async def test_a_link_opens_by_itself_and_a_family_declares_in_english(
    office: Place, homes: Households
) -> None:
    home = await homes.dwelling("rs-001")
    own, mother = await homes.observed(dwelling=home), await homes.observed(dwelling=home)
    _, secret = await homes.link(own, mother)
    async with office.window(None, face="observation", width=320, height=640) as phone:
        page = phone.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await phone.go(f"/declare/open#{secret}")
        await phone.sees("第 9 天，共 14 天")
        assert secret not in page.url
        assert not [url for url in asked if secret in url]
        await phone.accessible()
        await phone.fits()
        await page.get_by_role("button", name="English").click()
        await phone.sees("Day 9 of 14")
        await phone.fits()
        await page.get_by_role("link", name="Declare now").click()
        await expect(page.get_by_role("checkbox")).to_have_count(2)
        await phone.accessible()
        await phone.fits()
        await phone.shot("declare-who-en")
        await page.get_by_role("button", name="Continue").click()
        fields = page.get_by_label("Temperature (°C)")
        await fields.nth(0).fill("36.5")
        await page.get_by_role("button", name="+0.1").nth(0).click()
        await expect(fields.nth(0)).to_have_value("36.6")
        await page.get_by_text("Cannot measure now?").nth(1).click()
        await page.get_by_label("Why it cannot be measured").nth(1).select_option("no_thermometer")
        await phone.accessible()
        await phone.fits()
        await phone.shot("declare-temperature-en")
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_label("I feel well").nth(0).check()
        await page.get_by_label("Cough").nth(1).check()
        await phone.accessible()
        await phone.fits()
        await page.get_by_role("button", name="Continue").click()
        await phone.sees("Check and send")
        await phone.accessible()
        await phone.fits()
        await phone.shot("declare-check-en")
        await page.get_by_role("button", name="Send the declaration").dblclick()
        await phone.sees("Put on a mask")
        await phone.accessible()
        await phone.shot("declare-receipt-en")
        await page.get_by_role("link", name="Correct a mistake").click()
        await phone.sees("What you declared before is kept as well.")
        await phone.accessible()
        await phone.fits()
        await phone.shot("declare-correction-en")
    await once(homes, own)
    assert [one["channel"] for one in await homes.declared(mother)] == ["proxy"]


async def test_what_was_confirmed_without_a_network_or_a_service_goes_out_by_itself_and_once(
    office: Place, homes: Households
) -> None:
    case_id = await homes.observed()
    link_id, secret = await homes.link(case_id)
    async with office.window(None, **PHONE) as phone:
        page = phone.page
        await phone.go(f"/declare/open#{secret}")
        await phone.sees("第 9 天，共 14 天")
        await page.evaluate("navigator.serviceWorker.ready")
        await page.locator("main a.button.wide").click()
        await page.get_by_label("体温（℃）").fill("3.6")
        await phone.context.set_offline(True)
        await page.get_by_role("button", name="继续").click()
        await phone.sees("还没有填完")
        await page.get_by_label("体温（℃）").fill("36.7")
        await page.get_by_role("button", name="继续").click()
        await phone.sees("没有网络，也可以接着填")
        await phone.accessible()
        await phone.shot("declare-going-on")
        await page.get_by_label("没有不舒服").check()
        await page.get_by_role("button", name="存在手机上，联网后发送").dblclick()
        await phone.sees("已存在手机上，联网后自动发送")
        await phone.accessible()
        await phone.shot("declare-kept")
        await page.goto("/declare")  # the phone was put away, and the page opened again
        await phone.sees("现在没有网络")
        await expect(page.locator("#kept")).to_be_visible()
        await phone.shot("declare-offline")
        assert await homes.declared(case_id) == []
        await phone.context.set_offline(False)
        await phone.sees("36.7 ℃")
        await once(homes, case_id)

        await asked_to_check(phone, "36.8")
        office.stack.kill("observation")
        await page.get_by_role("button", name="提交申报").click()
        await phone.sees("已存在手机上，联网后自动发送")
        office.stack.launch("observation")
        await office.stack.ready("observation")
        await expect(page.locator("#kept")).to_be_hidden(timeout=PATIENT)
        await phone.sees("36.8 ℃")
        await once(homes, case_id, 2)

        await asked_to_check(phone)
        clerk = office.stack.as_role("community_clerk")
        path = f"/v1/cases/{case_id}/links/{link_id}"
        await office.stack.call("DELETE", "observation", path, headers=clerk, expect=204)
        await page.get_by_role("button", name="提交申报").click()
        await expect(page.get_by_role("heading", name="健康申报")).to_be_visible()
        _, other = await homes.link(case_id)
        await page.get_by_label("链接或口令").fill(other)
        await page.get_by_role("button", name="继续").click()
        await once(homes, case_id, 3)  # nothing that was entered is lost with a link
        phone.complaints = [
            one for one in phone.complaints if "ERR_INTERNET_DISCONNECTED" not in one and "401" not in one
        ]
    connection = await office.stack.connect("observation")
    try:
        kept = await connection.fetch(
            "select taken_at, received_at from declaration where case_id = $1", case_id
        )
    finally:
        await connection.close()
    assert len(kept) == 3
