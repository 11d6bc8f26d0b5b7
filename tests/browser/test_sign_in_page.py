"""Signing in and out in a real browser, and what is left on the screen afterwards."""

from contextlib import suppress

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect

from shared.testing.waiting import eventually
from tests.browser.place import Headquarters

pytestmark = pytest.mark.requirement("F17")


async def test_signing_out_leaves_nothing_behind_the_back_button(hq: Headquarters) -> None:
    async with hq.window() as window:
        page = window.page
        await window.go("/figures/gates")
        await expect(page.get_by_role("heading", name="门岗在线")).to_be_visible()
        await page.locator("#sign-out").click()
        await expect(page.get_by_role("heading", name="已退出")).to_be_visible()
        await page.go_back()
        await page.wait_for_url(f"{hq.stack.issuer.url}/**")
        await expect(page.locator("body")).not_to_contain_text("门岗在线")
        await window.go("/figures/gates")
        await page.wait_for_url(f"{hq.stack.issuer.url}/**")
        await page.locator("button[value='dev-hq_officer']").click()
        await expect(page).to_have_url(f"{hq.base}/figures/gates")


async def test_a_session_that_ended_leads_to_the_sign_in_and_back_to_the_page(hq: Headquarters) -> None:
    async with hq.window() as window:
        page = window.page
        await window.go("/board?sort=name")
        connection = await hq.stack.connect("reporting")
        await connection.execute("delete from page_session")
        # The board refreshes itself, is told that nobody is signed in, and the issuer still knows the person.
        with suppress(PlaywrightError):  # the page may be leaving already: the stream has told it as well
            await page.evaluate("htmx.trigger('#board', 'sse:board')")

        async def signed_in_again() -> bool:
            return bool(await connection.fetchval("select count(*) from page_session"))

        try:
            await eventually(signed_in_again, within=30, what="a session without a question")
        finally:
            await connection.close()
        await expect(page).to_have_url(f"{hq.base}/board?sort=name")
        await expect(page.get_by_role("heading", name="指挥部实时板")).to_be_visible()
        window.complaints = [one for one in window.complaints if "401" not in one]


async def test_a_form_pressed_twice_is_sent_once_and_one_from_an_old_page_is_explained(
    hq: Headquarters,
) -> None:
    async with hq.window("auditor") as window:
        page = window.page
        sent: list[str] = []
        page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
        await window.go("/board")
        await page.get_by_role("button", name="English").dblclick()
        await expect(page.get_by_role("heading", name="HQ live board")).to_be_visible()
        assert len(sent) == 1
        await page.evaluate("document.querySelectorAll('[name=csrf]').forEach(e => { e.value = 'old'; })")
        await page.locator("#sign-out").click()
        await window.sees("This was not sent by a current page of this system.")
        await window.accessible()
        window.complaints = [one for one in window.complaints if "403" not in one]


async def test_a_role_sees_its_own_pages_only(hq: Headquarters) -> None:
    async with hq.window("guard") as window:
        await window.sees("这里没有您要用的页面")
        await expect(window.page.locator(".nav a")).to_have_count(0)
        await window.accessible()
        await window.go("/board")
        await window.sees("没有权限")
        window.complaints = [one for one in window.complaints if "403" not in one]
