"""How long a guard waits at the page: from the last touch to the painted verdict, with and without a network.

`python -m tests.bench.guard_page` starts PostgreSQL, nats-server, the gate and Chromium; a scanner types passes. It
prints p50 and p95 against the wanted 300 ms online and 100 ms offline; then, apart, what the camera takes to read a
frame with a tilted pass in bad light.
"""

import asyncio
import importlib
import statistics
import tempfile
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from deploy.local import browser as browsers
from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from shared.context import open_context
from shared.kernel.cards import CardKeys
from shared.kernel.clock import SteppedClock, write_control
from shared.runtime import assemble
from shared.testing.databases import Databases
from tests.browser.checkpoint import Checkpoint, Guard, opened
from tests.browser.test_guard_camera import before_the_camera, printed, with_camera
from tests.conftest import ISSUER_URL, NINE_ON_THE_24TH, Client
from tests.integration.gate.town import GateTown, Resident

PEOPLE = 40
WANTED_MS = {"online": 300, "offline": 100}


async def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, secrets = Postgres(folder / "pg", fsync=True), Secrets(folder=folder / "secrets")
        server.start()
        secrets.make()
        try:
            with NatsServer(folder / "nats") as nats:
                await measure(folder, Databases(server.superuser_url()), secrets, nats)
        finally:
            server.stop()


async def measure(folder: Path, databases: Databases, secrets: Secrets, nats: NatsServer) -> None:
    """A town of some people, each of whom comes once online and once offline."""
    issuer = Issuer(folder / "issuer", folder / "key.json", ISSUER_URL)
    issuer.make()
    clock_file = folder / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    urls = await databases.fresh("gate")
    settings = importlib.import_module("services.gate.settings").Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        nats_url=nats.url,
        master_key_file=secrets.master_key_file("gate"),
        card_keys_file=secrets.card_keys_file("gate"),
        issuer=ISSUER_URL,
        jwks_file=issuer.folder / "jwks.json",
        clock_file=clock_file,
        caller_rate_scale=1_000,
    )
    context = await open_context("gate", settings, SteppedClock(clock_file))
    service = importlib.import_module("services.gate.app").build(context)
    context.database.rejections = service.rejections
    for prepare in service.prepare:
        await prepare()
    transport = httpx.ASGITransport(app=assemble(service, context))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://gate.test") as http,
        async_playwright() as driver,
    ):
        client = Client(context=context, service=service, http=http, issuer=issuer, clock_file=clock_file)
        town = GateTown(client=client, card_keys=CardKeys.load(secrets.card_keys_file("registry")))
        await town.settle()
        people = [await town.resident("王", f"{nth + 1}-1-101") for nth in range(PEOPLE)]
        chromium = await driver.chromium.launch(executable_path=str(browsers.ensure()), args=["--no-sandbox"])
        async with opened(town, chromium) as gate:
            await rounds(gate, people)
            before_the_camera(printed(people[0].token), tilt=17, light=0.35, path=folder / "pass.mjpeg")
            camera = await with_camera(driver, folder / "pass.mjpeg")
            report(
                "camera",
                await frames(await gate.enrolled(browser=camera, towns_time=False, permissions=["camera"])),
            )
            await camera.close()
        await chromium.close()
    await context.close()


async def rounds(gate: Checkpoint, people: list[Resident]) -> None:
    """Everybody online, then everybody offline."""
    guard = await gate.enrolled(towns_time=False)
    report("online", await times(guard, people))
    await guard.page.context.set_offline(True)
    report("offline", await times(guard, people))


async def times(guard: Guard, people: list[Resident]) -> list[float]:
    """Milliseconds from the last touch to the painted verdict, for each."""
    await guard.page.evaluate("performance.clearMeasures('verdict')")
    for nth, who in enumerate(people, start=1):
        await guard.check(who.token)
        await guard.face("admit")
        await seen(guard, "verdict", nth)
    told: list[float] = await guard.page.evaluate(
        "performance.getEntriesByName('verdict').map(one => one.duration)"
    )
    return told


async def seen(guard: Guard, what: str, count: int) -> None:
    """Until the page has measured it so often."""
    while await guard.page.evaluate(f"performance.getEntriesByName('{what}').length") < count:
        await asyncio.sleep(0.05)


async def frames(guard: Guard) -> list[float]:
    """Milliseconds for each frame that the camera looked at."""
    await guard.touch("#camera-on")
    await seen(guard, "camera-decode", 50)
    told: list[float] = await guard.page.evaluate(
        "performance.getEntriesByName('camera-decode').map(one => one.duration)"
    )
    return told


def report(how: str, measured: list[float]) -> None:
    """One line."""
    p95 = statistics.quantiles(measured, n=20)[-1]
    wanted = f", wanted {WANTED_MS[how]} ms" if how in WANTED_MS else ""
    print(f"{how}: {len(measured)} times, p50 {statistics.median(measured):.0f} ms, p95 {p95:.0f} ms{wanted}")


if __name__ == "__main__":
    asyncio.run(main())
