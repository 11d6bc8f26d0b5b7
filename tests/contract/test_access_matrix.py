"""The access matrix that people read is the one that is enforced."""

import importlib

import pytest

from deploy import access_matrix
from shared.events.catalogue import PUBLISHERS
from shared.http.access import Role

pytestmark = pytest.mark.requirement("F17")


def test_the_committed_matrix_is_current() -> None:
    assert access_matrix.FILE.read_text(encoding="utf-8") == access_matrix.text(), (
        "run `python -m deploy.documents`"
    )


@pytest.mark.parametrize("service", PUBLISHERS)
def test_what_no_place_narrows_is_a_cell_that_somebody_signs_in_for(service: str) -> None:
    module = importlib.import_module(f"services.{service}.access")
    for cell in module.EVERYWHERE:
        assert Role.PUBLIC not in module.ACCESS[cell], cell
