import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.errors import LocalError
from deploy.local.names import PORTS

HOME = Path("/somewhere/.fangkong")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_every_name_gets_a_port_of_its_own() -> None:
    chosen = ports.choose(HOME, {}, {}, None)
    assert set(chosen) == set(PORTS)
    assert len(set(chosen.values())) == len(PORTS)


def elsewhere(code: str) -> "subprocess.Popen[str]":
    """Another process, which keeps what it is given until its input ends."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", f"from deploy.local import ports\n{code}\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_ask_at_the_same_time_are_given_different_ports() -> None:
    """So many of so few that the same one twice would be certain, were it left to chance."""
    code = "print(*(ports.any_free() for _ in range(300)), flush=True)"
    others = [elsewhere(code) for _ in range(4)]
    given = [port for other in others for port in (other.stdout or sys.stdin).readline().split()]
    for other in others:
        other.communicate("\n")
    assert len(given) == len(set(given)) == 1200


def test_a_port_stays_its_process_own_until_that_ends() -> None:
    first = ports.choose(HOME, {}, {}, None)
    other = elsewhere("print(ports.any_free(), flush=True)")
    assert other.stdout is not None
    its = int(other.stdout.readline())
    assert ports.is_free(its), "nobody listens yet"
    assert ports.choose(HOME, first | {"gate": its}, {}, None)["gate"] != its
    other.communicate("\n")
    assert ports.choose(HOME, first | {"gate": its}, {}, None)["gate"] == its


def test_remembered_ports_are_kept() -> None:
    first = ports.choose(HOME, {}, {}, None)
    assert ports.choose(Path("/elsewhere"), first, {}, None) == first


def test_a_remembered_port_that_was_taken_is_replaced(taken: int) -> None:
    first = ports.choose(HOME, {}, {}, None)
    second = ports.choose(HOME, first | {"gate": taken}, {}, None)
    assert second["gate"] != taken
    assert {name: port for name, port in second.items() if name != "gate"} == {
        name: port for name, port in first.items() if name != "gate"
    }


def test_a_base_gives_ports_in_a_row() -> None:
    base = ports.choose(HOME, {}, {}, None)[PORTS[0]]
    chosen = ports.choose(HOME, {"gate": 30_000}, {}, base)
    assert chosen == {name: base + offset for offset, name in enumerate(PORTS)}


def test_a_named_port_goes_before_the_base() -> None:
    free = ports.any_free()
    base = ports.choose(HOME, {}, {}, None)[PORTS[0]]
    assert ports.choose(HOME, {}, {"nats": free}, base)["nats"] == free


@pytest.mark.parametrize("option", ["--gate-port", "--port-base"])
def test_a_taken_port_is_named_with_the_option_that_changes_it(taken: int, option: str) -> None:
    given, base = ({"gate": taken}, None) if option == "--gate-port" else ({}, taken)
    with pytest.raises(LocalError, match=rf"(?s){taken}.*{option}"):
        ports.choose(HOME, {}, given, base)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_an_impossible_port_is_refused(port: int) -> None:
    with pytest.raises(LocalError, match="--gate-port"):
        ports.choose(HOME, {}, {"gate": port}, None)


def test_one_port_for_two_uses_is_refused() -> None:
    free = ports.any_free()
    with pytest.raises(LocalError, match="two uses"):
        ports.choose(HOME, {}, {"gate": free, "nats": free}, None)
