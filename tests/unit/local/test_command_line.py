"""What every command pays for before it does anything, and what it answers to what is no use."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_a_command_that_needs_no_service_reads_none() -> None:
    asked = (
        "import sys, deploy.cli.__main__\n"
        "print(sorted({'fastapi', 'nats', 'services'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def told(*asked: str) -> tuple[int, str]:
    """What a command answers, and how it ends."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "deploy.cli", *asked], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (("logs", "--lines", "-5"), "--lines"),
        (("logs", "gate"), "./fangkong up"),
        (("status",), "./fangkong up"),
        (("clock", "set", "2020-02-30"), "2020-02-24T08:00"),
        (("clock", "set", "0001-01-01"), "1970"),
        (("clock", "set", "9999-12-31T23:00:00-10:00"), "2200"),
        (("clock", "speed", "1e308"), "86400"),
        (("clock", "set", "2020-02-29", "--rate", "nan"), "86400"),
        (("restore", "gates"), "registry, gate"),
        (("rotate-keys", "--service", "gates"), "registry, gate"),
        (("beyond", "settle", "gates", "--reason", "x"), "registry, gate"),
        (("beyond", "settle", "gate", "--reason", "  "), "--reason"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_word_is_answered_by_what_would_be_right(
    tmp_path: Path, asked: tuple[str, ...], named: str
) -> None:
    code, said = told(*asked, "--home", str(tmp_path / "home"))
    assert code in {1, 2}
    assert named in said
    assert "Traceback" not in said


def test_a_home_that_is_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = told("status", "--home", str(tmp_path / "file"))
    assert (code, "Traceback" in said) == (1, False)


@pytest.mark.parametrize("wrong", [("--scale", "0"), ("--out", "/dev/null/town")])
def test_a_town_that_cannot_be_written_names_the_option(tmp_path: Path, wrong: tuple[str, str]) -> None:
    code, said = told("town", "--out", str(tmp_path / "town"), *wrong)
    assert code == 2
    assert wrong[0] in said
    assert "Traceback" not in said
