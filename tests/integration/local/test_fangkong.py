"""`./fangkong` as people run it, in a copy of the project with an environment lent by the one that runs the tests."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.integration.local.conftest import ROOT, Ordinary

DEEP = "d" * 70 + "/" + "e" * 79


def project_at(place: Path) -> Path:
    """A copy of what `./fangkong` needs, with an environment that counts as installed."""
    place.mkdir(parents=True)
    shutil.copy2(ROOT / "fangkong", place / "fangkong")
    for lock in ("requirements.lock", "requirements-test.lock"):
        (place / lock).write_text("# nothing\n")
    for package in ("deploy", "shared", "services"):
        (place / package).symlink_to(ROOT / package)
    return place


def lend_environment(place: Path, lock: Path) -> None:
    """An environment beside whose packages are those of this process."""
    venv.create(place, with_pip=False, symlinks=True)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    [site] = place.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(packages + "\n")
    (place / "bin" / "nats-server").symlink_to(Path(sys.executable).with_name("nats-server"))
    shutil.copyfile(lock, place / "complete-requirements.lock")


def fangkong(
    project: Path, *arguments: str, env: dict[str, str] | None = None, cwd: Path = Path("/")
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANGKONG_")}
    return subprocess.run(  # noqa: S603
        [str(project / "fangkong"), *arguments],
        cwd=cwd,
        env=clean | (env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    """Exit code 1 and one line in each language, nothing like a traceback."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return done.returncode == 1 and len(lines) == 2 and "Traceback" not in done.stderr


@pytest.mark.parametrize("folder", ["plain", "with two spaces", DEEP])
def test_it_runs_from_any_folder_and_any_current_folder(place: Path, folder: str) -> None:
    project = project_at(place / folder)
    lend_environment(project / ".fangkong" / "venv", project / "requirements.lock")
    done = fangkong(project, "clock", "show")
    assert done.returncode == 0, done.stderr
    assert "Asia/Shanghai" in done.stdout
    linked = place / "links to it"
    linked.mkdir()
    (linked / "fangkong").symlink_to(project / "fangkong")
    assert fangkong(linked, "clock", "show").returncode == 0


def test_a_relative_home_means_the_folder_where_the_person_stands(place: Path) -> None:
    project = project_at(place / "project")
    lend_environment(place / "here" / "mine" / "venv", project / "requirements.lock")
    done = fangkong(project, "clock", "set", "2020-02-24", "--home", "mine", cwd=place / "here")
    assert done.returncode == 0, done.stderr
    assert (place / "here" / "mine" / "clock.json").exists()


def test_a_foreign_module_path_does_not_reach_in(place: Path) -> None:
    project = project_at(place / "project")
    lend_environment(project / ".fangkong" / "venv", project / "requirements.lock")
    (place / "trap" / "typer").mkdir(parents=True)
    (place / "trap" / "typer" / "__init__.py").write_text("raise SystemExit('trapped')")
    done = fangkong(project, "clock", "show", env={"PYTHONPATH": str(place / "trap"), "PYTHONSAFEPATH": "1"})
    assert done.returncode == 0, done.stderr


def test_without_a_python_it_says_so(place: Path) -> None:
    project = project_at(place / "project")
    tools = place / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "readlink", "cmp"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")  # an older one
    (tools / "python3").chmod(0o755)
    done = fangkong(project, "up", env={"PATH": str(tools)})
    assert is_one_sentence(done), done
    assert "Python 3.11 or newer" in done.stderr


def test_a_home_that_cannot_be_written_is_named(place: Path) -> None:
    project = project_at(place / "project")
    done = fangkong(project, "up", env={"FANGKONG_HOME": "/proc/fangkong", "FANGKONG_PYTHON": sys.executable})
    assert is_one_sentence(done), done
    assert "/proc/fangkong" in done.stderr


def test_a_read_only_project_names_the_way_out(place: Path, ordinary: Ordinary) -> None:
    project = project_at(place / "project")
    project.chmod(0o555)
    done = subprocess.run(  # noqa: S603
        [str(project / "fangkong"), "up"],
        cwd="/",
        env={"PATH": os.environ["PATH"], "FANGKONG_PYTHON": ordinary.python},
        capture_output=True,
        text=True,
        check=False,
        **ordinary.account,
    )
    assert is_one_sentence(done), done
    assert "--home" in done.stderr


@pytest.mark.parametrize("command", ["test", "faults", "bench"])
def test_what_proves_something_gets_the_packages_of_tests_first(place: Path, command: str) -> None:
    project = project_at(place / "project")
    lend_environment(project / ".fangkong" / "venv", project / "requirements.lock")
    done = fangkong(project, command, "--help", env={"FANGKONG_PYTHON": sys.executable})
    assert done.returncode == 0, done.stderr
    assert (project / ".fangkong" / "venv" / "complete-requirements-test.lock").exists()
    assert fangkong(project, "clock", "show").returncode == 0


def test_without_an_index_it_says_so_and_names_the_log(place: Path) -> None:
    project = project_at(place / "project")
    (project / "requirements.lock").write_text(f"rich==15.0.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {
        "PATH": "/usr/bin:/bin",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
        "FANGKONG_PYTHON": sys.executable,
    }
    done = fangkong(project, "up", env=nowhere)
    assert done.returncode == 1
    assert "package index cannot be reached" in done.stderr
    assert "install.log" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / ".fangkong" / "venv" / "complete-requirements.lock").exists()


def test_an_environment_made_by_somebody_else_is_never_deleted(place: Path) -> None:
    project = project_at(place / "project")
    foreign = place / "foreign"
    foreign.mkdir()
    (foreign / "precious").write_text("x")
    done = fangkong(project, "up", env={"FANGKONG_VENV": str(foreign), "FANGKONG_PYTHON": sys.executable})
    assert done.returncode == 1
    assert "not overwritten" in done.stderr
    assert (foreign / "precious").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "--port-base", "70000"), "--port-base"),
        (("status",), "not running"),
        (("token", "guard"), "not running"),
        (("clock", "set", "yesterday"), "yesterday"),
        (("logs", "nothing"), "no logs yet"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(place: Path, arguments: tuple[str, ...], said: str) -> None:
    project = project_at(place / "project")
    lend_environment(project / ".fangkong" / "venv", project / "requirements.lock")
    done = fangkong(project, *arguments)
    assert is_one_sentence(done), done
    assert said in done.stderr


def test_reset_deletes_data_and_keeps_the_environment(place: Path) -> None:
    project = project_at(place / "project")
    home = project / ".fangkong"
    lend_environment(home / "venv", project / "requirements.lock")
    assert fangkong(project, "clock", "set", "2020-02-24").returncode == 0
    assert fangkong(project, "reset", "--yes").returncode == 0
    assert [entry.name for entry in home.iterdir()] == ["venv"]


@pytest.mark.release
@pytest.mark.timeout(600)
def test_a_fresh_clone_installs_from_its_lock_file(place: Path) -> None:
    project = project_at(place / "fresh clone")
    shutil.copy2(ROOT / "requirements.lock", project / "requirements.lock")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANGKONG_")}
    done = subprocess.run(  # noqa: S603
        [str(project / "fangkong"), "clock", "show"], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    again = fangkong(project, "clock", "show")
    assert again.returncode == 0
    assert "Installing" in done.stderr
    assert "Installing" not in again.stderr
