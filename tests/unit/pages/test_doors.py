"""The start page offers what the access tables open, and nothing else."""

import importlib

import pytest

from shared.http.access import AccessTable
from shared.pages.doors import DOORS, SERVICE_NAMES, Door


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.service}{door.path}")
def test_a_door_opens_to_whom_the_service_lets_in(door: Door) -> None:
    table: AccessTable = importlib.import_module(f"services.{door.service}.access").ACCESS
    assert door.roles == table[f"GET {door.path}"]
    assert door.service in SERVICE_NAMES
