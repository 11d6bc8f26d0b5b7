"""The architecture page is drawn from the code, and stays as it is drawn."""

from dataclasses import replace

import pytest

from deploy import architecture_page, documents
from shared.events.catalogue import PUBLISHERS
from shared.runtime import Service


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    return {name: documents.put_together(name)[0] for name in PUBLISHERS}


def test_the_committed_page_is_current(services: dict[str, Service]) -> None:
    assert architecture_page.FILE.read_text(encoding="utf-8") == architecture_page.text(services), (
        "run `python -m deploy.documents`"
    )


def test_a_reader_that_stopped_reading_is_missed_in_the_returnees_way(services: dict[str, Service]) -> None:
    deaf = services | {"observation": replace(services["observation"], consumers=())}
    with pytest.raises(LookupError, match="observation does not read ReturneeRegistered"):
        architecture_page.text(deaf)
