"""Signatures over a device's requests: the device's own hold, and of thousands of altered ones none does."""

import random
from base64 import urlsafe_b64decode
from uuid import UUID

import pytest

from services.gate.client.keys import DeviceKey
from services.gate.domain.possession import (
    DeviceKeyInvalid,
    ProofNeeded,
    ProofStale,
    Signed,
    decide_proof,
    read_key,
)
from tests.forging import MANY, SOME, b64

NOW = 1_582_506_000
DEVICE = UUID("018f0000-0000-7000-8000-00000000000a")
REQUEST = Signed(method="POST", target="/v1/entry-checks/batch", device_id=DEVICE, body=b'{"checks":[{}]}')
OWN, OTHER = DeviceKey.make(), DeviceKey.make()


def spelled(key: DeviceKey) -> str:
    public = key.public()
    return f"{public['x']}.{public['y']}"


def proof(request: Signed = REQUEST, *, second: int = NOW, key: DeviceKey = OWN) -> str:
    return key.proof(request.method, request.target, request.device_id, second, request.body)


def holds(given: str, request: Signed = REQUEST, *, now: float = NOW) -> bool:
    try:
        decide_proof(given, request, read_key(spelled(OWN)), now=now, tolerance_seconds=120)
    except ProofNeeded:
        return False
    return True


def test_a_devices_signature_over_this_request_holds() -> None:
    assert holds(proof())
    assert holds(proof(), now=NOW + 120)
    assert holds(proof(), now=NOW - 120)


@pytest.mark.parametrize(
    "other",
    [
        Signed(method="PUT", target=REQUEST.target, device_id=DEVICE, body=REQUEST.body),
        Signed(method="POST", target="/v1/arrivals/batch", device_id=DEVICE, body=REQUEST.body),
        Signed(method="POST", target=f"{REQUEST.target}?since=1.2", device_id=DEVICE, body=REQUEST.body),
        Signed(method="POST", target=REQUEST.target, device_id=UUID(int=1), body=REQUEST.body),
        Signed(method="POST", target=REQUEST.target, device_id=DEVICE, body=REQUEST.body + b" "),
    ],
)
def test_a_signature_over_another_request_does_not_hold(other: Signed) -> None:
    assert not holds(proof(other))


def test_a_signature_for_another_time_is_told_the_servers() -> None:
    for now in (NOW + 121, NOW - 121):
        with pytest.raises(ProofStale) as stale:
            holds(proof(), now=now)
        assert stale.value.extra == {"now": now}
    assert not holds(proof(key=OTHER), now=NOW + 10**6)  # only the device itself is told


def forgeries(number: int) -> list[str]:
    """Proofs that somebody makes who has seen genuine ones and has a key of their own."""
    chance = random.Random(20)
    made = []
    for nth in range(number):
        kind, second, signature = proof(second=NOW + chance.randrange(-60, 60)).split(".")
        raw = bytearray(urlsafe_b64decode(signature + "=="))
        match nth % 7:
            case 0:
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            case 1:
                raw = bytearray(chance.randbytes(64))
            case 2:
                second = str(int(second) + chance.choice([-1, 1]) * chance.randrange(1, 100))
            case 3:
                raw = raw[: chance.randrange(64)]
            case 4:
                raw = bytearray(urlsafe_b64decode(proof(key=OTHER).split(".")[2] + "=="))
            case 5:
                kind = chance.choice(["", "t", "S", "ss"])
            case _:
                raw = bytearray(chance.choice([bytes(64), raw[32:] + raw[:32], raw + b"\0"]))
        made.append(f"{kind}.{second}.{b64(bytes(raw))}")
    return made


@pytest.mark.requirement("F15")
def test_of_hundreds_of_altered_signatures_none_holds() -> None:
    assert [one for one in forgeries(SOME) if holds(one)] == []


@pytest.mark.release
@pytest.mark.requirement("F15")
def test_of_ten_thousand_altered_signatures_none_holds() -> None:
    assert [one for one in forgeries(MANY) if holds(one)] == []


@pytest.mark.parametrize(
    "text", ["", ".", "s", "s..", "s.x.y", "s.1.", "s." + "9" * 40 + ".AA", "张.三.李", "s.1.张"]
)
def test_what_is_no_proof_is_none(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text",
    ["", "AA.AA", "x", "AA.AA.AA", pytest.param(spelled(OWN)[:-2] + "AA", id="beside the curve")],
)
def test_what_is_no_point_of_the_curve_is_no_key(text: str) -> None:
    with pytest.raises(DeviceKeyInvalid):
        read_key(text)


def test_a_key_comes_out_of_the_store_as_it_went_in() -> None:
    again = DeviceKey.read(OWN.keep())
    assert holds(proof(key=again))
