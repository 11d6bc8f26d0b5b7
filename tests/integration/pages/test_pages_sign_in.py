"""Signing in once, with a real issuer: what is let in, what is not, and when it ends."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from shared.http.access import TOWN, Grant, Principal, Role
from shared.pages.oidc import Attempt, SignedIn
from shared.pages.routes import token_for
from tests.integration.pages.conftest import HTML, Desk

pytestmark = pytest.mark.requirement("F17")

SESSION = "fangkong-reporting-session"
OURS = {"Origin": "http://localhost:8000"}


def token(browser: httpx.AsyncClient) -> str:
    """What the pages of this browser's session carry in their forms."""
    return token_for(browser.cookies[SESSION])


async def test_a_browser_is_led_to_the_issuer_and_back_to_what_it_wanted(desk: Desk) -> None:
    browser = desk.browser()
    led = await browser.get("/board?sort=name")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fboard%3Fsort%3Dname")
    asked = await browser.get(led.headers["location"])
    query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert asked.headers["location"].startswith(f"{desk.issuer.url}/authorize?")
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost:8000/sign-in/callback"]

    code, state = await desk.code(asked.headers["location"])
    back = await browser.get("/sign-in/callback", params={"code": code, "state": state})
    assert (back.status_code, back.headers["location"]) == (303, "/board?sort=name")
    [kept] = [value for value in back.headers.get_list("set-cookie") if value.startswith(f"{SESSION}=")]
    assert "HttpOnly" in kept
    assert "SameSite=lax" in kept
    assert "Path=/" in kept
    assert "Secure" not in kept, "plain HTTP on the machine itself is the one exception"

    board = await browser.get("/board?sort=name")
    assert board.status_code == 200
    assert board.headers["cache-control"] == "no-store"
    policy = board.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    raw = await desk.context.database.pool.fetch("select * from page_session")
    assert len(raw) == 1
    assert browser.cookies[SESSION].encode() not in bytes(raw[0]["id_hash"])


async def test_over_tls_the_cookie_is_for_this_host_and_tls_only(desk: Desk) -> None:
    browser = desk.browser("https://localhost:8000")
    asked = await browser.get("/sign-in")
    [kept] = asked.headers.get_list("set-cookie")
    assert kept.startswith("__Host-fangkong-reporting-sign-in=")
    assert "Secure" in kept
    plain = await desk.browser("http://town.example").get("/sign-in")
    assert plain.status_code == 400
    assert "https" in plain.text


