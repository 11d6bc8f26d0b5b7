"""The plugin of `./fangkong test`, tried on small suites in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import checks
from deploy.cli.checks import Check

ROOT = Path(__file__).resolve().parents[3]
HEAD = "import pytest\n"
PASSES = "def test_fine(): pass\n"


def run(folder: Path, text: str, *options: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = release\n")
    (folder / "test_it.py").write_text(HEAD + PASSES + text)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-p", "deploy.cli.no_skips", *options, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@pytest.mark.skip\ndef test_s(): pass\n", "1 skipped"),
        ("def test_s(): pytest.skip('later')\n", "1 skipped"),
        ("@pytest.mark.xfail\ndef test_x(): assert False\n", "1 expected to fail"),
        ("@pytest.mark.xfail\ndef test_x(): assert True\n", "1 expected to fail"),
        ("pytest.skip('all', allow_module_level=True)\n", "1 skipped"),
    ],
)
@pytest.mark.parametrize("parallel", [(), ("-p", "xdist", "-n", "1")])
def test_what_did_not_run_is_a_failure(
    tmp_path: Path, text: str, said: str, parallel: tuple[str, ...]
) -> None:
    code, output = run(tmp_path, text, *parallel)
    assert code != 0
    assert said in output
    assert "Not everything ran" in output


@pytest.mark.parametrize("parallel", [(), ("-p", "xdist", "-n", "1")])
def test_deselected_tests_are_a_failure(tmp_path: Path, parallel: tuple[str, ...]) -> None:
    code, output = run(tmp_path, "def test_other(): pass\n", "-k", "fine", *parallel)
    assert code == 1
    assert "1 deselected" in output


def test_a_run_in_which_everything_passed_passes(tmp_path: Path) -> None:
    code, output = run(tmp_path, "")
    assert code == 0
    assert "Not everything ran" not in output


def test_large_counts_wait_for_release(tmp_path: Path) -> None:
    large = "@pytest.mark.release\ndef test_large(): assert False\n"
    assert run(tmp_path, large)[0] == 0
    code, output = run(tmp_path, large, "--release")
    assert code == 1
    assert "test_large" in output


def test_a_failure_stays_a_failure(tmp_path: Path) -> None:
    assert run(tmp_path, "def test_bad(): assert False\n")[0] == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("def test_bad(): assert False\n", ["test_it.py::test_bad"]),
        ("@pytest.fixture\ndef f(): assert False\ndef test_bad(f): pass\n", ["test_it.py::test_bad"]),
        ("", []),
        ("def test_bad(): assert False\n@pytest.mark.skip\ndef test_s(): pass\n", []),
        ("raise ValueError\n", []),
    ],
)
@pytest.mark.parametrize("parallel", [(), ("-p", "xdist", "-n", "1")])
def test_what_failed_is_named_where_all_else_was_run(
    tmp_path: Path, text: str, named: list[str], parallel: tuple[str, ...]
) -> None:
    told = tmp_path / "failed"
    run(tmp_path, text, "--failed-to", str(told), *parallel)
    assert told.read_text().splitlines() == [f"{tmp_path / name}" for name in named]


def suite(folder: Path, text: str) -> Check:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(f"from pathlib import Path\n{PASSES}{text}")
    told = folder / "failed"
    plugin = (sys.executable, "-m", "pytest", "-p", "deploy.cli.no_skips")
    return Check(name="tests", argv=(*plugin, "--failed-to", str(told), str(folder)), failed_to=told)


def test_a_test_that_wobbles_is_run_again_and_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    once = f"def test_w():\n    p = Path({str(tmp_path / 'seen')!r})\n    p.exists() or p.touch() or 1 / 0\n"
    assert checks.run([suite(tmp_path, once)]) == 0
    assert "wobbles" in capfd.readouterr().out


@pytest.mark.parametrize("text", ["def test_b(): 1 / 0\n", "1 / 0\n"])
def test_what_fails_again_fails(tmp_path: Path, text: str) -> None:
    assert checks.run([suite(tmp_path, text)]) == 1


def test_many_failures_are_no_wobble(tmp_path: Path) -> None:
    seen = "\n".join(
        f"def test_{n}():\n    p = Path({str(tmp_path / str(n))!r})\n    p.exists() or p.touch() or 1 / 0\n"
        for n in range(4)
    )
    assert checks.run([suite(tmp_path, seen)]) == 1
