"""Ten thousand tokens that the registry never signed: none is accepted (F15)."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import base45
import cbor2
import pytest
from cwt import COSE, COSEKey

from shared.kernel import pass_token
from shared.kernel.pass_token import PREFIX, PassTokenError
from tests.integration.gate.town import GateTown, codes

COUNT = 10_000
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_ALG, _KID, _EXP, _SERIAL = 1, 4, 4, -65_537


def written(document: bytes) -> str:
    return f"{PREFIX}{base45.b45encode(document).decode()}"


def read(token: str) -> bytes:
    return bytes(base45.b45decode(token.removeprefix(PREFIX)))


class Forger:
    """Knows genuine passes and the name of the registry's key, and has keys of its own."""

    def __init__(self, genuine: list[str], key_id: str, chance: random.Random) -> None:
        self.genuine, self.key_id, self.chance = genuine, key_id, chance
        self.stranger = pass_token.make_key()

    def parts(self) -> tuple[bytes, bytes, bytes]:
        """Header, payload and signature of a genuine pass."""
        protected, _, payload, signature = cbor2.loads(read(self.chance.choice(self.genuine))).value
        return protected, payload, signature

    def a_bit(self) -> str:
        document = bytearray(read(self.chance.choice(self.genuine)))
        document[self.chance.randrange(len(document))] ^= 1 << self.chance.randrange(8)
        return written(bytes(document))

    def a_character(self) -> str:
        token = self.chance.choice(self.genuine)
        place = self.chance.randrange(len(PREFIX), len(token))
        letter = self.chance.choice([one for one in ALPHABET if one != token[place]])
        return token[:place] + letter + token[place + 1 :]

    def cut_off(self) -> str:
        token = self.chance.choice(self.genuine)
        return token[: self.chance.randrange(1, len(token))]

    def other_claims(self) -> str:
        protected, payload, signature = self.parts()
        claims = cbor2.loads(payload)
        claims[self.chance.choice([_SERIAL, _EXP])] += self.chance.randrange(1, 10**6)
        return _document(protected, cbor2.dumps(claims), signature)

    def anothers_signature(self) -> str:
        (protected, payload, _), (_, other, signature) = self.parts(), self.parts()
        return _document(protected, payload, signature if other != payload else bytes(64))

    def no_signature(self) -> str:
        protected, payload, signature = self.parts()
        blank = self.chance.choice([bytes(64), signature[::-1], self.chance.randbytes(64)])
        return _document(protected, payload, blank)

    def another_algorithm(self) -> str:
        _, payload, signature = self.parts()
        header = self.chance.choice([{1: 5, 4: self.key_id.encode()}, {1: -7}, {}, {1: -8, 4: b"x" * 8}])
        return _document(cbor2.dumps(header), payload, signature)

    def own_key(self) -> str:
        return self._signed(self.stranger["kid"])

    def own_key_under_the_registrys_name(self) -> str:
        return self._signed(self.key_id)

    def _signed(self, key_id: str) -> str:
        key = COSEKey.from_jwk({**self.stranger, "kid": key_id, "use": "sig", "key_ops": ["sign"]})
        protected: Any = {_ALG: -7, _KID: key_id.encode()}
        return written(COSE.new().encode_and_sign(self.parts()[1], key, protected=protected, unprotected={}))


def _document(protected: bytes, payload: bytes, signature: bytes) -> str:
    return written(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])))


@pytest.mark.requirement("F15")
@pytest.mark.scenario("G14")
async def test_of_ten_thousand_forged_passes_none_is_accepted(town: GateTown) -> None:
    people = [await town.resident(room=f"1-1-{nth}") for nth in range(101, 109)]
    genuine = [who.token for who in people]
    keys = {town.signing_key["kid"]: pass_token.read_public(town.signing_key)}
    known = {
        pass_token.verify(token, keys).number for token in genuine
    }  # the verifier does accept the others
    assert len(known) == len(genuine)
    forger = Forger(genuine, town.signing_key["kid"], random.Random(15))
    ways: list[Callable[[], str]] = [
        *(forger.a_bit, forger.a_character, forger.cut_off, forger.other_claims, forger.anothers_signature),
        *(forger.no_signature, forger.another_algorithm, forger.own_key),
        forger.own_key_under_the_registrys_name,
    ]
    accepted: list[str] = []
    some: list[str] = []
    for nth in range(COUNT):
        way = ways[nth % len(ways)]
        token = way()
        assert token not in genuine
        if nth < 200:
            some.append(token)
        try:
            pass_token.verify(token, keys)
        except PassTokenError:
            continue
        accepted.append(f"{way.__name__}: {token}")
    assert accepted == []

    checks = [town.body({"kind": "pass_token", "token": token or "x"}) for token in some[:200]]
    online = (await town.batch(checks)).json()["items"]
    verdicts = Counter(item["answer"]["verdict"] for item in online)
    assert verdicts.keys() <= {"refuse", "cannot_verify"}
    assert {"pass_forged", "pass_unknown", "pass_unverifiable"} == {
        code for item in online for code in codes(item["answer"])
    }


@pytest.mark.requirement("F15")
async def test_expired_early_replaced_suspended_and_revoked_passes_are_refused_by_name(
    town: GateTown,
) -> None:
    wang, zhao, li = [await town.resident(room=f"1-1-{nth}") for nth in (101, 102, 103)]
    await town.tell(
        town.suspended(wang),
        town.revoked(zhao),
        town.issued(li.pass_id, li.number, li.person, serial=2),
    )
    reasons = {
        wang.token: "pass_suspended",
        zhao.token: "pass_revoked",
        li.token: "pass_replaced",
    }
    for token, reason in reasons.items():
        answer = await town.check({"kind": "pass_token", "token": token})
        assert (answer["verdict"], codes(answer)) == ("refuse", [reason])
    fresh = town.token(li.pass_id, li.number, serial=2)
    assert (await town.check({"kind": "pass_token", "token": fresh}))["verdict"] == "admit"
