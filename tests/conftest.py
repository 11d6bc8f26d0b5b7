"""Real servers for every test that needs them: one PostgreSQL and one nats-server per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from shared.testing.databases import Databases


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A cluster without fsync: tests never lose power."""
    server = Postgres(tmp_path_factory.mktemp("pg"), fsync=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """JetStream with the same settings as in production: every write is synced."""
    server = NatsServer(Path(tmp_path_factory.mktemp("nats")))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def databases(postgres: Postgres) -> Databases:
    """Fresh migrated databases, on demand."""
    return Databases(postgres.superuser_url())
