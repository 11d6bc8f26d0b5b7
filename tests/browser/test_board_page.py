"""The board in a real browser: what it shows, that it lives, in both languages, on every screen and on paper."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.browser.place import PATIENT, Headquarters
from tests.browser.scene import QUIET, WORST
from tests.integration.reporting.world import MORNING, TODAY, check, gap_opened

pytestmark = pytest.mark.requirement("R7.1")
SCREENS = {"laptop": (1366, 768), "wall": (1920, 1080), "phone": (390, 844)}


@pytest.mark.scenario("H4")
async def test_whoever_looks_sees_at_once_which_compound_needs_them(board: Headquarters) -> None:
    async with board.window() as window:
        page = window.page
        await page.get_by_role("main").get_by_role("link", name="实时板").click()
        await expect(page).to_have_url(f"{board.base}/board")
        await expect(page.get_by_role("heading", name="指挥部实时板")).to_be_visible()
        await expect(page.locator("#tile-gates .value")).to_have_text("52 / 53")
        await expect(page.locator("#tile-gates .label")).to_have_css("font-weight", "400")
        first = page.locator("#compounds tbody tr").first
        await expect(first).to_contain_text("青禾新村")
        await expect(first).to_contain_text("门岗离线", timeout=PATIENT)
        assert await first.locator("td.bad").count() == 4
        assert await page.locator("#compounds tbody td.bad, #compounds tbody td.warn").count() == 9
        await expect(page.locator("#chart-hours svg")).to_be_visible()

        await page.locator("#unfold").click()
        await expect(page.locator("#compounds tbody tr")).to_have_count(53)
        await page.get_by_role("columnheader", name="小区").get_by_role("link").click()
        await expect(page.locator("th[aria-sort=ascending]")).to_have_text("小区")

        for tile in ("gates", "entries", "observation", "abnormal", "rounds", "survey"):
            await window.go("/board")
            value = (await page.locator(f"#tile-{tile} .value").inner_text()).split("/")[0].strip()
            await page.locator(f"#tile-{tile}").click()
            sums = await page.locator("tfoot td").all_inner_texts()
            assert value in sums, f"{tile}: {value} is not among the sums of the list behind it: {sums}"

        await window.go("/board")
        await page.locator(f"#c-{WORST}").click()
        for tab in ("观察", "排摸", "消毒垃圾", "值班", "线索", "督查", "门岗"):
            await page.locator(".tabs").get_by_role("link", name=tab).click()
            await expect(page.locator(".tabs a[aria-current]")).to_have_text(tab)
            if tab == "观察":  # a pseudonym leads to the registry, which asks why
                there = re.compile(rf"^{re.escape(board.stack.base('registry'))}/people/[0-9a-f-]{{36}}$")
                await expect(page.locator("tbody th a").first).to_have_attribute("href", there)
        await expect(page.locator("td .chip.bad")).to_have_text("离线")
        await page.get_by_role("link", name="门岗离线").click()
        await expect(page.get_by_role("heading", name="门岗离线")).to_be_visible()
        await window.sees("事实消除后自动办结")


async def test_what_happens_is_seen_without_a_reload_and_without_losing_the_place(
    board: Headquarters,
) -> None:
    async with board.window() as window:
        page = window.page
        await window.go("/board?all=1")
        await expect(page.locator("[data-live]")).to_have_attribute("data-live", "live", timeout=PATIENT)
        await page.evaluate("window.untouched = true")
        link = page.locator(f"#c-{QUIET}")
        await link.focus()
        await board.say(
            gap_opened(QUIET, MORNING + timedelta(minutes=50)),
            check(QUIET, MORNING + timedelta(minutes=51), "refuse", reasons=("fever",)),
        )
        row = page.locator("#compounds tbody tr", has=link)
        await expect(row.locator("td.bad")).to_have_count(2, timeout=PATIENT)
        await expect(page.locator("#announce")).to_contain_text("10 个小区", timeout=PATIENT)
        assert await page.evaluate("window.untouched"), "the page was not loaded again"
        assert await page.evaluate("document.activeElement.id") == f"c-{QUIET}", "nor was the place lost"
        await expect(page.locator("#chart-hours svg")).to_be_visible()


async def test_the_board_comes_back_by_itself_after_the_service_was_killed(board: Headquarters) -> None:
    async with board.window() as window:
        page = window.page
        await window.go("/board")
        live = page.locator("[data-live]")
        try:
            board.stack.kill("reporting")
            await page.evaluate("htmx.trigger('#board', 'sse:board')")
            await expect(live).to_have_attribute("data-live", "away", timeout=PATIENT)
            await expect(page.locator("#tile-gates")).to_be_visible()
        finally:
            board.stack.launch("reporting")
            await board.stack.ready("reporting")
        await expect(live).to_have_attribute("data-live", "live", timeout=PATIENT)


async def test_the_whole_is_there_in_english(board: Headquarters) -> None:
    async with board.window() as window:
        page = window.page
        await window.go("/board")
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading", name="HQ live board")).to_be_visible()
        assert await page.locator("html").get_attribute("lang") == "en"
        for path in (
            "/board",
            f"/compounds/{WORST}?tab=observation",
            "/figures/rounds",
            "/findings",
            "/reports",
            f"/reports/{TODAY}",
            f"/reports/{TODAY}/units/{WORST}",
        ):
            await window.go(path)
            said = await page.evaluate(
                "(() => { const copy = document.body.cloneNode(true);"
                " copy.querySelectorAll('h1, [lang], [data-words], .reasons').forEach(e => e.remove());"
                " return copy.textContent; })()"
            )
            assert not any("\u4e00" <= sign <= "\u9fff" for sign in said), said


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_page_is_whole_on_every_screen(board: Headquarters, screen: str) -> None:
    width, height = SCREENS[screen]
    pages = {"board": "/board"}
    if screen != "wall":
        pages |= {
            "compound": f"/compounds/{WORST}",
            "observation": f"/compounds/{WORST}?tab=observation",
            "figure": "/figures/observation",
            "findings": "/findings",
            "report": f"/reports/{TODAY}",
        }
    async with board.window(width=width, height=height) as window:
        for name, path in pages.items():
            await window.go(path)
            await window.fits()
            await window.shot(f"{name}-zh-{screen}")
        await window.page.get_by_role("button", name="English").click()
        for name in ("board", "report") if screen != "wall" else ("board",):
            await window.go(pages[name])
            await window.fits()
            await window.shot(f"{name}-en-{screen}")


async def test_nothing_keeps_anybody_out(board: Headquarters) -> None:
    async with board.window(width=320, height=640) as window:
        for path in (
            "/board?all=1",
            *(f"/compounds/{WORST}?tab={tab}" for tab in ("gate", "observation", "sanitation", "duty")),
            "/figures/entries",
            "/findings",
            "/findings/new",
            "/reports",
            f"/reports/{TODAY}",
            f"/reports/{TODAY}/units/{WORST}",
            "/service-record",
        ):
            await window.go(path)
            await window.fits()
            await window.accessible()
        await window.go("/board")
        await window.page.keyboard.press("Tab")
        assert await window.page.evaluate("document.activeElement.className") == "skip"
        await window.page.keyboard.press("Enter")
        assert await window.page.evaluate("document.activeElement.id") == "main"


async def test_without_scripts_everything_can_still_be_read(board: Headquarters) -> None:
    async with board.window(java_script_enabled=False) as window:
        await window.go("/board")
        await window.sees("青禾新村")
        await window.page.locator("summary").click()
        await expect(window.page.locator("figure[data-chart] table")).to_be_visible()
        await window.page.get_by_role("button", name="English").click()
        await window.sees("HQ live board")


async def test_the_board_is_one_sheet_of_a3(board: Headquarters) -> None:
    async with board.window() as window:
        await window.go("/board?all=1")
        sheet = await window.page.pdf(prefer_css_page_size=True)
        assert sheet.count(b"/Type /Page\n") == 1
        assert b"/MediaBox [0 0 1191" in sheet or b"/MediaBox [0 0 1190" in sheet, "A3, across"
        await window.page.emulate_media(media="print")
        await window.shot("board-print")
        await expect(window.page.locator(".top")).to_be_hidden()
