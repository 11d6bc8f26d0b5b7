import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from deploy.local.errors import LocalError
from deploy.local.issuer import ROLES, Account, Issuer
from deploy.local.issuer_http import build

URL = "http://127.0.0.1:9"
GATE = "http://127.0.0.1:7001"
VERIFIER = "v" * 64
ASK = {
    "client_id": "fangkong-gate",
    "redirect_uri": f"{GATE}/signed-in",
    "response_type": "code",
    "state": "s1",
    "nonce": "n1",
    "scope": "openid",
    "code_challenge_method": "S256",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .rstrip(b"=")
    .decode(),
}


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    made = Issuer(tmp_path / "issuer", tmp_path / "key.json", URL)
    made.make()
    (tmp_path / "issuer" / "clients.json").write_text(json.dumps({"fangkong-gate": GATE}))
    return made


@pytest.fixture
async def browser(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build(issuer)), base_url=URL) as client:
        yield client


def claims(issuer: Issuer, token: str) -> dict[str, object]:
    return jwt.decode(
        token, KeySet([ECKey.import_key(key) for key in issuer.jwks()["keys"]]), algorithms=["ES256"]
    ).claims


def sent_back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == ASK["redirect_uri"]
    return {name: values[0] for name, values in parse_qs(target.query).items()}


async def choose(browser: httpx.AsyncClient, role: str) -> dict[str, str]:
    answer = await browser.post(f"/authorize?{urlencode(ASK)}", data={"subject": f"dev-{role}"})
    return sent_back(answer)


def exchange(code: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": ASK["client_id"],
        "redirect_uri": ASK["redirect_uri"],
        "code_verifier": VERIFIER,
    } | changes


def test_there_is_one_account_for_every_role(issuer: Issuer) -> None:
    assert [account.role for account in issuer.accounts()] == list(ROLES)


def test_a_token_says_who_for_whom_and_with_which_grants(issuer: Issuer) -> None:
    account = Account(subject="dev-x", name="x", role="community_clerk", scope="compound:lj-001")
    told = claims(issuer, issuer.access_token(account))
    assert {"iss": URL, "aud": "fangkong", "sub": "dev-x"}.items() <= told.items()
    assert told["grants"] == [{"role": "community_clerk", "scope": "compound:lj-001"}]
    assert {"iat", "nbf", "exp", "jti"} <= told.keys()


def test_the_published_keys_are_public(issuer: Issuer) -> None:
    [key] = issuer.jwks()["keys"]
    assert "d" not in key
    assert json.loads((issuer.folder / "jwks.json").read_text()) == issuer.jwks()


def test_a_restart_keeps_the_key(issuer: Issuer) -> None:
    before = issuer.jwks()
    issuer.make()
    assert issuer.jwks() == before


def test_production_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANGKONG_MODE", "production")
    with pytest.raises(LocalError, match="production"):
        Issuer(tmp_path, tmp_path / "key.json", URL)


async def test_signing_in_with_a_code_and_proof_key(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/authorize", params=ASK)
    assert page.status_code == 200
    assert "dev-guard" in page.text
    back = await choose(browser, "guard")
    assert back["state"] == "s1"
    answer = await browser.post("/token", data=exchange(back["code"]))
    assert answer.status_code == 200
    tokens = answer.json()
    access, identity = claims(issuer, tokens["access_token"]), claims(issuer, tokens["id_token"])
    assert access["grants"] == [{"role": "guard", "scope": "compound:lj-001"}]
    assert (identity["aud"], identity["nonce"], identity["sub"]) == ("fangkong-gate", "n1", "dev-guard")


async def test_a_code_is_good_once(browser: httpx.AsyncClient) -> None:
    code = (await choose(browser, "guard"))["code"]
    assert (await browser.post("/token", data=exchange(code))).status_code == 200
    assert (await browser.post("/token", data=exchange(code))).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "w" * 64}, {"client_id": "fangkong-registry"}, {"redirect_uri": f"{GATE}/other"}],
)
async def test_a_code_is_good_only_for_who_asked(browser: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    code = (await choose(browser, "guard"))["code"]
    answer = await browser.post("/token", data=exchange(code, **wrong))
    assert answer.status_code == 400
    assert (await browser.post("/token", data=exchange(code))).status_code == 400


async def test_the_next_service_is_entered_silently(browser: httpx.AsyncClient) -> None:
    await choose(browser, "hq_officer")
    assert "code" in sent_back(await browser.get("/authorize", params=ASK))
    page = await browser.get("/authorize", params=ASK | {"prompt": "select_account"})
    assert page.status_code == 200
    await browser.get("/logout")
    assert (await browser.get("/authorize", params=ASK)).status_code == 200


async def test_without_a_session_a_silent_question_is_answered_silently(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/authorize", params=ASK | {"prompt": "none"})
    assert sent_back(answer)["error"] == "login_required"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": "http://127.0.0.1:7001@elsewhere.example/"},
        {"redirect_uri": "http://127.0.0.1:7002/"},
    ],
)
async def test_nobody_is_sent_to_a_foreign_address(browser: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    answer = await browser.get("/authorize", params=ASK | wrong)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_question_without_proof_key_is_refused(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/authorize", params=ASK | {"code_challenge_method": "plain"})
    assert sent_back(answer)["error"] == "invalid_request"


async def test_what_is_asked_cannot_become_part_of_the_page(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/authorize", params=ASK | {"state": '"><script>alert(1)</script>'})
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_discovery_points_to_what_is_there(browser: httpx.AsyncClient) -> None:
    told = (await browser.get("/.well-known/openid-configuration")).json()
    assert told["issuer"] == URL
    assert (await browser.get(told["jwks_uri"])).json()["keys"]
