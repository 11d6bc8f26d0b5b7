"""The whole stack through its command line, with the five real services."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.cli.stack import DOWN_SECONDS
from deploy.local.children import born
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from tests.integration.local.ailments import AILMENTS, fall_ill
from tests.integration.local.conftest import ROOT, gone

pytestmark = pytest.mark.timeout(300)


def command(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "deploy.cli", *arguments, "--home", str(home.path)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FANGKONG_")}


def fangkong(home: Home, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(  # noqa: S603
        command(home, *arguments), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def get(url: str, token: str = "", ca: Path | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    tls = ssl.create_default_context(cafile=ca) if ca else None
    with urllib.request.urlopen(request, timeout=10, context=tls) as answer:  # noqa: S310
        return answer.status, json.load(answer)


@pytest.fixture
def home(place: Path) -> Iterator[Home]:
    home = Home(place / "home of the stack")
    yield home
    if home.running() is not None:
        fangkong(home, "down")


@contextmanager
def in_the_foreground(home: Home, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603
        command(home, "up", *arguments), cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while home.status().get("phase") != "ready" or home.running() is None:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def children(home: Home) -> list[int]:
    status = home.status()
    return [status["pid"], *(child["pid"] for child in status["children"].values())]


def figures(reporting: str, token: str) -> Any:
    """The board's figures when all that was told has arrived and they stay as they are.

    Without the gaps of duty and when they were told: nobody is on duty here, so every minute that passes is one.
    """

    def timeless(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                name: timeless(value)
                for name, value in part.items()
                if name != "as_of" and not name.startswith("duty_")
            }
        return [timeless(one) for one in part] if isinstance(part, list) else part

    before, same = None, 0
    while same < 4:
        code, board = get(f"{reporting}/v1/board", token)
        assert code == 200
        now = timeless(board)
        before, same = now, same + 1 if now == before else 0
        time.sleep(0.5)
    return before


def test_up_finds_what_runs_starts_again_with_its_data_and_walks_one_returnee_to_the_gate(home: Home) -> None:
    first = fangkong(home, "up", "-d", "--no-town")
    assert "ready after" in first
    status = home.status()
    for service in SERVICES:
        assert status["urls"][service] in first
        assert get(f"{status['urls'][service]}/readyz")[0] == 200
    fangkong(home, "status")
    assert "not loaded yet" in fangkong(home, "walk", code=1)
    assert "./fangkong up" in fangkong(home, "score", code=1)

    loaded = fangkong(home, "up", "--scale", "0.01")
    assert "running already" in loaded
    assert status["urls"]["gate"] in loaded
    assert "Town loaded" in loaded
    assert "precision 100.00%, recall 100.00%" in loaded
    assert "fangkong walk" in loaded
    scored = fangkong(home, "score")
    for fault in ("document_checksum", "date_impossible", "duplicate_exact", "compound_unknown"):
        assert fault in scored
    assert "Town loaded" not in fangkong(home, "up")

    token = fangkong(home, "token", "hq_officer").strip()
    board = figures(status["urls"]["reporting"], token)
    assert len(board["compounds"]) > 0

    assert "is running" in fangkong(home, "reset", "--yes", code=1)
    fangkong(home, "down")
    third = fangkong(home, "up", "-d")
    assert "Town loaded" not in third
    assert home.status()["ports"] == status["ports"]
    assert figures(status["urls"]["reporting"], token) == board
    assert fangkong(home, "dead-letters", "list").count("No dead letters") == 1

    walk_and_set_time_back(home)
    keys_are_exchanged_and_the_log_of_reads_is_whole(home)
    nothing_secret_is_shown(home)


def drawn(value: Any) -> Iterator[str]:
    """Every password and key in a file of secrets."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from drawn(inner)
    elif isinstance(value, str) and len(value) >= 20:
        yield value


