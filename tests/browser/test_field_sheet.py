"""The worker's sheet on a phone: logged with and without a network, never lost, never twice, never silently refused."""

import re

import pytest
from playwright.async_api import FilePayload, Page, expect

from shared.pages.languages import COOKIE as LANGUAGE
from shared.testing.waiting import eventually
from tests.browser.compound import book, compound, isolating, picture, site
from tests.browser.place import PATIENT, Place

pytestmark = pytest.mark.requirement("R5.1", "R5.5")

HERE = "san-001"
SHEET = f"/sheet?compound={HERE}"


@pytest.fixture(scope="module")
async def swept(office: Place) -> Place:
    """A compound with a few sites."""
    await compound(office.stack, HERE, "净安花园")
    await compound(office.stack, "san-002", "净安新村")
    for number, (kind, name) in enumerate(
        (
            ("lift", "3幢2单元电梯"),
            ("stairwell", "8幢1单元楼道"),
            ("gatehouse", "东门门卫室"),
            ("waste_room", "垃圾房"),
            ("mask_bin", "东门口罩桶"),
        ),
        start=1,
    ):
        await site(office.stack, HERE, number, kind, name)
    return office


async def kept_for_offline(page: Page) -> None:
    """Wait until the phone has kept what it needs without a network."""
    await page.evaluate("navigator.serviceWorker.ready")
    for name in ("/sheet?compound=" + HERE, "/field/offline"):
        await page.wait_for_function("(name) => caches.match(name).then(Boolean)", arg=name, timeout=PATIENT)


async def log(page: Page, name: str, strength: str = "500", **photo: FilePayload) -> None:
    """Choose a site and say that it is disinfected; pressed twice, as a hand in a glove does."""
    await page.locator(".row").filter(has_text=name).click()
    await expect(page.locator("#entry-name")).to_have_text(name)
    entry = page.locator("#entry form").first
    if strength in {"250", "500", "1000"}:
        await entry.get_by_role("radio", name=strength, exact=True).check()
    else:
        await entry.get_by_label("其他").fill(strength)
    if photo:
        await entry.get_by_label("照片").set_input_files(photo["photo"])
        await expect(entry.locator("canvas")).to_be_visible()
    await entry.get_by_role("button", name="消杀完成").dblclick()
    await expect(page.locator("#entry")).to_be_hidden()


async def logged(place: Place, *names: str) -> None:
    """Wait until the day's book has just these, in any order."""

    async def look() -> bool:
        return sorted(one["name"] for one in await book(place.stack, HERE)) == sorted(names)

    await eventually(look, within=60, what=f"the book has {names}")


