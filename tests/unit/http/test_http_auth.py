"""Staff tokens: what is accepted, and everything that is not."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.http.access import Role
from shared.http.auth import Jwks, StaffVerifier, TokenRefused
from shared.http.problem import Unavailable
from shared.kernel.clock import Clock, SystemClock

ISSUER = "https://issuer.test"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})
STRANGER = ECKey.generate_key("P-256", {"kid": "k1"})
DOCUMENT = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
HEADER = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}


@dataclass(frozen=True)
class FromNow:
    """Seconds from the moment the test runs, not from the moment it was collected."""

    seconds: float

    def at(self) -> float:
        return time.time() + self.seconds


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    whole = {
        "iss": ISSUER,
        "aud": "fangkong",
        "sub": "clerk-1",
        "jti": "j1",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "grants": [
            {"role": "community_clerk", "scope": "compound:lj-001"},
            {"role": "auditor", "scope": "town"},
        ],
        **{name: value.at() if isinstance(value, FromNow) else value for name, value in changes.items()},
    }
    return {name: value for name, value in whole.items() if value is not ...}


def token(payload: Any = None, *, header: dict[str, Any] | None = None, key: ECKey = KEY) -> str:
    body = json.dumps(claims() if payload is None else payload).encode()
    return jws.serialize_compact({**HEADER, **(header or {})}, body, key, algorithms=["ES256"])


async def given() -> bytes:
    return DOCUMENT


def verifier(clock: Clock | None = None) -> StaffVerifier:
    clock = clock or SystemClock()
    return StaffVerifier(Jwks(given, clock), issuer=ISSUER, clock=clock)


async def test_a_good_token_brings_subject_and_grants() -> None:
    who = await verifier().verify(token())
    assert (who.kind, who.subject) == ("staff", "clerk-1")
    assert [(grant.role, str(grant.scope)) for grant in who.grants] == [
        (Role.COMMUNITY_CLERK, "compound:lj-001"),
        (Role.AUDITOR, "town"),
    ]


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/at+jwt", ...])
async def test_the_usual_types_are_accepted(typ: Any) -> None:
    header = {name: value for name, value in {**HEADER, "typ": typ}.items() if value is not ...}
    signed = jws.serialize_compact(header, json.dumps(claims()).encode(), KEY, algorithms=["ES256"])
    assert (await verifier().verify(signed)).subject == "clerk-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": FromNow(-20)},
        {"nbf": FromNow(20)},
        {"nbf": ...},
        {"iat": FromNow(20), "nbf": FromNow(20)},
        {"aud": ["fangkong", "other"]},
        {"grants": []},
        {"further": "claims are ignored"},
    ],
)
async def test_small_differences_of_clocks_and_unknown_claims_are_tolerated(changes: dict[str, Any]) -> None:
    assert (await verifier().verify(token(claims(**changes)))).subject == "clerk-1"


REFUSED: list[dict[str, Any]] = [
    {"iss": "https://else.test"},
    {"iss": ...},
    {"aud": "other"},
    {"aud": ...},
    {"aud": ["other"]},
    {"aud": {"fangkong": 1}},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 201},
    {"sub": ...},
    {"jti": ...},
    {"exp": FromNow(-40)},
    {"exp": "tomorrow"},
    {"exp": True},
    {"exp": float("nan")},
    {"exp": ...},
    {"nbf": FromNow(60)},
    {"nbf": float("nan")},
    {"nbf": "soon"},
    {"iat": FromNow(60)},
    {"iat": ...},
    {"grants": ...},
    {"grants": "admin"},
    {"grants": ["admin"]},
    {"grants": [{"role": "admin"}]},
    {"grants": [{"role": "emperor", "scope": "town"}]},
    {"grants": [{"role": "device", "scope": "town"}]},
    {"grants": [{"role": "resident", "scope": "town"}]},
    {"grants": [{"role": "admin", "scope": "planet"}]},
    {"grants": [{"role": "admin", "scope": 7}]},
    {"grants": [{"role": ["admin"], "scope": "town"}]},
]


@pytest.mark.requirement("F17")
@pytest.mark.parametrize("changes", REFUSED, ids=lambda changes: json.dumps(changes, default=str)[:40])
async def test_wrong_claims_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        await verifier().verify(token(claims(**changes)))


@pytest.mark.requirement("R7.3")
async def test_a_token_may_say_which_worker_somebody_is_and_says_it_well() -> None:
    assert (await verifier().verify(token())).worker_ref is None
    ref = UUID(int=7)
    assert (await verifier().verify(token(claims(worker_ref=str(ref))))).worker_ref == ref
    unfit: tuple[object, ...] = ("somebody", "", 7, [str(ref)], {})
    for wrong in unfit:
        with pytest.raises(TokenRefused):
            await verifier().verify(token(claims(worker_ref=wrong)))


@pytest.mark.parametrize("payload", [[], "text", 1, None, [claims()]])
async def test_a_payload_that_is_no_object_is_refused(payload: Any) -> None:
    signed = jws.serialize_compact(HEADER, json.dumps(payload).encode(), KEY, algorithms=["ES256"])
    with pytest.raises(TokenRefused):
        await verifier().verify(signed)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, Any], signature: bytes = b"") -> str:
    return ".".join([b64(json.dumps(header).encode()), b64(json.dumps(claims()).encode()), b64(signature)])


def hostile() -> dict[str, str]:
    public = json.dumps(KEY.as_dict(private=False)).encode()
    rsa = RSAKey.generate_key(2048, {"kid": "k1"})
    good = token()
    head, body, signature = good.split(".")
    return {
        "alg none": forged({"alg": "none", "kid": "k1"}),
        "alg None with a signature": forged({"alg": "None", "kid": "k1"}, b"x" * 64),
        "hmac with the public key": jws.serialize_compact(
            {"alg": "HS256", "kid": "k1"},
            json.dumps(claims()).encode(),
            OctKey.import_key(public),
            algorithms=["HS256"],
        ),
        "another algorithm": jws.serialize_compact(
            {"alg": "RS256", "kid": "k1"}, json.dumps(claims()).encode(), rsa, algorithms=["RS256"]
        ),
        "a stranger's key under our id": token(key=STRANGER),
        "key inside the header": token(header={"jwk": STRANGER.as_dict(private=False)}, key=STRANGER),
        "key address in the header": token(
            header={"jku": "http://127.0.0.1/keys", "kid": "k9"}, key=STRANGER
        ),
        "unknown key id": token(header={"kid": "k2"}),
        "no key id": forged({"alg": "ES256"}, b"x" * 64),
        "key id of another kind": forged({"alg": "ES256", "kid": ["k1"]}, b"x" * 64),
        "critical extension": forged({"alg": "ES256", "kid": "k1", "crit": ["x"], "x": 1}, b"x" * 64),
        "another type": token(header={"typ": "id+jwt"}),
        "signature of zeros": f"{head}.{body}.{b64(bytes(64))}",
        "signature cut": f"{head}.{body}.{signature[:-8]}",
        "signature missing": f"{head}.{body}.",
        "payload changed": f"{head}.{b64(json.dumps(claims(sub='admin')).encode())}.{signature}",
        "too large": good + "A" * 9_000,
        "four parts": good + ".x",
        "empty": "",
        "dots": "..",
        "not base64": "%%%.%%%.%%%",
        "not ascii": "张.小.明",
        "header is a list": f"{b64(b'[]')}.{body}.{signature}",
        "header is deep": f"{b64(b'[' * 5_000)}.{body}.{signature}",
        "header is binary": f"{b64(bytes(range(256)))}.{body}.{signature}",
    }


@pytest.mark.requirement("F17")
@pytest.mark.parametrize(("what", "forgery"), hostile().items(), ids=hostile().keys())
async def test_a_forged_token_is_refused(what: str, forgery: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        await verifier().verify(forgery)
    assert caught.value.status == 401, what
    assert caught.value.reason not in caught.value.detail


async def test_an_old_token_is_refused_however_long_it_says_that_it_holds() -> None:
    clock = SystemClock()
    now = int(clock.real_now().timestamp())
    strict = StaffVerifier(Jwks(given, clock), issuer=ISSUER, clock=clock, oldest=45)
    for age, holds in ((20, True), (60, False)):
        made = token(claims(iat=now - age, nbf=now - age, exp=now + 3_600))
        assert (await verifier().verify(made)).subject == "clerk-1"
        if holds:
            assert (await strict.verify(made)).subject == "clerk-1"
        else:
            with pytest.raises(TokenRefused) as refused:
                await strict.verify(made)
            assert refused.value.reason == "age"


async def test_a_token_is_judged_by_real_time_whatever_business_time_is() -> None:
    class InTheTown(Clock):
        def now(self) -> Any:
            raise AssertionError("tokens are not a matter of business time")

    assert (await verifier(InTheTown()).verify(token())).subject == "clerk-1"


class Issuer:
    """A source of keys that counts, changes and fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.document: bytes | Exception = DOCUMENT

    async def __call__(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


class ClockByHand(Clock):
    passed = 1_000.0

    def monotonic(self) -> float:
        return self.passed


async def test_keys_are_asked_for_once_and_again_when_they_are_old() -> None:
    issuer, clock = Issuer(), ClockByHand()
    jwks = Jwks(issuer, clock)
    await asyncio.gather(*(jwks.key("k1") for _ in range(20)))
    assert issuer.asked == 1
    clock.passed += Jwks.FRESH + 1
    assert await jwks.key("k1") is not None
    assert issuer.asked == 2


async def test_an_unknown_key_id_asks_again_but_not_for_every_forgery() -> None:
    issuer, clock = Issuer(), ClockByHand()
    jwks = Jwks(issuer, clock)
    for _ in range(50):
        assert await jwks.key("forged") is None
    assert issuer.asked == 1
    clock.passed += Jwks.RETRY + 1
    rotated = ECKey.generate_key("P-256", {"kid": "k2"})
    issuer.document = json.dumps({"keys": [rotated.as_dict(private=False)]}).encode()
    assert await jwks.key("k2") is not None
    assert await jwks.key("k1") is None
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("away"), FileNotFoundError("gone"), b"not json", b"{}", b"[]"]
)
async def test_known_keys_hold_for_a_while_when_the_issuer_is_away_and_then_nobody_gets_in(
    failure: bytes | Exception,
) -> None:
    issuer, clock = Issuer(), ClockByHand()
    jwks = Jwks(issuer, clock)
    assert await jwks.key("k1") is not None
    issuer.document = failure
    clock.passed += Jwks.TRUST - 1
    assert await jwks.key("k1") is not None
    clock.passed += 2
    with pytest.raises(Unavailable):
        await jwks.key("k1")


