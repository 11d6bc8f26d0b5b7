"""Reporting behind its pages, with the development issuer as a real server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn

from deploy.local.files import write_json
from deploy.local.issuer import Account, Issuer
from deploy.local.issuer_http import build as issuer_app
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from services.reporting.app import build
from services.reporting.settings import Settings
from shared.context import Context, open_context
from shared.kernel.clock import SteppedClock
from shared.runtime import assemble
from shared.testing.databases import Urls
from shared.testing.waiting import eventually

HTML = {"Accept": "text/html,application/xhtml+xml"}


class Shifted(SteppedClock):
    """Real time that a test can move on, for the lifetimes of sessions."""

    ahead = timedelta(0)

    def real_now(self) -> datetime:
        return super().real_now() + self.ahead


@dataclass
class Desk:
    """The service as browsers see it, and the issuer that they are sent to."""

    app: Any
    context: Context
    issuer: Issuer
    clock: Shifted
    base: str = "http://localhost:8000"
    opened: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, base: str | None = None) -> httpx.AsyncClient:
        """A browser's cookies, headers and habit not to follow until it is told."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url=base or self.base,
            headers=HTML | {"Sec-Fetch-Mode": "navigate"},
        )
        self.opened.append(client)
        return client

    async def code(self, asked: str, role: str = "hq_officer") -> tuple[str, str]:
        """What the issuer sends back for somebody who chooses an account: code and state."""
        async with httpx.AsyncClient() as at_issuer:
            answer = await at_issuer.post(asked, data={"subject": f"dev-{role}"})
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        return back["code"][0], back["state"][0]

    async def signed_in(self, role: str = "hq_officer", wanted: str = "/board") -> httpx.AsyncClient:
        """A browser with a session."""
        browser = self.browser()
        await self.sign_in(browser, role, wanted)
        return browser

    async def sign_in(self, browser: httpx.AsyncClient, role: str, wanted: str) -> None:
        """Begin a session, or another one."""
        asked = (await browser.get(f"/sign-in?next={wanted}")).headers["location"]
        code, state = await self.code(asked, role)
        answer = await browser.get("/sign-in/callback", params={"code": code, "state": state})
        assert (answer.status_code, answer.headers["location"]) == (303, wanted)


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(lambda: asyncio.sleep(0, server.started), every=0.01, what="uvicorn")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture(scope="module")
async def real_issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    folder = tmp_path_factory.mktemp("issuer")
    made = Issuer(folder, folder / "key.json", "http://127.0.0.1:1")
    made.make()
    narrow = Account(subject="dev-narrow", name="演示", role="community_clerk", scope="compound:lj-001")
    accounts = [asdict(account) for account in (*made.accounts(), narrow)]
    write_json(folder / "accounts.json", {"accounts": accounts})
    write_json(folder / "clients.json", {"fangkong-reporting": "http://localhost:8000"})
    async with serving(issuer_app(made)) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


@pytest.fixture
async def desk(
    database_url: Callable[[str], Awaitable[Urls]],
    real_issuer: Issuer,
    nats: NatsServer,
    secrets: Secrets,
    clock_file: Path,
) -> AsyncIterator[Desk]:
    urls = await database_url("reporting")
    settings = Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        master_key_file=secrets.master_key_file("reporting"),
        nats_url=nats.url,
        issuer=real_issuer.url,
        jwks_file=real_issuer.folder / "jwks.json",
        clock_file=clock_file,
        session_idle_minutes=30,
        session_hours=2,
        caller_rate_scale=50,
    )
    clock = Shifted(clock_file)
    real_issuer.now = lambda: clock.real_now().timestamp()
    context = await open_context("reporting", settings, clock)
    made = Desk(app=assemble(build(context), context), context=context, issuer=real_issuer, clock=clock)
    yield made
    for client in made.opened:
        await client.aclose()
    await context.close()
