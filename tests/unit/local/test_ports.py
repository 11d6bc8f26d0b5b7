import socket
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