async def test_without_keys_from_the_start_nobody_gets_in() -> None:
    issuer = Issuer()
    issuer.document = OSError("away")
    with pytest.raises(Unavailable):
        await Jwks(issuer, ClockByHand()).key("k1")


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(DOCUMENT)
    assert await Jwks.from_file(path, SystemClock()).key("k1") is not None


@pytest.mark.parametrize("trusted", [True, False])
async def test_an_issuer_that_lets_anybody_in_is_trusted_in_development_only(*, trusted: bool) -> None:
    issuer = Issuer()
    issuer.document = json.dumps({**json.loads(DOCUMENT), "development": True}).encode()
    key = await Jwks(issuer, ClockByHand(), trust_development=trusted).key("k1")
    assert (key is not None) is trusted


async def test_other_kinds_of_keys_in_the_set_are_left_alone() -> None:
    others = [RSAKey.generate_key(2048, {"kid": "r1"}).as_dict(private=False)]
    others.append(ECKey.generate_key("P-384", {"kid": "p384"}).as_dict(private=False))
    others.append({**KEY.as_dict(private=False), "kid": "enc", "use": "enc"})
    document = json.dumps({"keys": [*others, KEY.as_dict(private=False)]}).encode()

    async def load() -> bytes:
        return document

    jwks = Jwks(load, SystemClock())
    assert [await jwks.key(kid) is not None for kid in ("r1", "p384", "enc", "k1")] == [
        False,
        False,
        False,
        True,
    ]
