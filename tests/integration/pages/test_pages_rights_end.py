"""Rights taken away at the issuer end at the pages within a minute, and so do sessions signed out elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta

import httpx
import pytest

from deploy.local.files import write_json
from deploy.local.issuer import Account, Issuer
from tests.integration.pages.conftest import Desk

pytestmark = pytest.mark.requirement("F17")

EVERY = timedelta(seconds=26)
"""A page that is used is proved anew after this; what was taken away a moment after a proof lasts so long at most."""


@contextmanager
def accounts(issuer: Issuer, **changed: Account | None) -> Iterator[None]:
    """Other accounts at the issuer for a while; None: closed."""
    before = issuer.accounts()
    after = [changed.get(one.role, one) for one in before]
    write_json(issuer.folder / "accounts.json", {"accounts": [asdict(one) for one in after if one]})
    try:
        yield
    finally:
        write_json(issuer.folder / "accounts.json", {"accounts": [asdict(one) for one in before]})


async def status(browser: httpx.AsyncClient, path: str = "/board") -> int:
    return (await browser.get(path)).status_code


async def test_a_role_that_was_taken_away_opens_nothing_within_a_minute(desk: Desk) -> None:
    browser = await desk.signed_in()
    officer = desk.issuer.account("dev-hq_officer")
    assert officer is not None
    with accounts(desk.issuer, hq_officer=replace(officer, role="guard")):
        assert await status(browser) == 200, "the issuer is not asked at every request"
        desk.clock.ahead += EVERY
        assert await status(browser) == 403
        assert await status(browser, "/") == 200, "signed in still, as what the issuer says now"
    desk.clock.ahead += EVERY
    assert await status(browser) == 200, "and what was given is there as soon"


async def test_a_narrower_place_holds_within_a_minute(desk: Desk) -> None:
    browser = await desk.signed_in()
    officer = desk.issuer.account("dev-hq_officer")
    assert officer is not None
    with accounts(desk.issuer, hq_officer=replace(officer, scope="compound:lj-001")):
        desk.clock.ahead += EVERY
        assert (await browser.get("/v1/board")).json()["scope"] == "part"


async def test_a_closed_account_is_signed_out(desk: Desk) -> None:
    browser = await desk.signed_in()
    with accounts(desk.issuer, hq_officer=None):
        desk.clock.ahead += EVERY
        assert await status(browser) == 303
    assert await desk.context.database.pool.fetchval("select count(*) from page_session") == 0


async def test_signing_out_at_the_issuer_ends_the_sessions_of_all_services(desk: Desk) -> None:
    browser, other = desk.browser(), await desk.signed_in()
    asked = (await browser.get("/sign-in?next=/board")).headers["location"]
    async with httpx.AsyncClient() as at_issuer:
        back = await at_issuer.post(asked, data={"subject": "dev-hq_officer"})
        answer = await browser.get(back.headers["location"])
        assert answer.status_code == 303
        assert await status(browser) == 200
        await at_issuer.get(f"{desk.issuer.url}/logout")
    desk.clock.ahead += EVERY
    assert await status(browser) == 303
    assert await status(other) == 200, "another sign-in of the same person goes on"


async def test_a_session_that_cannot_be_proved_ends_soon(desk: Desk) -> None:
    browser = await desk.signed_in()
    provider = desk.app.state.pages.provider
    provider.issuer, provider._endpoints = "http://127.0.0.1:9", {}
    desk.clock.ahead += timedelta(minutes=14)
    assert await status(browser) == 200, "an issuer that is away for some minutes stops no work"
    desk.clock.ahead += timedelta(minutes=2)
    assert await status(browser) == 303


async def test_what_proves_a_session_is_sealed_with_the_cookie(desk: Desk) -> None:
    browser = await desk.signed_in()
    row = await desk.context.database.pool.fetchrow("select * from page_session")
    [session] = [cookie.value for cookie in browser.cookies.jar if cookie.name.endswith("-session")]
    assert row is not None
    assert session
    assert len(row["refresh_sealed"]) > 40
    for text in (session, "refresh"):
        assert text.encode() not in row["refresh_sealed"]
    desk.clock.ahead += EVERY
    assert await status(browser) == 200
    after = await desk.context.database.pool.fetchrow("select * from page_session")
    assert after is not None
    assert after["refresh_sealed"] != row["refresh_sealed"], "each is used once"
    assert after["proved_at"] - row["proved_at"] >= EVERY
