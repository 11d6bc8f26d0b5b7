"""Signing in with an OpenID Connect provider that is not ours: whatever we read into the standard alone shows here."""

import html
import json
import re
import secrets as random_secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from deploy.cli.page import ensure_npm, install
from deploy.local.issuer import Issuer
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT
from services.reporting.app import build
from services.reporting.settings import Settings
from shared.http.auth import Jwks
from shared.pages.oidc import Attempt
from shared.pages.routes import token_for
from shared.runtime import assemble, open_context
from shared.testing.databases import Urls
from tests.integration.pages.conftest import Desk, Shifted

HERE = Path(__file__).parent / "provider"
BENCH = PROJECT / ".fangkong" / "page" / "provider"
SESSION, ATTEMPT = "fangkong-reporting-session", "fangkong-reporting-sign-in"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_INPUT = re.compile(r"<input[^>]*>|<button[^>]*>")
_NAMED = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')


class Waited(Shifted):
    """Time limits pass as well: how long a key set is believed is no question of the calendar."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


def new_key(kid: str) -> dict[str, Any]:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}).as_dict(private=True)


@dataclass
class Provider:
    """The provider's process; started again with other keys it is the same provider."""

    port: int = field(default_factory=any_free)
    secret: str = field(default_factory=random_secrets.token_urlsafe)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [new_key("first")])
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        self.process = subprocess.Popen(  # noqa: S603
            [node, "provider.mjs"],
            cwd=BENCH,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"port": self.port, "secret": self.secret, "keys": self.keys}))
        self.process.stdin.close()
        assert any("ready" in line for line in self.process.stdout)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def rotate(self, kid: str) -> None:
        """A new key signs; the one before is published a while longer."""
        self.stop()
        self.keys = [new_key(kid), *self.keys]
        self.start()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    npm = ensure_npm()
    BENCH.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, BENCH)
    install(npm, HERE / "package-lock.json", BENCH)
    made = Provider()
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def desk(
    database_url: Callable[[str], Awaitable[Urls]],
    provider: Provider,
    secrets: Secrets,
    clock_file: Path,
    tmp_path: Path,
) -> AsyncIterator[Desk]:
    """Reporting, told where the provider is and nothing else of it."""
    urls = await database_url("reporting")
    (tmp_path / "client-secret").write_text(provider.secret)
    settings = Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        master_key_file=secrets.master_key_file("reporting"),
        nats_url="nats://127.0.0.1:1",
        issuer=provider.url,
        jwks_url=f"{provider.url}/jwks",
        oidc_client_secret_file=tmp_path / "client-secret",
        clock_file=clock_file,
    )
    clock = Waited(clock_file)
    context = await open_context("reporting", settings, clock)
    nobody = Issuer(tmp_path, tmp_path / "unused.json", provider.url)
    made = Desk(app=assemble(build(context), context), context=context, issuer=nobody, clock=clock)
    yield made
    for client in made.opened:
        await client.aclose()
    await context.close()


