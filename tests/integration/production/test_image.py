"""The image without an engine: nothing in it can be written, and its packages install by hash.

What runs in it is `test_production_mode`'s. No container engine is asked; `deploy/docs/operators-guide.md` says so.
"""

import shlex
import subprocess
import venv
from pathlib import Path

import pytest

from deploy.local.names import SERVICES
from deploy.local.state import PROJECT
from deploy.production import workloads
from deploy.production.workloads import UID
from tests.integration.production.image import Image


def run(image: Image, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        image.argv([workloads.PYTHON, "-c", code]),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/bin"},
    )


def test_nothing_can_be_written_but_the_memory_disk(image: Image) -> None:
    code = "import os; print(os.getuid(), os.getcwd()); open('/tmp/x', 'w').write('y')"
    done = run(image, code)
    assert (done.returncode, done.stdout) == (0, f"{UID} /app\n"), done.stderr
    for path in ("/app/x", "/opt/fangkong/x", "/etc/x", "/x"):
        refused = run(image, f"open({path!r}, 'w')")
        assert "Read-only file system" in refused.stderr or "Permission denied" in refused.stderr, path


@pytest.mark.release
@pytest.mark.timeout(900)
def test_the_lock_installs_by_hash_and_every_process_of_the_image_imports(tmp_path: Path) -> None:
    place = tmp_path / "fangkong"
    venv.create(place, with_pip=True, symlinks=True)
    python = str(place / "bin" / "python")
    for line in (PROJECT / "Dockerfile").read_text().replace("\\\n", " ").splitlines():
        if line.startswith("RUN python -m venv"):
            for step in line.split("&&")[1:]:
                command = step.replace("/opt/fangkong/bin/python", shlex.quote(python))
                subprocess.run(shlex.split(command), check=True, cwd=PROJECT)  # noqa: S603
    modules = [
        *(f"services.{service}.app" for service in SERVICES),
        "deploy.production.migrate",
        "deploy.production.health",
    ]
    code = ";".join(f"import {module}" for module in modules)
    subprocess.run([python, "-c", code], check=True, cwd=PROJECT, env={"PYTHONPATH": str(PROJECT)})  # noqa: S603
    assert not (place / "bin" / "pip").exists()
