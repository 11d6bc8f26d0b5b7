from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from tests.acceptance.stack import Stack
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
