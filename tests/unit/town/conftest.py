"""One small town for all tests of this folder."""

from pathlib import Path

import pytest

from deploy.town import Manifest, generate

SCALE = 0.02


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a generated town with about 1,000 dwellings."""
    folder = tmp_path_factory.mktemp("town")
    generate(folder, scale=SCALE)
    return folder


@pytest.fixture(scope="session")
def manifest(town: Path) -> Manifest:
    return Manifest.load(town)
