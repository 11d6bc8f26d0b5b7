from collections.abc import AsyncIterator

import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.prometheus import PrometheusServer
from deploy.local.secrets import Secrets
from deploy.watch import rules
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from tests.acceptance.gatehouse import Gatehouse
from tests.acceptance.stack import SERVICES, Stack
from tests.acceptance.watched import Watch
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.watch.scene import QUICK, Scene


@pytest.fixture(scope="module")
async def scene(
    postgres: Postgres,
    databases: Databases,
    secrets: Secrets,
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    """The five services on a bus of their own, which may be killed, scraped by a Prometheus with our rules, hurried."""
    folder = tmp_path_factory.mktemp("watched")
    clock_file = folder / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    with NatsServer(folder / "nats") as bus:
        stack = Stack(folder=folder, nats=bus, secrets=secrets, issuer=issuer, clock_file=clock_file)
        try:
            await stack.start(databases)
            targets = {service: f"127.0.0.1:{stack.ports[service]}" for service in SERVICES}
            configuration = rules.configuration(targets, QUICK, alertmanager=None)
            with PrometheusServer(
                folder / "prometheus", configuration, dict(rules.files(QUICK))
            ) as prometheus:
                made = Scene(
                    stack=stack,
                    superuser_url=postgres.superuser_url(),
                    house=Gatehouse(stack=stack),
                    watch=Watch(stack=stack),
                    prometheus=prometheus,
                    folder=folder,
                )
                await made.begin()
                try:
                    yield made
                finally:
                    await made.end()
        finally:
            await stack.stop()