async def test_other_callers_get_problems_and_no_pages(desk: Desk) -> None:
    plain = httpx.AsyncClient(transport=httpx.ASGITransport(app=desk.app), base_url=desk.base)
    desk.opened.append(plain)
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = await plain.get("/v1/board", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    browser = desk.browser()
    lost = await browser.get("/nothing", headers=HTML)
    assert lost.status_code == 404
    assert "没有这个页面" in lost.text
    browser.cookies.set("fangkong_lang", "en")
    assert "There is no such page" in (await browser.get("/nothing")).text


async def test_a_page_that_refreshes_itself_leads_to_the_sign_in_as_well(desk: Desk) -> None:
    answer = await desk.browser().get(
        "/board", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost:8000/board?all=1"}
    )
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fboard%3Fall%3D1"


async def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(desk: Desk) -> None:
    browser, other = desk.browser(), desk.browser()
    asked = (await browser.get("/sign-in")).headers["location"]
    code, state = await desk.code(asked)
    wrong = [
        (other, {"code": code, "state": state}),
        (browser, {"code": code, "state": state[:-1]}),
        (browser, {"code": "", "state": state}),
        (browser, {"error": "access_denied", "state": state}),
        (browser, {"code": "invented", "state": state}),
    ]
    for who, query in wrong:
        answer = await who.get("/sign-in/callback", params=query)
        assert answer.status_code == 403, query
        assert "重新登录" in answer.text
        assert SESSION not in who.cookies
    right = await browser.get("/sign-in/callback", params={"code": code, "state": state})
    assert right.status_code == 303
    again = await browser.get("/sign-in/callback", params={"code": code, "state": state})
    assert again.status_code == 403, "a code is taken once"


async def test_a_stolen_code_is_worth_nothing_in_another_sign_in(desk: Desk) -> None:
    victim, thief = desk.browser(), desk.browser()
    code, _ = await desk.code((await victim.get("/sign-in")).headers["location"])
    asked = (await thief.get("/sign-in")).headers["location"]
    state = parse_qs(urlsplit(asked).query)["state"][0]
    answer = await thief.get("/sign-in/callback", params={"code": code, "state": state})
    assert answer.status_code == 403, "the verifier is another one"


async def test_tokens_of_another_sign_in_are_refused(desk: Desk) -> None:
    browser = desk.browser()
    code, state = await desk.code((await browser.get("/sign-in")).headers["location"])
    name = "fangkong-reporting-sign-in"
    attempt = Attempt.read(browser.cookies[name])
    assert attempt is not None
    forged = Attempt(state=state, nonce="another", verifier=attempt.verifier, onward="/")
    browser.cookies.delete(name)
    browser.cookies.set(name, forged.write())
    answer = await browser.get("/sign-in/callback", params={"code": code, "state": state})
    assert answer.status_code == 403, "the identity token was made for another nonce"


async def test_a_session_has_the_role_and_the_scope_of_the_account_and_no_more(desk: Desk) -> None:
    narrow = await desk.signed_in("narrow")
    assert (await narrow.get("/v1/board")).json()["scope"] == "part"
    assert (await narrow.get("/compounds/lj-999")).status_code == 403
    guard = await desk.signed_in("guard")
    shut = await guard.get("/board")
    assert shut.status_code == 403
    assert "没有权限" in shut.text
    start = await guard.get("/")
    assert start.status_code == 200
    assert "门岗值守" in start.text
    officer = await desk.signed_in()
    assert 'href="/board"' in (await officer.get("/")).text
    assert (await officer.get("/compounds/lj-999")).status_code == 404
    assert (await officer.get("/figures/nothing")).status_code == 404


async def test_a_session_ends_when_it_is_not_used_and_when_it_is_old(desk: Desk) -> None:
    browser = await desk.signed_in()
    for _ in range(5):
        desk.clock.ahead += timedelta(minutes=20)
        assert (await browser.get("/board")).status_code == 200
    desk.clock.ahead += timedelta(minutes=25)
    assert (await browser.get("/board")).status_code == 303, "two hours after it began"
    desk.clock.ahead = timedelta(0)  # the issuer's tokens live by the machine's clock
    browser = await desk.signed_in()
    for _ in range(3):
        desk.clock.ahead += timedelta(minutes=9)
        refreshed = await browser.get("/board", headers={"Sec-Fetch-Mode": "cors"})
        assert refreshed.status_code == 200
    desk.clock.ahead += timedelta(minutes=4)
    assert (await browser.get("/board")).status_code == 303, "a page that refreshes itself is not used"
    desk.clock.ahead = timedelta(0)
    pool = desk.context.database.pool
    await pool.execute("update page_session set begun_at = begun_at - interval '1 day', ends_at = now()")
    await desk.signed_in()
    assert await pool.fetchval("select count(*) from page_session") == 1, "what has ended is forgotten"


async def test_signing_out_ends_the_session_here_and_at_the_issuer(desk: Desk) -> None:
    browser = await desk.signed_in()
    kept = browser.cookies[SESSION]
    page = (await browser.get("/board")).text
    assert token(browser) in page
    out = await browser.post("/sign-out", data={"csrf": token(browser)}, headers=OURS)
    assert out.status_code == 303
    assert out.headers["location"].startswith(f"{desk.issuer.url}/logout?")
    assert SESSION not in browser.cookies
    thief = desk.browser()
    thief.cookies.set(SESSION, kept)
    assert (await thief.get("/board")).status_code == 303, "a cookie kept from before opens nothing"
    assert "已退出" in (await browser.get("/signed-out")).text


async def test_only_forms_of_our_own_pages_and_of_this_session_are_taken(desk: Desk) -> None:
    browser, other = await desk.signed_in(), await desk.signed_in()
    good = {"csrf": token(browser)}
    refused: list[tuple[dict[str, str], dict[str, str]]] = [
        (good, {"Origin": "https://evil.example"}),
        (good, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
        (good, {}),
        ({}, OURS),
        ({"csrf": ""}, OURS),
        ({"csrf": token(other)}, OURS),
    ]
    for form, headers in refused:
        answer = await browser.post("/sign-out", data=form, headers=headers)
        assert answer.status_code == 403, (form, headers)
    assert (await browser.get("/board")).status_code == 200, "nothing of that ended the session"
    # The cookie alone changes nothing over the API either.
    changed = await browser.post("/sign-out", headers=OURS | {"X-CSRF-Token": token(browser)})
    assert changed.status_code == 303


async def test_the_language_is_kept_and_switched_from_any_page(desk: Desk) -> None:
    browser = await desk.signed_in()
    assert 'lang="zh-CN"' in (await browser.get("/board")).text
    form = {"to": "en", "next": "/board?all=1", "csrf": token(browser)}
    answer = await browser.post("/language", data=form, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board?all=1")
    page = (await browser.get("/board")).text
    assert '<html lang="en">' in page
    assert "HQ live board" in page
    stranger = desk.browser()
    assert (await stranger.post("/language", data={"to": "xx"}, headers=OURS)).status_code == 422
    elsewhere = await stranger.post("/language", data={"to": "en", "next": "//evil.example"}, headers=OURS)
    assert elsewhere.headers["location"] == "/"


async def test_without_the_issuer_the_sign_in_says_so_and_sessions_go_on(desk: Desk) -> None:
    browser = await desk.signed_in()
    provider = desk.app.state.pages.provider
    provider.issuer, provider._endpoints = "http://127.0.0.1:9", {}
    answer = await desk.browser().get("/sign-in")
    assert answer.status_code == 503
    assert re.search("登录服务暂时联系不上", answer.text)
    assert (await browser.get("/board")).status_code == 200
    out = await browser.post("/sign-out", data={"csrf": token(browser)}, headers=OURS)
    assert out.headers["location"] == "http://localhost:8000/signed-out"


async def test_files_of_pages_are_open_to_all_and_kept_for_ever(desk: Desk) -> None:
    page = (await desk.browser().get("/signed-out")).text
    names = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(names) >= 3
    for name in names:
        answer = await desk.browser().get(name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in (
        "/assets/pages.css",
        "/assets/../access.py",
        "/assets/%2e%2e/%2e%2e/settings.py",
        "/assets/",
    ):
        assert (await desk.browser().get(path)).status_code == 404
    assert "<script>" not in page
    assert " style=" not in page


@pytest.mark.requirement("R7.3")
async def test_a_session_knows_which_worker_it_is_so_that_work_at_a_page_is_credited(desk: Desk) -> None:
    pages = desk.app.state.pages
    who = Principal(
        kind="staff",
        subject="a-worker",
        grants=(Grant(role=Role.SANITATION_WORKER, scope=TOWN),),
        worker_ref=uuid4(),
    )
    session = await pages.sessions.begin(SignedIn(who=who, refresh=None), instead_of=None)
    assert await pages.sessions.find(session, used=False) == who


def carried(page: str) -> dict[str, str]:
    """What the form of a page that was not taken carries along."""
    return {
        name: unescape(text)
        for name, text in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
        if name != "next"
    }


async def test_what_was_typed_outlives_the_sign_in(desk: Desk) -> None:
    browser = await desk.signed_in("supervisor", "/findings/new")
    typed = {
        "finding_id": str(uuid4()),
        "compound": "lj-001",
        "item": "other",
        "note": '东门"无人" <值守>\n两次',
    }
    desk.clock.ahead = timedelta(minutes=31)
    ended = await browser.post("/findings", data=typed | {"csrf": token(browser)}, headers=OURS)
    assert ended.status_code == 401
    kept = carried(ended.text)
    assert kept.items() >= typed.items()
    assert 'action="/findings"' in ended.text
    stranger = await browser.post("/findings", data=typed, headers={"Origin": "https://evil.example"})
    assert "值守" not in stranger.text, "no other site gets a page to send again"

    await desk.sign_in(browser, "supervisor", "/findings")
    older = await browser.post("/findings", data=kept, headers=OURS)
    assert older.status_code == 403
    again = carried(older.text)
    assert again == kept | {"csrf": token(browser)}
    answer = await browser.post("/findings", data=again, headers=OURS)
    assert answer.status_code == 422, "taken, and refused by the town that knows no such place"