def the_form(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where a page's form goes, and what it brings along."""
    found = _FORM.search(page.text)
    assert found is not None, page.text[:500]
    fields = {}
    for tag in _INPUT.findall(found[2]):
        name, value = (pattern.search(tag) for pattern in _NAMED)
        if name:
            fields[name[1]] = html.unescape(value[1]) if value else ""
    return urljoin(str(page.url), html.unescape(found[1])), fields


@dataclass
class Person:
    """Somebody with a browser: cookies at the provider beside those at the service."""

    desk: Desk
    account: str
    asked_for_account: int = 0
    service: httpx.AsyncClient = field(init=False)
    at_provider: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.service = self.desk.browser()
        self.at_provider = httpx.AsyncClient()
        self.desk.opened.append(self.at_provider)

    async def to_provider(self, wanted: str = "/board") -> dict[str, str]:
        """From the service to the provider, through its pages, to the answer that it sends back."""
        page = await self.at_provider.get(
            (await self.service.get(f"/sign-in?next={wanted}")).headers["location"]
        )
        for _ in range(12):
            if "location" in page.headers:
                onward = urljoin(str(page.url), page.headers["location"])
                if onward.startswith("http://localhost:8000/sign-in/callback"):
                    return {name: values[0] for name, values in parse_qs(urlsplit(onward).query).items()}
                page = await self.at_provider.get(onward)
                continue
            assert page.status_code == 200, page.text[:500]
            action, fields = the_form(page)
            if "login" in fields:
                self.asked_for_account += 1
                fields |= {"login": self.account, "password": "anything"}
            page = await self.at_provider.post(action, data=fields)
        raise AssertionError("the provider leads nowhere")

    async def sign_in(self) -> httpx.Response:
        return await self.service.get("/sign-in/callback", params=await self.to_provider())

    def alter(self, **changes: str) -> None:
        """Another sign-in than the one that the provider was asked for."""
        attempt = Attempt.read(self.service.cookies[ATTEMPT])
        assert attempt is not None
        self.service.cookies.clear()
        self.service.cookies.set(ATTEMPT, replace(attempt, **changes).write())


@pytest.mark.requirement("F17")
async def test_somebody_signs_in_and_may_do_what_the_provider_says(desk: Desk) -> None:
    officer = Person(desk, "hq_officer@town")
    back = await officer.sign_in()
    assert (back.status_code, back.headers["location"]) == (303, "/board")
    assert (await officer.service.get("/board")).status_code == 200
    kept = await desk.context.database.pool.fetchrow("select subject, grants from page_session")
    assert kept is not None
    assert (kept["subject"], kept["grants"]) == ("hq_officer@town", [{"role": "hq_officer", "scope": "town"}])

    guard = Person(desk, "guard@compound:lj-001")
    assert (await guard.sign_in()).status_code == 303
    assert (await guard.service.get("/exports")).status_code == 403


@pytest.mark.requirement("F17")
async def test_an_answer_for_another_sign_in_lets_nobody_in(desk: Desk) -> None:
    for changes in ({"nonce": "another"}, {"verifier": "v" * 64}):
        person = Person(desk, "hq_officer@town")
        answer = await person.to_provider()
        person.alter(**changes)
        assert (await person.service.get("/sign-in/callback", params=answer)).status_code == 403
        assert SESSION not in person.service.cookies


async def test_whoever_is_nobody_here_is_not_let_in(desk: Desk) -> None:
    assert (await Person(desk, "emperor@town").sign_in()).status_code == 403
    assert (await Person(desk, "device@town").sign_in()).status_code == 403


@pytest.mark.requirement("F17")
async def test_new_keys_at_the_provider_are_taken_without_a_restart(desk: Desk, provider: Provider) -> None:
    assert (await Person(desk, "hq_officer@town").sign_in()).status_code == 303
    provider.rotate("second")
    desk.clock.ahead += timedelta(seconds=Jwks.RETRY + 1)
    assert (await Person(desk, "hq_officer@town").sign_in()).status_code == 303


@pytest.mark.requirement("F17")
async def test_a_role_that_is_taken_away_there_is_gone_here_within_half_a_minute(desk: Desk) -> None:
    person = Person(desk, "supervisor@town")
    await person.sign_in()
    assert (await person.service.get("/board")).status_code == 200
    dismissed = await person.at_provider.get(f"{desk.issuer.url}/dismiss", params={"account": person.account})
    assert dismissed.status_code == 200
    desk.clock.ahead += timedelta(seconds=26)
    assert (await person.service.get("/board")).status_code == 403


@pytest.mark.requirement("F17")
async def test_a_sign_in_that_the_provider_forgot_ends_here(desk: Desk, provider: Provider) -> None:
    person = Person(desk, "hq_officer@town")
    await person.sign_in()
    assert (await person.service.get("/board")).status_code == 200
    provider.stop()
    provider.start()
    desk.clock.ahead += timedelta(seconds=26)
    assert (await person.service.get("/board")).status_code == 303


@pytest.mark.requirement("F17")
async def test_signing_out_ends_the_session_here_and_at_the_provider(desk: Desk) -> None:
    person = Person(desk, "hq_officer@town")
    await person.sign_in()
    assert await person.to_provider()
    assert person.asked_for_account == 1, "the provider still knows who it is"
    session = person.service.cookies[SESSION]
    out = await person.service.post(
        "/sign-out", data={"csrf": token_for(session)}, headers={"Origin": "http://localhost:8000"}
    )
    assert out.headers["location"].startswith(desk.issuer.url)
    page = await person.at_provider.get(out.headers["location"])
    action, fields = the_form(page)
    done = await person.at_provider.post(action, data=fields | {"logout": "yes"})
    assert done.headers["location"].split("?")[0] == "http://localhost:8000/signed-out"
    assert (await person.service.get("/board")).status_code == 303
    assert await person.to_provider()
    assert person.asked_for_account == 2
