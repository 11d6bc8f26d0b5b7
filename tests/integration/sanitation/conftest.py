"""Sanitation with two compounds and a policy, as the registry's events leave them."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from services.sanitation.imports.job import SiteImports
from tests.integration.sanitation.world import Service, policy


@pytest.fixture
async def bare(client_for: Callable[[str], Awaitable[Any]]) -> Service:
    """The service as it starts: nothing heard yet."""
    return Service(client=await client_for("sanitation"), imports=SiteImports())


@pytest.fixture
async def sanitation(bare: Service) -> Service:
    """The service with `lj-001`, `lj-002` and a policy from 1 February on."""
    await bare.hear_compounds("lj-001", "lj-002")
    await bare.hear_policy(1, date(2020, 2, 1), policy())
    return bare
