"""Forgers of what opens doors: they hold genuine pieces, and know what a thief of a database or a paper may know."""

import hashlib
import hmac
import json
import random
import string
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

LETTERS = string.ascii_letters + string.digits + "-_"
SOME, MANY = 300, 10_000
"""How many forgeries are tried in every run, and in that of a release."""


class SecretForger:
    """Alters secrets that are opaque: of devices, links and sessions."""

    def __init__(self, genuine: Sequence[str], chance: random.Random) -> None:
        self.genuine, self.chance = list(genuine), chance

    def each(self, number: int) -> Iterator[tuple[str, str]]:
        """So many forgeries, each with the name of the way; none of them is genuine."""
        ways: list[Callable[[str], str]] = [
            *(self.a_character, self.a_bit, self.cut_off, self.longer, self.other_case, self.turned),
            *(self.two_halves, self.drawn, self.as_it_is_kept, self.twice),
        ]
        told = 0
        while told < number:
            way = ways[told % len(ways)]
            forgery = way(self.chance.choice(self.genuine))
            if forgery not in self.genuine:
                told += 1
                yield way.__name__, forgery

    def a_character(self, secret: str) -> str:
        place = self.chance.randrange(len(secret))
        return secret[:place] + self.chance.choice(LETTERS) + secret[place + 1 :]

    def a_bit(self, secret: str) -> str:
        raw = bytearray(urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))
        raw[self.chance.randrange(len(raw))] ^= 1 << self.chance.randrange(8)
        return b64(bytes(raw))

    def cut_off(self, secret: str) -> str:
        return secret[: self.chance.randrange(1, len(secret))]

    def longer(self, secret: str) -> str:
        return secret + self.chance.choice(LETTERS) * self.chance.randrange(1, 40)

    def other_case(self, secret: str) -> str:
        place = self.chance.randrange(len(secret))
        return secret[:place] + secret[place:].swapcase()

    def turned(self, secret: str) -> str:
        place = self.chance.randrange(1, len(secret))
        return secret[place:] + secret[:place]

    def two_halves(self, secret: str) -> str:
        place = self.chance.randrange(1, len(secret))
        return secret[:place] + self.chance.choice(self.genuine)[place:] + self.chance.choice(LETTERS)

    def drawn(self, secret: str) -> str:
        return "".join(self.chance.choices(LETTERS, k=len(secret)))

    def as_it_is_kept(self, secret: str) -> str:
        """What a dump of the database holds of it, some way or other."""
        kept = hashlib.sha256(secret.encode()).digest()
        return self.chance.choice(
            [b64(kept), kept.hex(), "\\x" + kept.hex(), b64(hashlib.sha256(kept).digest())]
        )

    def twice(self, secret: str) -> str:
        return self.chance.choice([secret + secret, f"{secret}.{secret}", f"{secret},{secret}"])


