"""The start page offers what the access tables open, and nothing else."""

import importlib
import re

import pytest

from deploy.translations import folders
from shared.http.access import AccessTable
from shared.pages.doors import DOORS, SERVICE_NAMES, Door


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.service}{door.path}")
def test_a_door_opens_to_whom_the_service_lets_in(door: Door) -> None:
    table: AccessTable = importlib.import_module(f"services.{door.service}.access").ACCESS
    assert door.roles == table[f"GET {door.path}"]
    assert door.service in SERVICE_NAMES


_LINKED = re.compile(r'behind\("(\w+)", "([^"]+)", "(/\w+/)" ~ \w+\.(\w+)\)')


def test_a_link_behind_a_door_is_offered_to_whom_its_page_opens() -> None:
    paths = [path for folder in folders() for path in (folder / "templates").glob("*.html")]
    templates = "".join(path.read_text(encoding="utf-8") for path in paths)
    links = _LINKED.findall(templates)
    assert len(links) == templates.count("behind(") > 0
    for service, at, begins, name in links:
        table: AccessTable = importlib.import_module(f"services.{service}.access").ACCESS
        [door] = [door for door in DOORS if (door.service, door.path) == (service, at)]
        assert door.roles == table[f"GET {begins}{{{name}}}"], begins
