"""Services in a real browser: they and the issuer run as processes, and windows look at their pages."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, expect

from deploy.local.files import write_json
from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.db.pool import Database
from shared.events import catalogue
from shared.events.base import Event
from shared.kernel.clock import SteppedClock, write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.stack import ROOT, Stack
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.bus.support import background

SHOTS = Path(__file__).parent / "shots"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PRODUCERS = ("registry", "gate", "observation", "sanitation")
PATIENT = 20_000  # milliseconds: a busy machine is no fault of the page
_RESTARTING = re.compile(
    "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|htmx:(send|sse)Error"
    r"|htmx:afterRequest|^\[object Event\]$"
)


@dataclass
class Place:
    """What runs, and windows that look at it.

    Attributes:
        stack: the services that run.
        face: the service whose pages a window opens at first.
        kept: role -> the cookies of somebody who signed in, so that not every window has to.
    """

    stack: Stack
    browser: Browser
    face: str
    kept: dict[str, StorageState] = field(default_factory=dict)
    issuer_process: "subprocess.Popen[bytes] | None" = None
    running: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    def made(cls, folder: Path, nats: NatsServer, secrets: Secrets, browser: Browser, *, face: str) -> Self:
        """Nothing runs yet; business time stands at 2020-02-24 09:00 in Shanghai."""
        write_control(folder / "clock.json", NINE_ON_THE_24TH, 0.0)
        port = any_free()
        issuer = Issuer(folder / "issuer", folder / "issuer-key.json", f"http://127.0.0.1:{port}")
        issuer.make()
        stack = Stack(
            folder=folder, nats=nats, secrets=secrets, issuer=issuer, clock_file=folder / "clock.json"
        )
        stack.ports["issuer"] = port
        return cls(stack=stack, browser=browser, face=face)

    async def start(self, databases: Databases, *services: str) -> None:
        """The issuer, and services that know each other's address."""
        for service in services:
            await self.stack.prepare(service, databases)
        faces = {service: self.stack.base(service) for service in self.stack.urls}
        self.stack.faces = faces
        clients = {f"fangkong-{service}": base for service, base in faces.items()}
        write_json(self.stack.issuer.folder / "clients.json", clients)
        self._launch_issuer()
        await self.stack.start_only(*services)
        await eventually(self._issuer_ready, within=60, what="the issuer answers")

    def _launch_issuer(self) -> None:
        issuer = self.stack.issuer
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "FANGKONG_MODE": "local",
            "FANGKONG_ISSUER": issuer.url,
            "FANGKONG_ISSUER_FOLDER": str(issuer.folder),
            "FANGKONG_ISSUER_KEY_FILE": str(issuer.key_file),
            "FANGKONG_HTTP_PORT": str(self.stack.ports["issuer"]),
        }
        with (self.stack.folder / "issuer.log").open("ab") as log:
            self.issuer_process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.issuer"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    async def _issuer_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return (await self.stack.http.get(f"{self.stack.issuer.url}/readyz")).status_code == 200
        return False

    async def stop(self) -> None:
        """Everything, in order."""
        await self.running.aclose()
        if self.issuer_process:
            self.issuer_process.kill()
            self.issuer_process.wait()
        await self.stack.stop()

    @property
    def base(self) -> str:
        """The address of the service whose pages these are."""
        return self.stack.base(self.face)

    # ---- windows

    @asynccontextmanager
    async def window(
        self,
        role: str | None = "hq_officer",
        *,
        face: str | None = None,
        width: int = 1366,
        height: int = 768,
        **options: Any,
    ) -> AsyncIterator["Window"]:
        """A browser of its own, signed in as a role's account (None: not signed in), at a service's pages."""
        context = await self.browser.new_context(
            base_url=self.stack.base(face or self.face),
            viewport={"width": width, "height": height},
            locale="zh-CN",
            storage_state=self.kept.get(role) if role else None,
            **options,
        )
        context.set_default_timeout(PATIENT)
        try:
            window = await Window.opened(self, context)
            if role is not None:
                await window.sign_in(role)
            yield window
            assert window.complaints == [], window.complaints
        finally:
            await context.close()


class Headquarters(Place):
    """Reporting, with producers whose events come over the bus."""

    producers: dict[str, Database]
    versions: defaultdict[str, int]

    async def begin(self, databases: Databases) -> None:
        """Reporting and the issuer as processes, and a relay for each producer."""
        self.producers, self.versions = {}, defaultdict(int)
        for service in PRODUCERS:
            await self.stack.prepare(service, databases)
        await self.start(databases, "reporting")
        clock = SteppedClock(self.stack.clock_file)
        for service in PRODUCERS:
            database = await Database.open(self.stack.urls[service].database, service=service, clock=clock)
            self.producers[service] = database
            link = Link(
                self.stack.nats.url,
                name=service,
                credentials=self.stack.nats.credentials(service),
            )
            link.start()
            self.running.push_async_callback(database.close)
            self.running.push_async_callback(link.stop)
            relay = Relay(database, link, channels=catalogue.channels_of(service))
            await self.running.enter_async_context(background(relay.run()))

    async def say(self, *events: Event) -> None:
        """Producers commit events as their handlers do; relays and bus carry them."""
        by_service: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            by_service[event.service].append(event)
        for service, own in by_service.items():
            async with self.producers[service].begin() as tx:
                for event in own:
                    key = f"{event.channel_name()}.{event.partition_key()}"
                    self.versions[key] += 1
                    await tx.publish(event, version=self.versions[key])

    async def heard(self) -> None:
        """Wait until reporting has applied all of it."""
        await self.stack.equal(within=60)


@dataclass
class Window:
    """A page with everything that it complained of."""

    place: Place
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    async def opened(cls, place: Place, context: BrowserContext) -> "Window":
        """An empty page."""
        window = cls(place=place, context=context, page=await context.new_page())
        window.page.on("console", window.note)
        window.page.on("pageerror", lambda error: window.complaints.append(f"script: {error}"))
        return window

    def note(self, message: ConsoleMessage) -> None:
        """Errors and violations of the content policy are complaints; a service that restarts is none."""
        if message.type == "error" and not _RESTARTING.search(message.text):
            self.complaints.append(message.text)

    async def sign_in(self, role: str) -> None:
        """Choose an account at the issuer, as a person would, unless the browser still has a session."""
        await self.page.goto("/")
        if self.page.url.startswith(self.place.stack.issuer.url):
            await self.page.locator(f"button[value='dev-{role}']").click()
            await self.page.wait_for_url(re.compile(r"/$"))
            self.place.kept[role] = await self.context.storage_state()

    async def go(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(path)

    async def sees(self, text: str) -> None:
        """Wait for a text on the page."""
        await expect(self.page.locator("body")).to_contain_text(text, timeout=PATIENT)

    async def accessible(self) -> None:
        """Nothing serious or critical of what axe knows."""
        await self.page.evaluate(AXE)
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        grave = [
            f"{one['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]
        assert grave == []

    async def fits(self) -> None:
        """Nothing has to be scrolled sideways."""
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} pixels too wide"

    async def shot(self, name: str) -> None:
        """Keep a picture for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
        # It leaves empty style attributes behind, which htmx would copy and the content policy would report.
        await self.page.evaluate(
            "document.querySelectorAll('[style=\"\"]').forEach((one) => one.removeAttribute('style'))"
        )