@pytest.mark.scenario("S1", "S3")
async def test_what_is_logged_without_a_network_arrives_once_and_what_is_refused_is_shown(
    swept: Place,
) -> None:
    async with swept.window("sanitation_worker", face="sanitation", width=360, height=740) as window:
        page = window.page
        await window.go(SHEET)
        await expect(page.locator("#live")).to_contain_text("已完成 0 / 10 轮")
        await kept_for_offline(page)
        await window.accessible()
        await window.fits()
        await window.shot("sheet")
        await page.locator(".row").filter(has_text="3幢2单元电梯").click()
        await expect(page.locator("#entry")).to_contain_text("规定 250–500 毫克/升")
        await page.get_by_role("button", name="消杀完成").click()
        await expect(page.locator("#entry [data-fault]").first).to_have_text("请填写：有效氯浓度")
        await window.accessible()
        await window.fits()
        await window.shot("sheet-entry")
        await page.locator("#entry").get_by_role("radio", name="1000").check()
        await window.sees("浓度不在规定范围内，核对后再登记。")
        await page.go_back()
        await expect(page.locator("#entry")).to_be_hidden()
        # A reader types the whole code and presses enter.
        await page.get_by_label("扫点位码，或输入标牌编号").fill(
            f"https://town.example/place#{HERE}-S5".lower()
        )
        await page.keyboard.press("Enter")
        await expect(page.locator("#entry-name")).to_have_text("东门口罩桶")
        await expect(page.get_by_role("button", name="清空并消毒完成")).to_be_visible()

        await log(page, "3幢2单元电梯", "1000")
        await expect(page.locator("#said")).to_contain_text("浓度不在规定范围内", timeout=PATIENT)
        await expect(page.locator("#live")).to_contain_text("已完成 1 / 10 轮", timeout=PATIENT)
        await logged(swept, "3幢2单元电梯")

        # In the middle the network goes; the page is opened again, and everything goes on.
        await window.context.set_offline(True)
        await page.reload()
        await window.sees("没有网络，记录先存在手机里")
        await log(
            page, "东门门卫室", photo=FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=picture())
        )
        await log(page, "垃圾房", "0")
        await log(page, "3幢2单元电梯")
        await expect(page.locator("#queue [data-count]")).to_have_text("待传 3")
        await expect(page.locator("#queue .entries li").first).to_contain_text("有照片")
        await expect(page.locator(".row").filter(has_text="垃圾房")).to_contain_text("待传")
        await page.reload()
        await expect(page.locator("#queue [data-count]")).to_have_text("待传 3")
        await window.accessible()
        await window.fits()
        await window.shot("sheet-offline")

        await window.context.set_offline(False)
        await expect(page.locator("#queue [data-count]")).to_have_text("未收 1", timeout=PATIENT)
        await expect(page.locator("#queue .entries li")).to_contain_text("浓度不可能，请核对单位（毫克/升）")
        await logged(swept, "3幢2单元电梯", "3幢2单元电梯", "东门门卫室")
        [proved] = [one for one in await book(swept.stack, HERE) if one["photo_id"]]
        assert proved["name"] == "东门门卫室"
        await window.shot("sheet-refused")

        # Nobody signs out over it without being asked, on whichever page.
        await page.get_by_role("button", name="退出").click()
        await expect(page.get_by_role("alertdialog")).to_contain_text("还有 1 条没有传上去")
        await page.get_by_role("button", name="先不退出").click()
        await page.locator(".brand").click()
        await page.get_by_role("button", name="退出").click()
        await expect(page).to_have_url(re.compile("/sheet\\?leaving=1"))
        await expect(page.get_by_role("alertdialog")).to_contain_text("还有 1 条没有传上去")
        page.once("dialog", lambda asked: asked.accept())
        await page.get_by_role("button", name="放弃这条").click()
        await expect(page.locator("#queue .entries li")).to_have_count(0)
        window.complaints = [one for one in window.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


async def test_a_restart_and_an_ended_sign_in_hold_up_what_was_logged_and_lose_nothing(swept: Place) -> None:
    before = [one["name"] for one in await book(swept.stack, HERE)]
    async with swept.window("sanitation_worker", face="sanitation", width=360, height=740) as window:
        page = window.page
        await window.go(SHEET)
        await kept_for_offline(page)
        swept.stack.kill("sanitation")
        await log(page, "8幢1单元楼道")
        await window.sees("待传 1")
        swept.stack.launch("sanitation")
        await swept.stack.ready("sanitation")
        await page.get_by_role("button", name="现在发送").click()
        await logged(swept, *before, "8幢1单元楼道")
        await expect(page.locator("#queue [data-count]")).to_have_text("全部已传", timeout=PATIENT)

        # The phone's own camera opens what is printed; workers find their way from there.
        await window.go(f"/place#{HERE}-s3")
        await page.get_by_role("link", name="消杀员在这里登记").click()
        await expect(page.locator("#entry-name")).to_have_text("东门门卫室")

        await window.context.clear_cookies(name="fangkong-sanitation-session")
        await log(page, "东门口罩桶", "1000")
        await window.sees("登录已失效，记录还在手机里")
        await window.accessible()
        await page.locator("[data-sign-in]").click()
        await page.wait_for_url(re.compile("/sheet"))
        await logged(swept, *before, "8幢1单元楼道", "东门口罩桶")
        swept.kept["sanitation_worker"] = await window.context.storage_state()
        window.complaints = [one for one in window.complaints if "401" not in one]


async def test_without_scripts_the_sheet_takes_logs_airings_and_bins(swept: Place) -> None:
    before = [one["name"] for one in await book(swept.stack, HERE)]
    async with swept.window(
        "sanitation_worker", face="sanitation", width=360, height=740, java_script_enabled=False
    ) as window:
        page = window.page
        await window.go("/sheet")
        await page.get_by_label("小区").select_option(HERE)
        await page.get_by_role("button", name="打开").first.click()
        await page.get_by_label("扫点位码，或输入标牌编号").fill("san-001-s99")
        await page.locator("[data-scan-form]").get_by_role("button", name="打开").click()
        await window.sees("没有这个点位编号。")
        await page.get_by_label("扫点位码，或输入标牌编号").fill(f"{HERE}-s2")
        await page.locator("[data-scan-form]").get_by_role("button", name="打开").click()
        await expect(page.locator("#entry-name")).to_have_text("8幢1单元楼道")
        await page.get_by_role("button", name="消杀完成").click()
        await window.sees("缺少有效氯浓度")
        await page.get_by_role("radio", name="500", exact=True).check()
        await page.get_by_label("照片").set_input_files(
            FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=picture("green"))
        )
        await page.get_by_role("button", name="消杀完成").dblclick()
        await window.sees("离上一次太近，不算新的一轮")
        await logged(swept, *before, "8幢1单元楼道")
        await page.locator(".row").filter(has_text="8幢1单元楼道").click()
        await page.get_by_role("button", name="通风完成").click()
        await window.sees("已记录。")
        await expect(page.locator(".row").filter(has_text="8幢1单元楼道")).to_contain_text("还要通风 1 次")
        await page.locator(".row").filter(has_text="东门口罩桶").click()
        await page.get_by_label("几袋").fill("2")
        await page.get_by_role("button", name="清空并消毒完成").click()
        await window.sees("口罩桶 1")
        await page.get_by_role("link", name="我的记录").click()
        await expect(page.locator("tbody tr").first).to_contain_text("2月24日")
        window.complaints = [one for one in window.complaints if "422" not in one and "404" not in one]


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
async def test_a_chain_of_custody_goes_on_without_a_network_and_no_phone_keeps_the_room(swept: Place) -> None:
    due = await isolating(swept.stack, HERE, 871)
    async with swept.window("sanitation_worker", face="sanitation", width=360, height=740) as window:
        page = window.page
        await window.go(SHEET)
        await kept_for_offline(page)
        await page.locator("main").get_by_role("link", name="隔离户垃圾").click()
        one = page.locator(f"#p-{due['pickup_id']}")
        await expect(one).to_contain_text(due["room"])
        await window.accessible()
        await window.fits()
        await window.shot("pickups")
        await window.context.set_offline(True)
        await one.get_by_role("button", name="住户已封口").dblclick()
        await one.get_by_label("几袋").fill("2")
        await one.get_by_role("button", name="已收走").click()
        await one.get_by_role("button", name="已喷洒消毒").click()
        await one.get_by_label("接收单位编号").fill("env_unit_1")
        await one.get_by_role("button", name="已转运交接").click()
        await expect(page.locator("#queue [data-count]")).to_have_text("待传 4")
        await expect(page.locator("#queue .entries li").first).to_contain_text("收运 18:00 · 已封口")
        await window.shot("pickups-offline")
        await page.reload()
        await window.sees("这一页没有存在手机里")
        await window.accessible()
        await page.get_by_role("link", name="回到日单").click()
        await expect(page.locator("#queue [data-count]")).to_have_text("待传 4")
        await window.context.set_offline(False)
        await expect(page.locator("#queue [data-count]")).to_have_text("全部已传", timeout=PATIENT)
        await window.go(f"/pickups?compound={HERE}")
        await expect(one.locator(".chip").first).to_have_text("已转运", timeout=PATIENT)
        await expect(one).to_contain_text("2 袋")
        caches = await page.evaluate(
            "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) => {"
            " const kept = await caches.open(name); return Promise.all((await kept.keys()).map("
            "async (one) => (await kept.match(one)).text())); }))).flat().join())"
        )
        assert due["room"] not in caches
        window.complaints = [one for one in window.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


async def test_entries_belong_to_an_account_and_signing_out_deletes_them_only_when_that_was_meant(
    swept: Place,
) -> None:
    async with swept.window("sanitation_worker", face="sanitation", width=320, height=640) as window:
        page = window.page
        await window.go(SHEET)
        await kept_for_offline(page)
        await window.context.add_cookies([{"name": LANGUAGE, "value": "en", "url": page.url}])
        await window.go(f"{SHEET}&site={HERE}-s5")
        await window.sees("Mask bin")
        await window.accessible()
        await window.fits()
        await window.shot("sheet-en")
        await window.context.clear_cookies(name=LANGUAGE)
        await window.go(SHEET)
        await window.fits()
        # A late entry without its reason is not taken from the hand; with it, and an airing, both arrive.
        await page.locator(".row").filter(has_text="8幢1单元楼道").click()
        entry = page.locator("#entry form").first
        await entry.get_by_role("radio", name="250", exact=True).check()
        await entry.locator("summary").click()
        await entry.get_by_label("什么时候做的").fill("2020-02-23T10:00")
        await entry.get_by_role("button", name="消杀完成").click()
        await expect(entry.locator("[data-fault]")).to_have_text("请填写：补录原因")
        await entry.get_by_label("为什么没有当时登记").fill("昨天手机没电了")
        await entry.get_by_role("button", name="消杀完成").click()
        await expect(page.locator("#said")).to_contain_text("已记录。", timeout=PATIENT)
        await page.locator(".row").filter(has_text="东门门卫室").click()
        await page.get_by_role("button", name="通风完成").click()
        await expect(page.locator("#said")).to_contain_text("东门门卫室 · 通风：已记录。", timeout=PATIENT)

        await log(page, "垃圾房", "0")
        await expect(page.locator("#queue [data-count]")).to_have_text("未收 1", timeout=PATIENT)
        kept = await page.evaluate(
            "new Promise((done) => { const asked = indexedDB.open('fangkong-field', 1); asked.onsuccess = () => {"
            " const all = asked.result.transaction('entries').objectStore('entries').getAll();"
            " all.onsuccess = () => { asked.result.close(); done(JSON.stringify(all.result)); }; }; })"
        )
        assert f"{HERE}-s4" not in kept, "what an entry says is sealed"

        # Somebody else at the same phone neither sees nor sends it.
        mine = await window.context.storage_state()
        await window.context.clear_cookies()
        await window.go("/")
        await page.locator("button[value='dev-supervisor']").click()
        await window.go(f"/inspect?compound={HERE}")
        await window.sees("本机还有另一账号的 1 条待传")
        await expect(page.locator("#queue .entries li")).to_have_count(0)
        await window.context.clear_cookies()
        await window.context.add_cookies(mine["cookies"])  # type: ignore[arg-type]  # as they were given
        await window.go(SHEET)
        await expect(page.locator("#queue [data-count]")).to_have_text("未收 1")

        await page.get_by_role("button", name="退出").click()
        await page.get_by_role("button", name="删除并退出").click()
        await window.sees("已退出")
        assert not await page.evaluate("caches.has('fangkong-field-pages')")
        swept.kept.pop("sanitation_worker")
        window.complaints = [one for one in window.complaints if "401" not in one]
