"""A clerk registers people who came back, with the keyboard only, and loses nothing on the way."""

from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.desk import DeskTown
from tests.browser.place import PATIENT, Place

COMPOUND = "lj-311"


_FEWEST_LATIN = 128
_A_HAN_LETTER = 4  # keys of an input method for one letter, choosing it included


@dataclass
class Hands:
    """Somebody at a keyboard, who never reaches for the mouse; `keys` counts what they press."""

    page: Page
    keys: int = 0

    async def press(self, key: str) -> None:
        """One key, or keys held together."""
        self.keys += 1
        await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        """A text, as an input method gives it."""
        self.keys += sum(1 if ord(letter) < _FEWEST_LATIN else _A_HAN_LETTER for letter in text)
        await self.page.keyboard.insert_text(text)

    async def on_to(self, field: Locator, text: str = "") -> None:
        """Press Enter until a field is reached, and type into it."""
        for _ in range(8):
            if await field.evaluate("one => one === document.activeElement"):
                break
            await self.press("Enter")
        await expect(field).to_be_focused()
        await self.type(text)


@pytest.mark.requirement("R2.7", "R4.6")
async def test_a_returnee_is_registered_by_keyboard_alone_and_the_next_one_begins(office: Place) -> None:
    town = DeskTown(office, COMPOUND)
    await town.settle()
    async with office.window("community_clerk") as clerk:
        page = clerk.page
        await clerk.go(f"/intake?compound={COMPOUND}")
        await expect(page.get_by_label("证件号码或手机号")).to_be_focused()
        hands = Hands(page)
        number = town.number()
        await hands.type(number)
        await hands.press("Enter")
        await clerk.sees("册里没有，按新人登记")
        await expect(page.get_by_label("姓名")).to_be_focused()
        await hands.on_to(page.get_by_label("姓名").first, "欧阳海棠")
        await hands.on_to(page.get_by_label("电话").first, "19900003101")
        await hands.on_to(page.get_by_label("幢").first, "1")
        await hands.on_to(page.get_by_label("室").first, "101")
        await hands.on_to(page.get_by_label("从哪里来").first, "温州")
        await hands.on_to(page.get_by_label("交通方式").first)
        await hands.press("ArrowDown")
        await hands.on_to(page.get_by_label("车次、航班或车牌").first, "G7512")
        await hands.press("Enter")
        await hands.press("Space")
        await hands.on_to(page.get_by_role("button", name="核对并看建议"))
        await hands.press("Enter")
        await expect(page.locator("#proposal")).to_contain_text("居家", timeout=PATIENT)
        await expect(page.locator("#proposal")).to_contain_text("可办证")
        await expect(page.get_by_label("从哪里来")).to_have_value("浙江省 温州市 330300")
        await expect(page.get_by_role("button", name="保存登记")).to_be_focused()
        await clerk.shot("intake-proposal")
        await clerk.accessible()
        await hands.press("Enter")
        await clerk.sees("已登记。")
        # At 0.28 s a key (Card, Moran and Newell) that is half a minute: under one with the thinking between fields.
        assert hands.keys < 125, hands.keys
        await expect(page.locator("dl").first).to_contain_text("3月9日")
        await clerk.accessible()
        await clerk.shot("intake-saved")
        await expect(page.get_by_role("link", name="登记下一位")).to_be_focused()
        await hands.press("Enter")
        await expect(page.get_by_label("证件号码或手机号")).to_be_focused()
        # The same person again: the desk says so before anything is typed twice.
        await hands.type("19900003101")
        await hands.press("Enter")
        await clerk.sees("正在观察中，不要重复登记")
        await clerk.go(f"/returnees?compound={COMPOUND}")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await clerk.accessible()


@pytest.mark.requirement("R4.6", "O3")
async def test_what_was_typed_stays_through_faults_a_broken_line_and_a_correction(office: Place) -> None:
    town = DeskTown(office, "lj-312")
    await town.settle()
    async with office.window("community_clerk", width=320, height=700) as clerk:
        page = clerk.page
        await clerk.go("/intake?compound=lj-312")
        await page.get_by_label("姓名").fill("诸葛望舒")
        await page.get_by_role("button", name="核对并看建议").click()
        await clerk.sees("有几处需要改正，其余内容已保留。")
        await expect(page.get_by_label("姓名")).to_have_value("诸葛望舒")
        await expect(page.locator("#f-person-documents-0-number")).to_be_focused()
        await clerk.fits()
        await clerk.accessible()
        await clerk.shot("intake-faults-320")
        await page.locator("#f-person-documents-0-number").fill(town.number())
        await page.get_by_label("电话").fill("19900003102")
        await page.locator("#f-dwelling-building").fill("1幢")
        await page.locator("#f-dwelling-room").fill("101")
        await page.get_by_label("从哪里来").fill("鼓楼")
        await page.get_by_label("交通方式").select_option("coach")
        await page.get_by_label("无", exact=True).check()
        await clerk.context.set_offline(True)
        await page.get_by_role("button", name="核对并看建议").click()
        await clerk.sees("没有连上服务，内容还在本页")
        await clerk.context.set_offline(False)
        await page.get_by_role("button", name="核对并看建议").click()
        await clerk.sees("有几个同名地方")
        await page.get_by_role("button", name="江苏省 南京市 鼓楼区").click()
        await expect(page.locator("#proposal")).to_contain_text("居家自律健康观察", timeout=PATIENT)
        await page.get_by_text("改用其他措施").click()
        await page.locator("#f-choice-measure").select_option("home_quarantine")
        await page.get_by_role("button", name="保存登记").click()
        await clerk.sees("改用其他措施须写明理由")
        await page.locator("#f-choice-reason").fill("同住人有症状")
        await page.get_by_role("button", name="保存登记").dblclick()
        await clerk.sees("已登记。")
        await clerk.fits()
        await page.get_by_role("link", name="更正").click()
        await page.get_by_label("从哪里来").fill("武汉")
        await page.locator("#f-reason").fill("车票显示从武汉出发")
        await page.locator("#f-choice-measure").select_option("")
        await page.get_by_role("button", name="保存更正").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("集中观察", timeout=PATIENT)
        await clerk.shot("returnee-320")
        clerk.complaints = [one for one in clerk.complaints if "INTERNET_DISCONNECTED" not in one]
