"""Reporting as it starts, and with a town."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.world import (
    compounds,
    policy_revised,
)


@pytest.fixture
async def bare(client_for: Callable[[str], Awaitable[Any]]) -> Reporting:
    """The service as it starts."""
    return Reporting(await client_for("reporting"))


@pytest.fixture
async def reporting(bare: Reporting) -> Reporting:
    """With policy and compounds."""
    await bare.hear(policy_revised(), *compounds())
    return bare
