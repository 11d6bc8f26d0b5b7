"""A running registry on fresh databases."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.town.build import generate
from tests.conftest import Client
from tests.integration.registry.desk import Desk, furnish
from tests.integration.registry.office import Office


@pytest.fixture
async def desk(client_for: Callable[[str], Awaitable[Client]]) -> Desk:
    """Two compounds with a few dwellings, policy and figures as seeded, no risk list, nobody in the book."""
    return await furnish(await client_for("registry"))


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small town's office, as dirty as real ones."""
    folder = tmp_path_factory.mktemp("town")
    generate(folder, seed=20200224, scale=0.02)
    return folder


@pytest.fixture
async def office(client_for: Callable[[str], Awaitable[Client]], town: Path) -> Office:
    """An office with those files in front of an empty registry."""
    return Office(client=await client_for("registry"), town=town)
