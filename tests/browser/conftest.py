import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from deploy.local import browser as browsers
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from shared.kernel.cards import CardKeys
from shared.testing.databases import Databases
from tests.browser.checkpoint import Checkpoint, opened
from tests.browser.households import Households, settled
from tests.browser.observed import Observed
from tests.browser.place import PATIENT, Headquarters, Place
from tests.browser.scene import town
from tests.conftest import Client
from tests.integration.gate.town import GateTown

expect.set_options(timeout=PATIENT)
_SEEN = 1_500  # characters of each window


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that fails says what its windows showed: a time-out names what is missing, never why."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(Path(__file__).parent):
            item.obj = _telling(item, item.obj)


def _telling(item: pytest.Function, test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def told(**arguments: object) -> None:
        try:
            await test(**arguments)
        except Exception as error:
            browser = item.funcargs.get("chromium")
            if isinstance(browser, Browser):
                for page in (page for window in browser.contexts for page in window.pages):
                    with suppress(PlaywrightError):  # a page that is being closed shows nothing any more
                        shown = await page.locator("body").inner_text(timeout=5_000)
                        error.add_note(f"--- {page.url}\n{shown[:_SEEN]}")
            raise

    return told


@pytest.fixture(scope="package")
async def chromium() -> AsyncIterator[Browser]:
    """One real browser for all tests; without one they fail and say what to install."""
    path = browsers.ensure()
    async with async_playwright() as playwright:
        # Without a sandbox: tests may run as root, and they open our own pages only.
        opened = await playwright.chromium.launch(executable_path=str(path), args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest.fixture(scope="package")
def browser_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A bus of its own: other tests use the same services' names on the common one."""
    with NatsServer(tmp_path_factory.mktemp("browser-nats")) as server:
        yield server


@pytest.fixture(scope="package")
async def hq(
    chromium: Browser,
    databases: Databases,
    browser_nats: NatsServer,
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Headquarters]:
    """The reporting service and the issuer as processes, and four producers whose events come over the bus."""
    folder = tmp_path_factory.mktemp("hq")
    place = Headquarters.made(folder, browser_nats, secrets, chromium, face="reporting")
    try:
        await place.begin(databases)
        yield place
    finally:
        await place.stop()


@pytest.fixture(scope="package")
async def office(
    chromium: Browser,
    databases: Databases,
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Place]:
    """The community's desks: registry, observation, sanitation and the issuer as processes, and no town yet."""
    with NatsServer(tmp_path_factory.mktemp("office-nats")) as bus:
        place = Place.made(tmp_path_factory.mktemp("office"), bus, secrets, chromium, face="registry")
        try:
            await place.start(databases, "registry", "observation", "sanitation")
            yield place
        finally:
            await place.stop()


@pytest.fixture(scope="package")
async def observed(
    chromium: Browser,
    databases: Databases,
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Observed]:
    """Registry, observation and the issuer with a time of their own, and people under observation."""
    with NatsServer(tmp_path_factory.mktemp("observed-nats")) as bus:
        place = Place.made(tmp_path_factory.mktemp("observed"), bus, secrets, chromium, face="observation")
        try:
            yield await Observed.begun(place, databases)
        finally:
            await place.stop()


@pytest.fixture(scope="package")
async def homes(office: Place) -> Households:
    """A compound of residents with phones, in the office's town."""
    return await settled(office)


@pytest.fixture(scope="package")
async def board(hq: Headquarters) -> Headquarters:
    """The town as it stands at nine, told once for all tests."""
    await hq.say(*town())
    await hq.heard()
    return hq


@pytest.fixture
async def gate(
    client_for: Callable[[str], Awaitable[Client]], secrets: Secrets, chromium: Browser
) -> AsyncIterator[Checkpoint]:
    """A checkpoint with its town, where guards open their page."""
    keys = CardKeys.load(secrets.card_keys_file("registry"))
    here = GateTown(client=await client_for("gate"), card_keys=keys)
    await here.settle()
    async with opened(here, chromium) as made:
        yield made
