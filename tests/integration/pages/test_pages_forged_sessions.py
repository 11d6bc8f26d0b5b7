"""Session cookies that no browser was given: none opens a page (F15)."""

import random
from collections import Counter

import pytest

from tests.forging import MANY, SOME, SecretForger
from tests.integration.pages.conftest import Desk
from tests.integration.pages.test_pages_sign_in import SESSION


async def answers(desk: Desk, number: int) -> Counter[int]:
    """How a page that needs a sign-in answers so many altered cookies."""
    browsers = [await desk.signed_in() for _ in range(3)]
    genuine = [browser.cookies[SESSION] for browser in browsers]
    thief = desk.browser()
    told: Counter[int] = Counter()
    for _, forgery in SecretForger(genuine, random.Random(19)).each(number):
        answer = await thief.get("/board", headers={"Cookie": f"{SESSION}={forgery}"})
        told[answer.status_code] += 1
    assert [(await browser.get("/board")).status_code for browser in browsers] == [200] * 3
    return told


@pytest.mark.requirement("F15")
async def test_of_hundreds_of_forged_session_cookies_none_opens_a_page(desk: Desk) -> None:
    assert await answers(desk, SOME) == {303: SOME}


@pytest.mark.release
@pytest.mark.requirement("F15")
async def test_of_ten_thousand_forged_session_cookies_none_opens_a_page(desk: Desk) -> None:
    assert await answers(desk, MANY) == {303: MANY}
