"""Real servers for every test that needs them: one PostgreSQL and one nats-server per test process."""

import gc
import importlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import httpx
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from deploy.local.backups import archiving
from deploy.local.children import server_account
from deploy.local.issuer import Account, Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres, reachable_home
from deploy.local.secrets import Secrets
from services.registry.handlers import risk
from shared.audit.reasons import Reasons
from shared.context import Context, open_context
from shared.db.pool import Database
from shared.kernel.clock import SteppedClock, SystemClock, write_control
from shared.runtime import Service, assemble
from shared.testing.databases import Databases, Urls

NINE_ON_THE_24TH = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
"""2020-02-24 09:00 in Shanghai, where tests start."""
ISSUER_URL = "http://issuer.test"
ROOT = Path(__file__).parent

# A busy machine is no fault of the rule under test: no example and no generator is judged by the time it takes.
settings.register_profile("fangkong", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fangkong")


def interrupted(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-c, as Python's own handler answers it."""
    raise KeyboardInterrupt


# Whatever starts this run in the background makes it, and all that it starts, deaf to ctrl-c: some tests send it. A
# handler of our own, because asyncio puts one in place of Python's for every fixture and test, and Python writes down
# what that handler holds, a whole town, when it is taken away again: a sixth of the time of all tests.
signal.signal(signal.SIGINT, interrupted)


# Modules and thousands of collected tests are never garbage: looking through them again and again was a third of the
# time of collecting and a tenth of that of testing.
gc.disable()


FIRST = ("acceptance", "browser", "live", "faults")
"""Folders of long tests in the order in which they begin, so that nobody waits for one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {ROOT / folder: nth for nth, folder in enumerate(FIRST)}
    items.sort(key=lambda item: next((order[one] for one in item.path.parents if one in order), len(order)))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Whole files to each process; acceptance and browser tests as one each: they share what runs, and its time."""

    def _split_scope(self, nodeid: str) -> str:
        shared = [
            folder for folder in ("tests/acceptance", "tests/browser") if nodeid.startswith(f"{folder}/")
        ]
        return shared[0] if shared else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A cluster without fsync: tests never lose power. It archives its log once a test takes a backup."""
    home = reachable_home(tmp_path_factory.mktemp("pg"), server_account())
    # Each test opens connections with passwords that are no secrets: hashed 4,096 times each, a third of the effort.
    settings = {**archiving(home), "scram_iterations": "1"}
    server = Postgres(home, fsync=False, settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """JetStream with the same settings as in production: every write is synced."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def databases(postgres: Postgres) -> Databases:
    """Fresh migrated databases, on demand."""
    return Databases(postgres.superuser_url(), prepare={"registry": load_public_figures})


async def load_public_figures(url: str) -> None:
    """22,604 case counts and all divisions: a start of the registry finds them there, as after its first one."""
    database = await Database.open(url, service="registry", clock=SystemClock(), size=1)
    await risk.load_figures(database)
    await database.close()


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """Keys of all services, as the local stack makes them."""
    made = Secrets(folder=tmp_path_factory.mktemp("secrets"))
    made.make()
    return made


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The development issuer."""
    folder = tmp_path_factory.mktemp("issuer")
    made = Issuer(folder, folder / "key.json", ISSUER_URL)
    made.make()
    return made


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    """Business time, standing at 2020-02-24 09:00 Shanghai; `write_control` moves it."""
    file = tmp_path / "clock.json"
    write_control(file, NINE_ON_THE_24TH, 0.0)
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A service over HTTP (in this process) with its context, as any role."""

    context: Context
    service: Service
    http: httpx.AsyncClient
    issuer: Issuer
    clock_file: Path

    def as_role(self, role: str, scope: str = "town", worker_ref: str | None = None) -> dict[str, str]:
        """Headers of somebody with one role, for instance `as_role("grid_worker", "grid:lj-001-w01")`."""
        account = Account(subject=f"test-{role}", name=role, role=role, scope=scope, worker_ref=worker_ref)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    async def reads(self, action: str) -> list[tuple[str, str | None, str | None]]:
        """What the log of reads says of an action: it, where, and the reason as an auditor reads it."""
        said = await Reasons.of(self.context.vault)
        rows = await self.context.database.pool.fetch(
            "select action, scope, reason from audit_read where action like $1 order by 1, 2, id", action
        )
        return [(row["action"], row["scope"], said.open(row["reason"])) for row in rows]

    def move_to(self, instant: datetime) -> None:
        """Step business time for everybody who reads this clock."""
        write_control(self.clock_file, instant, 0.0)


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[Callable[[str], Awaitable[Urls]]]:
    """`await database_url("gate")`: fresh databases of a service, given back afterwards."""
    made: list[tuple[str, Urls]] = []

    async def make(service: str) -> Urls:
        made.append((service, await databases.fresh(service)))
        return made[-1][1]

    yield make
    for service, urls in made:
        await databases.give_back(service, urls)


@pytest.fixture
async def context_for(
    database_url: Callable[[str], Awaitable[Urls]],
    secrets: Secrets,
    issuer: Issuer,
    nats: NatsServer,
    clock_file: Path,
) -> AsyncIterator[Callable[[str], Awaitable[Context]]]:
    """`await context_for("gate")`: what a service works with, on fresh databases, with a stepped clock."""
    opened: list[Context] = []

    async def make(service: str) -> Context:
        urls = await database_url(service)
        settings_class = importlib.import_module(f"services.{service}.settings").Settings
        settings = settings_class(
            mode="test",
            database_url=urls.database,
            keystore_url=urls.keystore,
            nats_url=nats.url,
            master_key_file=secrets.master_key_file(service),
            card_keys_file=secrets.card_keys_file(service),
            issuer=ISSUER_URL,
            jwks_file=issuer.folder / "jwks.json",
            clock_file=clock_file,
            caller_rate_scale=50,  # a test asks faster than people do
        )
        opened.append(await open_context(service, settings, SteppedClock(clock_file)))
        return opened[-1]

    yield make
    for context in opened:
        await context.close()


@pytest.fixture
async def client_for(
    context_for: Callable[[str], Awaitable[Context]], issuer: Issuer, clock_file: Path
) -> AsyncIterator[Callable[[str], Awaitable[Client]]]:
    """`await client_for("gate")`: the service's HTTP surface around a fresh context, prepared as at its start."""
    clients: list[httpx.AsyncClient] = []

    async def make(service: str) -> Client:
        context = await context_for(service)
        built: Service = importlib.import_module(f"services.{service}.app").build(context)
        context.database.rejections = built.rejections
        for prepare in built.prepare:
            await prepare()
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=assemble(built, context)), base_url=f"http://{service}.test"
        )
        clients.append(http)
        return Client(context=context, service=built, http=http, issuer=issuer, clock_file=clock_file)

    yield make
    for client in clients:
        await client.aclose()
