"""The sample service, and a client without a network."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.integration.http.sample import Health, Sample, sample_app


@pytest.fixture
def sample() -> Sample:
    health = Health()
    return Sample(app=sample_app(health), health=health)


@pytest.fixture
async def client(sample: Sample) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sample.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as opened:
        yield opened
