import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deploy.local.nats import NatsServer
from shared.testing.databases import Databases
from tests.integration.bus.support import Bench, make_bench


def close_lost_connections(port: int) -> None:
    """Close what the NATS client forgot: the transport of a handshake that a stopping server cut short."""
    loop: Any = asyncio.get_running_loop()
    for transport in list(loop._transports.values()):
        if (transport.get_extra_info("peername") or (None, None))[1] == port:
            transport.abort()


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
    close_lost_connections(nats.port)
    await asyncio.sleep(0)
