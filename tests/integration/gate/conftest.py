"""The gate with a town around it."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from deploy.local.secrets import Secrets
from shared.kernel.cards import CardKeys
from tests.conftest import Client
from tests.integration.gate.town import GateTown


@pytest.fixture
async def town(client_for: Callable[[str], Awaitable[Client]], secrets: Secrets) -> GateTown:
    """Policy, keys, two compounds; one device at the first one's checkpoint."""
    keys = CardKeys.load(secrets.card_keys_file("registry"))
    made = GateTown(client=await client_for("gate"), card_keys=keys)
    await made.settle()
    made.device = await made.enrol()
    return made


@pytest.fixture
def owner(town: GateTown) -> Callable[[str], Awaitable[None]]:
    """Run a statement as the database's owner, who alone may change tables."""

    async def run(statement: str) -> None:
        url = town.client.context.settings.database_url.replace("gate_app:", "gate_owner:")
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    return run
