from collections.abc import AsyncIterator, Iterator
from datetime import date

import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from shared.kernel.clock import write_control
from shared.kernel.days import local_day
from shared.testing.databases import Databases
from tests.acceptance.gatehouse import Gatehouse
from tests.acceptance.stack import Stack
from tests.acceptance.town import load, publish_risk_areas
from tests.acceptance.watched import SERVICES, Watch, instant
from tests.conftest import NINE_ON_THE_24TH


@pytest.fixture(scope="package")
def own_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A bus of its own: tests of the runtime use the same services' names on the common one."""
    server = NatsServer(tmp_path_factory.mktemp("stack-nats"))
    with server:
        yield server


@pytest.fixture(scope="package")
async def stack(
    databases: Databases,
    own_nats: NatsServer,
    secrets: Secrets,
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Stack]:
    """The five services, running; business time stands at 2020-02-24 09:00 in Shanghai."""
    folder = tmp_path_factory.mktemp("stack")
    clock_file = folder / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    running = Stack(folder=folder, nats=own_nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
    try:
        await running.start(databases)
        yield running
    finally:
        await running.stop()


@pytest.fixture(scope="package")
async def town(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The five services with the town's register loaded, once for all tests, and the risk list of the 24th."""
    await load(stack, tmp_path_factory.mktemp("town"))
    await publish_risk_areas(stack, local_day(NINE_ON_THE_24TH))
    return stack


@pytest.fixture(scope="package")
async def house(stack: Stack) -> Gatehouse:
    """Two compounds with a gate each, entered once for all tests."""
    made = Gatehouse(stack=stack)
    await made.begin()
    return made


@pytest.fixture(scope="module")
async def watch(
    databases: Databases, secrets: Secrets, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watch]:
    """Registry, gate, observation and reporting, running; business time stands at 24 February, 16:00."""
    folder = tmp_path_factory.mktemp("watch")
    clock_file = folder / "clock.json"
    write_control(clock_file, instant(date(2020, 2, 24), "16:00"), 0.0)
    with NatsServer(folder) as nats:
        stack = Stack(folder=folder, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
        try:
            for service in SERVICES:
                await stack.prepare(service, databases)
            await stack.start_only(*SERVICES)
            watch = Watch(stack)
            await watch.begin()
            yield watch
        finally:
            await stack.stop()