def nothing_secret_is_shown(home: Home) -> None:
    """No password, key or seed of the running stack is in any process's arguments or in any log."""
    secrets = {
        secret for file in home.secrets.glob("*.json") for secret in drawn(json.loads(file.read_text()))
    }
    secrets |= {file.read_text().strip() for file in (home.nats / "users").glob("*.nk")}
    secrets.add((Path(home.status()["postgres_home"]) / "superuser.pw").read_text().strip())
    assert len(secrets) > 30
    shown = [file.read_bytes() for file in home.logs.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            shown.append((process / "cmdline").read_bytes())
    assert [secret for secret in secrets for text in shown if secret.encode() in text] == []


def walk_and_set_time_back(home: Home) -> None:
    """One returnee after the other to the gate; whether it ends or is interrupted, time is as it was."""
    first = fangkong(home, "walk", "--city", "420100")
    assert "centralized_observation" in first
    assert "2020-03-10" in first
    assert "28/28" in first
    assert "pass_not_yet" in first
    assert "completed" in first
    assert first.index("refuse") < first.index("放行 admit")
    assert not home.clock.exists()

    fangkong(home, "clock", "set", "2021-05-01", "--rate", "0")
    with subprocess.Popen(command(home, "walk"), cwd=ROOT, env=environment()) as interrupted:  # noqa: S603
        deadline = time.monotonic() + 60
        while "2021" in fangkong(home, "clock", "show"):
            assert time.monotonic() < deadline
        interrupted.send_signal(
            signal.SIGSTOP
        )  # or it might have walked to its end while the other one starts
        assert "Another window" in fangkong(home, "walk", code=1)
        interrupted.send_signal(signal.SIGINT)
        interrupted.send_signal(signal.SIGCONT)
        assert interrupted.wait(60) == 130
    assert "2021-05-01 00:00:00" in fangkong(home, "clock", "show")

    registry = home.status()["urls"]["registry"]
    token = fangkong(home, "token", "hq_officer").strip()
    assert get(f"{registry}/v1/risk-areas/current", token)[1]["revision"] == 1
    assert fangkong(home, "dead-letters", "list").count("No dead letters") == 1


def keys_are_exchanged_and_the_log_of_reads_is_whole(home: Home) -> None:
    """What an operator types now and then, while everything runs: nobody's sign-in, card or read suffers."""
    secrets = Secrets(folder=home.secrets)
    before = secrets.master_key_file("registry").read_bytes()
    assert "data keys wrapped anew" in fangkong(home, "rotate-keys", "--service", "registry")
    assert secrets.master_key_file("registry").read_bytes() != before
    assert "no service nobody" in fangkong(home, "rotate-keys", "--service", "nobody", code=1)
    assert "erased again" in fangkong(home, "reapply-erasures")

    assert "Every chain is whole" in fangkong(home, "audit")
    noted = json.loads((home.path / "audit-heads.json").read_text())
    assert noted["registry"]["pos"] > 0
    cut = home.path / "other-heads.json"
    cut.write_text(json.dumps({"registry": {"pos": noted["registry"]["pos"] + 1, "hash": "00" * 32}}))
    assert "the end was cut off" in fangkong(home, "audit", "--heads", str(cut), code=1)


def in_the_lan(home: Home) -> None:
    """It speaks HTTPS with its own authority."""
    status = home.status()
    assert all(url.startswith("https://") for url in status["urls"].values())
    ca = Path(status["ca"])
    for service in SERVICES:
        assert get(f"{status['urls'][service]}/readyz", ca=ca)[0] == 200
    discovery = get(f"{status['urls']['issuer']}/.well-known/openid-configuration", ca=ca)[1]
    assert discovery["issuer"] == status["urls"]["issuer"]


def signs_in(home: Home) -> None:
    """Somebody opens headquarters' page, chooses an account at the issuer, and is back where they wanted to be."""
    status = home.status()
    trusted = ssl.create_default_context(cafile=status["ca"])
    with httpx.Client(verify=trusted, follow_redirects=True, headers={"Accept": "text/html"}) as browser:
        asked = browser.get(f"{status['urls']['reporting']}/board")
        assert str(asked.url).startswith(f"{status['urls']['issuer']}/authorize?")
        board = browser.post(asked.url, data={"subject": "dev-hq_officer"})
        assert (board.status_code, str(board.url)) == (200, f"{status['urls']['reporting']}/board")
        assert "__Host-fangkong-reporting-session" in browser.cookies


def the_doctor_finds_what_is_wrong_and_nothing_else(home: Home) -> None:
    """Well, then ill in every way that can be made here, then well again."""

    def found(code: int) -> set[tuple[str, str, str]]:
        told = json.loads(fangkong(home, "doctor", "--json", code=code))
        assert all(one["remedy"] for one in told if one["state"] != "ok")
        return {
            (one["check"].split()[-1], one["about"], one["state"]) for one in told if one["state"] != "ok"
        }

    well = found(0)
    assert all(state == "warn" for _, _, state in well)
    with fall_ill(home):
        assert found(1) - well == AILMENTS
    assert found(0) <= well | {("backlog", "events", "warn")}


# The supervisor's own tests stop and kill a small stack in each way; the whole one takes one way every time.
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.release)])
def test_in_the_lan_it_speaks_https_and_ctrl_c_stops_everything_in_order(
    home: Home, number: signal.Signals
) -> None:
    with in_the_foreground(home, "--no-town", "--lan") as process:
        in_the_lan(home)
        signs_in(home)
        the_doctor_finds_what_is_wrong_and_nothing_else(home)
        alive = children(home)
        process.send_signal(number)
        assert process.wait(DOWN_SECONDS) == 0
    assert home.running() is None
    assert home.status()["phase"] == "stopped"
    assert not any(born(pid) for pid in alive)


@pytest.mark.release
@pytest.mark.parametrize("victim", ["command line", "supervisor"])
def test_kill_9_leaves_no_orphan(home: Home, victim: str) -> None:
    with in_the_foreground(home, "--no-town") as process:
        alive = children(home)
        os.kill(process.pid if victim == "command line" else home.status()["pid"], signal.SIGKILL)
        assert process.wait(DOWN_SECONDS) != 0
    assert all(gone(pid, within=40) for pid in alive)
