import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local.children import born

ROOT = Path(__file__).resolve().parents[3]
ORDINARY = 65534


def gone(pid: int, *, within: float) -> bool:
    """Whether a process ends in time."""
    deadline = time.monotonic() + within
    while born(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return born(pid) == 0


@contextmanager
def a_place() -> Iterator[Path]:
    """A folder that every account may enter: pytest's own are closed to the account of the database."""
    folder = Path(tempfile.mkdtemp(prefix="fangkong-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place() -> Iterator[Path]:
    with a_place() as folder:
        yield folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinary:
    """How a user who is not root runs Python with our packages: `Popen([python, …], env=env, **account)`."""

    python: str
    env: dict[str, str]
    account: dict[str, Any]


@pytest.fixture
def ordinary() -> Ordinary:
    """Ourselves, or `nobody` when we are root.

    Then with an interpreter of the same version that `nobody` may run: ours may lie below /root.
    """
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), packages]), "PYTHONDONTWRITEBYTECODE": "1"}
    if os.geteuid() != 0:
        return Ordinary(python=sys.executable, env=env, account={})
    account: dict[str, Any] = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            subprocess.run(  # noqa: S603
                [candidate, "-c", "import json"], check=True, cwd="/", capture_output=True, **account
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return Ordinary(python=candidate, env=env, account=account)
    raise AssertionError(
        f"no Python {version} that an ordinary user may run: install it, or run the tests as a user"
    )
