from collections.abc import AsyncIterator

import pytest

from deploy.local.nats import NatsServer
from shared.testing.databases import Databases
from tests.integration.bus.support import Bench, make_bench


@pytest.fixture
async def bench(databases: Databases, nats: NatsServer) -> AsyncIterator[Bench]:
    """A producer and a consumer with fresh databases and fresh streams."""
    made = await make_bench(databases, nats)
    await made.delete_stream()
    await made.streams()
    yield made
    await made.producer.close()
    await made.consumer.close()
    await databases.drop(made.producer_urls.database, made.consumer_urls.database)
