"""A checkpoint in a real browser: the gate serves over real HTTP, the guard's page is its device."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from shared.http.wire import HttpProtocol
from shared.runtime import assemble
from tests.integration.gate.town import NOW, GateTown

SHOTS = Path(__file__).parent / "shots"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PATIENT = 20_000  # milliseconds: a busy machine is no fault of the page
PHONE = {"width": 360, "height": 720}
_A_KEY = 0.002  # seconds between two keys of a scanner
# A clock that stands still would stamp keys anew when the page reads them; a scanner is told by when it typed them.
_KEEP_STAMPS = """{
  const own = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp');
  globalThis.keepStamps = () => Object.defineProperty(Event.prototype, 'timeStamp', own);
}"""
# What a browser says by itself when nobody answers or a call is refused, which is what these tests bring about.
_NO_FAULT = ("net::ERR_", "the server responded with a status of")


@dataclass
class Guard:
    """A guard at the page."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(known in message.text for known in _NO_FAULT):
            self.complaints.append(message.text)

    async def touch(self, what: str) -> None:
        """Press a button, by its id or another selector."""
        await self.page.locator(what).click()

    async def wedge(self, text: str) -> None:
        """A scanner that types: one burst, stamped as it typed, which a busy machine does not stretch."""
        keyboard = await self.page.context.new_cdp_session(self.page)
        keys: list[dict[str, Any]] = [{"key": sign, "text": sign} for sign in text]
        keys.append({"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13})
        began = time.time()
        await asyncio.gather(
            *(
                keyboard.send(
                    "Input.dispatchKeyEvent", {"type": how, "timestamp": began + place * _A_KEY, **key}
                )
                for place, key in enumerate(keys)
                for how in ("keyDown", "keyUp")
            )
        )
        await keyboard.detach()

    async def keys(self, digits: str) -> None:
        """The page's own keypad."""
        for digit in digits:
            await self.page.locator(f'[data-key="{digit}"]').click()

    async def check(self, token: str, *, digits: str = "365", mask: bool = True) -> None:
        """查、测、问 with as few touches as it takes."""
        await self.wedge(token)
        await self.keys(digits)
        await self.touch("#mask-on" if mask else "#mask-off")

    async def face(self, which: str) -> None:
        """The verdict that fills the screen."""
        await expect(self.page.locator("#verdict")).to_have_attribute("data-face", which, timeout=PATIENT)

    async def waiting(self, count: int) -> None:
        """How much the status line says to wait."""
        await expect(self.page.locator("#status")).to_contain_text(f"待传 {count}", timeout=PATIENT)

    async def shot(self, name: str) -> Path:
        """A picture to be looked at."""
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"guard-{name}.png"
        await self.page.screenshot(path=path)
        return path

    async def accessible(self) -> None:
        """Nothing serious or critical of what axe knows; no target too small for gloves; nothing beside the screen."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        grave = [
            (each["id"], [node["html"] for node in each["nodes"]][:3])
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        assert grave == []
        assert await self.page.evaluate(_SMALL) == []
        assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    async def stored(self) -> str:
        """All that lies in the browser's store, as bytes and as text."""
        told: str = await self.page.evaluate(_STORED)
        return told


_SMALL = """[...document.querySelectorAll('button, a, input, select')].filter(one => {
  const {width, height} = one.getBoundingClientRect();
  return width > 0 && (height < 71.5 || width < 71.5);
}).map(one => one.outerHTML)"""
_STORED = """(async () => {
  const said = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), location.href];
  for (const {name} of await indexedDB.databases()) {
    const db = await new Promise(done => { indexedDB.open(name).onsuccess = event => done(event.target.result); });
    for (const store of db.objectStoreNames) {
      for (const ask of ['getAll', 'getAllKeys']) {
        const all = await new Promise(done => {
          db.transaction(store).objectStore(store)[ask]().onsuccess = event => done(event.target.result);
        });
        said.push(JSON.stringify(all, (key, value) => value instanceof Uint8Array ? new TextDecoder().decode(value)
          : value instanceof CryptoKey ? `key, extractable: ${value.extractable}` : value));
      }
    }
    db.close();
  }
  return said.join('\\n');
})()"""


@dataclass
class Checkpoint:
    """The gate with a town around it, and windows that look at it."""

    town: GateTown
    browser: Browser
    port: int = 0
    guards: list[Guard] = field(default_factory=list)
    _listener: "socket.socket | None" = None
    _server: "uvicorn.Server | None" = None
    _serving: "asyncio.Task[None] | None" = None
    _windows: list[BrowserContext] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the gate answers. A name that browsers trust like one with a certificate."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """The gate answers, at the same place as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        app = assemble(self.town.client.service, self.town.client.context)
        config = uvicorn.Config(app, http=HttpProtocol, log_config=None, lifespan="off", access_log=False)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Nobody answers any more."""
        if self._server is None or self._serving is None or self._listener is None:
            return
        self._server.should_exit = self._server.force_exit = True
        await self._serving  # it closes its connections by itself
        self._listener.close()
        self._server = self._serving = self._listener = None

    async def revoke(self, device: object) -> None:
        """Operators stop a device, at the very process that it speaks to."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            headers = self.town.client.as_role("ops")
            told = await http.post(f"/v1/devices/{device}/revoke", headers=headers)
        assert told.status_code == 200, told.text

    async def guard(
        self, *, browser: Browser | None = None, towns_time: bool = True, **context: Any
    ) -> Guard:
        """A window of its own, with the town's time: a clock that stands still, and measures nothing."""
        window = await (browser or self.browser).new_context(
            **{"viewport": PHONE, "locale": "zh-CN", "base_url": self.url, **context}
        )
        window.set_default_timeout(PATIENT)
        self._windows.append(window)
        page = await window.new_page()
        if towns_time:
            await window.add_init_script(_KEEP_STAMPS)
            await page.clock.set_fixed_time(NOW)
            await window.add_init_script("keepStamps();")
        guard = Guard(page)
        self.guards.append(guard)
        return guard

    async def enrolled(self, **context: Any) -> Guard:
        """A guard whose device is in service."""
        guard = await self.guard(**context)
        await guard.page.goto("/guard/")
        await guard.page.locator("#code").fill(await self.town.code())
        await guard.touch("#enrol")
        status = guard.page.locator("#status")
        await expect(status).to_contain_text("名单 09:00", timeout=PATIENT)
        await expect(status).to_contain_text("在线")
        return guard

    async def close(self) -> None:
        """All windows, then the gate."""
        for window in self._windows:
            await window.close()
        await self.stop()


@asynccontextmanager
async def opened(town: GateTown, browser: Browser) -> AsyncIterator[Checkpoint]:
    """A checkpoint for a test; whatever a page complained of in its console is a failure."""
    made = Checkpoint(town=town, browser=browser)
    await made.start()
    try:
        yield made
        assert [each for guard in made.guards for each in guard.complaints] == []
    finally:
        await made.close()
