"""Signing in with an OpenID Connect provider that is not ours: whatever we read into the standard alone shows here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from deploy.local.issuer import Issuer
from deploy.local.secrets import Secrets
from services.reporting.app import build
from services.reporting.settings import Settings
from shared.context import open_context
from shared.http.auth import Jwks
from shared.pages.oidc import Attempt
from shared.pages.routes import token_for
from shared.runtime import assemble
from shared.testing.databases import Urls
from tests.integration.pages.conftest import Desk, Shifted
from tests.integration.pages.independent import Provider, install_provider, the_form, walk

SESSION, ATTEMPT = "fangkong-reporting-session", "fangkong-reporting-sign-in"


class Waited(Shifted):
    """Time limits pass as well: how long a key set is believed is no question of the calendar."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    install_provider()
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
        begin = (await self.service.get(f"/sign-in?next={wanted}")).headers["location"]
        walked = await walk(
            self.at_provider,
            begin,
            account=self.account,
            until="http://localhost:8000/sign-in/callback",
        )
        self.asked_for_account += walked.asked_for_account
        return walked.answer

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
