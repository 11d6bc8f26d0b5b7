import os

import pytest

from tests.integration.production.image import Image


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image's tree, laid once."""
    assert os.geteuid() == 0, "only root can show folders in another place; run the tests as root"
    made = Image(root=tmp_path_factory.mktemp("image"))
    made.build()
    return made
