"""Access tokens that the issuer never signed, or not for us and now: none is accepted (F15)."""

import json
import random
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey

from shared.http.auth import Jwks, StaffVerifier, TokenRefused
from shared.kernel.clock import SystemClock
from tests.forging import MANY, SOME, TokenForger

ISSUER = "https://issuer.test"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    return {
        "iss": ISSUER,
        "aud": "fangkong",
        "sub": "clerk-1",
        "jti": "j1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "grants": [{"role": "community_clerk", "scope": "compound:lj-001"}],
        **changes,
    }


async def keys() -> bytes:
    return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()


async def accepted_of(number: int) -> list[str]:
    """Which of so many forgeries the verifier lets in, by the way in which they were made."""
    clock = SystemClock()
    verifier = StaffVerifier(Jwks(keys, clock), issuer=ISSUER, clock=clock)
    forger = TokenForger(ISSUER, KEY, claims, random.Random(15))
    assert (await verifier.verify(forger.genuine())).kind == "staff"  # it does accept the others
    accepted = []
    tried = 0
    for way, forgery in forger.each(number):
        tried += 1
        try:
            await verifier.verify(forgery)
        except TokenRefused:
            continue
        accepted.append(f"{way}: {forgery}")
    assert tried == number
    return accepted


@pytest.mark.requirement("F15", "F17")
async def test_of_hundreds_of_forged_access_tokens_none_is_accepted() -> None:
    assert await accepted_of(SOME) == []


@pytest.mark.release
@pytest.mark.requirement("F15", "F17")
async def test_of_ten_thousand_forged_access_tokens_none_is_accepted() -> None:
    assert await accepted_of(MANY) == []