class TokenForger:
    """Alters access tokens: has genuine ones, the issuer's public key, and keys of its own under the issuer's name."""

    def __init__(
        self, issuer: str, key: ECKey, claims: Callable[..., dict[str, Any]], chance: random.Random
    ) -> None:
        self.issuer, self.claims, self.chance = issuer, claims, chance
        self._key = key  # signs what a faulty issuer would sign, and the genuine tokens that are altered
        self.kid = str(key.as_dict(private=False)["kid"])
        self.stranger = ECKey.generate_key("P-256", {"kid": self.kid})

    def genuine(self) -> str:
        """A token that holds."""
        return self._signed(self.claims(sub=f"clerk-{self.chance.randrange(10**6)}"), self._key)

    def each(self, number: int) -> Iterator[tuple[str, str]]:
        """So many forgeries, each with the name of the way."""
        ways = [
            *(self.a_bit, self.a_character, self.cut_off, self.no_algorithm, self.hmac_by_the_public_key),
            *(self.other_claims, self.strangers_key, self.key_within, self.unknown_key, self.wrong_time),
            *(
                self.wrong_issuer,
                self.wrong_audience,
                self.anothers_signature,
                self.no_signature,
                self.more_critical,
            ),
        ]
        for nth in range(number):
            way = ways[nth % len(ways)]
            yield way.__name__, way()

    def a_bit(self) -> str:
        parts = self.genuine().split(".")
        nth = self.chance.randrange(3)
        raw = bytearray(_read(parts[nth]))
        raw[self.chance.randrange(len(raw))] ^= 1 << self.chance.randrange(8)
        parts[nth] = b64(bytes(raw))
        return ".".join(parts)

    def a_character(self) -> str:
        head, body, signature = self.genuine().split(".")
        place = self.chance.randrange(len(signature) - 1)  # the last one has bits that mean nothing
        other = self.chance.choice([one for one in LETTERS if one != signature[place]])
        return f"{head}.{body}.{signature[:place]}{other}{signature[place + 1 :]}"

    def cut_off(self) -> str:
        token = self.genuine()
        return token[: self.chance.randrange(1, len(token) - 2)]

    def no_algorithm(self) -> str:
        name = self.chance.choice(["none", "None", "NONE", "nOnE", "", "ES256 "])
        signature = self.chance.choice(["", b64(bytes(64)), b64(self.chance.randbytes(64))])
        return f"{_part({'alg': name, 'kid': self.kid})}.{_part(self.claims())}.{signature}"

    def hmac_by_the_public_key(self) -> str:
        public = self._key.as_dict(private=False)
        spelled = [json.dumps(public), str(public["x"]), self._key.as_pem(private=False).decode()]
        name, digest = self.chance.choice([("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
        signed = f"{_part({'alg': name, 'kid': self.kid})}.{_part(self.claims())}"
        key = self.chance.choice(spelled).encode()
        return f"{signed}.{b64(hmac.digest(key, signed.encode(), digest))}"

    def other_claims(self) -> str:
        head, _, signature = self.genuine().split(".")
        higher = [{"role": "admin", "scope": "town"}]
        changes: dict[str, Any] = {"grants": higher, "sub": "dev-admin", "exp": time.time() + 10**7}
        name = self.chance.choice(list(changes))
        return f"{head}.{_part(self.claims(**{name: changes[name]}))}.{signature}"

    def strangers_key(self) -> str:
        return self._signed(self.claims(), self.stranger)

    def key_within(self) -> str:
        public = self.stranger.as_dict(private=False)
        inside: dict[str, Any] = self.chance.choice(
            [{"jwk": public}, {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://127.0.0.1:1"}]
        )
        return self._signed(self.claims(), self.stranger, **inside)

    def unknown_key(self) -> str:
        kid = self.chance.choice(
            ["", "k2", "../../etc/passwd", "' or 1=1 --", self.kid + " ", self.kid.upper() + "x"]
        )
        return self._signed(self.claims(), self.chance.choice([self._key, self.stranger]), kid=kid)

    def wrong_time(self) -> str:
        """What the issuer signed, long ago or for later."""
        now, far = time.time(), self.chance.randrange(60, 10**6)
        wrong: dict[str, Any] = self.chance.choice(
            [{"exp": now - far}, {"nbf": now + far}, {"iat": now + far}, {"exp": "never"}, {"exp": None}]
        )
        return self._signed(self.claims(**wrong), self._key)

    def wrong_issuer(self) -> str:
        other = self.chance.choice(
            [f"{self.issuer}/", self.issuer.upper(), "https://elsewhere.test", "", None]
        )
        return self._signed(self.claims(iss=other), self._key)

    def wrong_audience(self) -> str:
        other: Any = self.chance.choice(
            ["fangkong-registry", "Fangkong", "", None, [], ["other"], {"fangkong": 1}]
        )
        return self._signed(self.claims(aud=other), self._key)

    def anothers_signature(self) -> str:
        (head, body, _), (_, _, signature) = self.genuine().split("."), self.genuine().split(".")
        return f"{head}.{body}.{signature}"

    def no_signature(self) -> str:
        head, body, signature = self.genuine().split(".")
        return f"{head}.{body}.{self.chance.choice(['', b64(bytes(64)), b64(_read(signature)[::-1]), signature[:43]])}"

    def more_critical(self) -> str:
        header = {"alg": "ES256", "kid": self.kid, "crit": ["b64"], "b64": False}
        return f"{_part(header)}.{_part(self.claims())}.{self.genuine().split('.')[2]}"

    def _signed(self, claims: dict[str, Any], key: ECKey, **header: Any) -> str:
        whole = {"alg": "ES256", "kid": self.kid, "typ": "at+jwt", **header}
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        return jws.serialize_compact(whole, json.dumps(claims).encode(), key, registry=registry)


def b64(data: bytes) -> str:
    """As tokens and secrets are spelled."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _part(content: Any) -> str:
    return b64(json.dumps(content).encode())
