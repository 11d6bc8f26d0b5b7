"""The text inside an entry pass's QR code: what it says, and that the registry said it (R2.4).

    EP1: + base45( CWT in COSE_Sign1, ES256 )      an entry pass
    VP1: + the same with a claim that says so      a vehicle pass

A token names the pass, its number, its compound and its time, and nobody: no name, no document, no room.
This module knows the form only. Whether a token admits (its time, its serial, a revocation) is the caller's
rule and is judged by business time, so nothing here looks at a clock.

One token has one spelling: what the signature does not cover must be exactly as `sign` writes it, so a text
that differs in any character never verifies.
"""

import hashlib
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import base45
import cbor2
from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

from shared.kernel.ids import PLACE_CODE

PREFIX = "EP1:"
Kind = Literal["entry", "vehicle"]
PREFIXES: Mapping[Kind, str] = {"entry": PREFIX, "vehicle": "VP1:"}
MAX_LENGTH = 400
"""Characters; ours have about 210. Longer texts are not looked into."""

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_DIGITS = bytes(max(_ALPHABET.find(character), 0) for character in range(256))
_TEXT = re.compile(r"[0-9A-Z $%*+\-./:]+")  # the alphabet of base45 (RFC 9285) and of a QR code's dense mode
_NUMBER = re.compile(r"[0-9]{6,12}")
_KEY_ID = re.compile(r"[0-9a-z]{8}")
_PLACE = re.compile(PLACE_CODE)
# COSE_Sign1 as `sign` writes it, byte by byte: tag 18, array of 4; protected header {1: -7, 4: key id}; no
# unprotected header; payload and its length; 64 bytes of signature. No CBOR of a stranger is ever decoded.
_DOCUMENT = re.compile(
    rb"\xd2\x84\x4d\xa2\x01\x26\x04\x48([0-9a-z]{8})\xa0\x58(?P<length>.)(?P<payload>.{24,255})\x58\x40.{64}",
    re.DOTALL,
)
_PROTECTED = slice(2, 16)
"""The protected header in a document, with its length."""
_ES256_HASH = ec.ECDSA(hashes.SHA256())
_ALG, _ES256, _KID = 1, -7, 4  # RFC 9052
_SUB, _AUD, _EXP, _NBF, _CTI = 2, 3, 4, 5, 7  # RFC 8392
_SERIAL, _KIND = -65_537, -65_538  # private use
_CLAIMS = frozenset([_SUB, _AUD, _EXP, _NBF, _CTI, _SERIAL])
# The signature covers the kind, so that no entry pass becomes a vehicle's by another prefix.
_CLAIMS_OF: Mapping[Kind, frozenset[int]] = {"entry": _CLAIMS, "vehicle": _CLAIMS | {_KIND}}
_LAST = 253_402_300_799  # 9999-12-31T23:59:59Z


class PassTokenError(Exception):
    """A text that is no valid pass token. Messages never quote it."""


class Malformed(PassTokenError):  # noqa: N818 - an answer about the text, like UnknownKey and InvalidSignature
    """Not the form of a pass token."""


class UnknownKey(PassTokenError):  # noqa: N818
    """The form is right, and the key that it names is not known here (any more, or yet)."""

    def __init__(self, key_id: str) -> None:
        super().__init__("signed with a key that is not known")
        self.key_id = key_id


class InvalidSignature(PassTokenError):  # noqa: N818
    """The key is known and did not sign this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassClaims:
    """What a token says.

    Attributes:
        serial: grows with each reprint; the printed copies before it are void.
        number: short digits that a guard can read aloud and type.
        not_before, expires: whole seconds, UTC; `expires` is the first instant that is no longer covered.
    """

    pass_id: UUID
    serial: int
    number: str
    compound: str
    not_before: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies, made ready once."""

    key_id: str
    point: ec.EllipticCurvePublicKey
    cose: Any
    """The same for the COSE library, which verifies whatever else is signed with the key."""


def make_key() -> dict[str, str]:
    """Make a new private key (ES256) as a JWK; its `kid` is derived from its public part."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    jwk = {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": _b64(point.x), "y": _b64(point.y)}
    thumb = hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'.encode())
    return {**jwk, "kid": thumb.hexdigest()[:8], "d": _b64(numbers.private_value)}


def public_part(jwk: Mapping[str, str]) -> dict[str, str]:
    """Tell the part of a key that is announced to everybody."""
    return {name: jwk[name] for name in ("kty", "crv", "alg", "x", "y", "kid")}


def read_public(jwk: Mapping[str, str]) -> PublicKey:
    """Make an announced key ready for `verify`.

    Raises:
        ValueError: not an ES256 public key with a key id.
    """
    try:
        plain = {**public_part(jwk), "use": "sig", "key_ops": ["verify"]}
        if (plain["kty"], plain["crv"], plain["alg"]) != ("EC", "P-256", "ES256"):
            raise ValueError("not an ES256 key")
        if not _KEY_ID.fullmatch(jwk["kid"]):
            raise ValueError("a key id is 8 small letters and digits")
        numbers = ec.EllipticCurvePublicNumbers(_int(jwk["x"]), _int(jwk["y"]), ec.SECP256R1())
        point = numbers.public_key()  # on the curve, or refused
        return PublicKey(jwk["kid"], point, COSEKey.from_jwk(plain))
    except (KeyError, TypeError, CWTError) as error:
        raise ValueError(f"not an announced pass key: {type(error).__name__}") from None


def sign(claims: PassClaims, private_jwk: Mapping[str, str], *, kind: Kind = "entry") -> str:
    """Write a token.

    Raises:
        Malformed: a claim that `verify` would not take.
    """
    payload: dict[int, object] = {
        _CTI: claims.pass_id.bytes,
        _SUB: claims.number,
        _AUD: claims.compound,
        _NBF: int(claims.not_before.timestamp()),
        _EXP: int(claims.expires.timestamp()),
        _SERIAL: claims.serial,
    }
    if kind != "entry":
        payload[_KIND] = kind
    if _claims(payload, kind) != claims:
        raise Malformed("instants of a token are whole seconds")
    key = COSEKey.from_jwk({**private_jwk, "use": "sig", "key_ops": ["sign"]})
    signed = COSE.new().encode_and_sign(
        cbor2.dumps(payload), key, protected={_ALG: _ES256, _KID: private_jwk["kid"].encode()}, unprotected={}
    )
    return f"{PREFIXES[kind]}{base45.b45encode(signed).decode()}"


def verify(token: str, keys: Mapping[str, PublicKey], *, kind: Kind = "entry") -> PassClaims:
    """Read a token and check its signature; its time limits are the caller's to judge.

    Args:
        token: the scanned text, as it is.
        keys: the announced keys by key id.
        kind: what it must be a pass of.

    Raises:
        Malformed: not a pass token of that kind, or one that says impossible things.
        UnknownKey: signed with a key that is not among `keys`.
        InvalidSignature: not signed by that key.
    """
    document, key_id, payload = _take_apart(token, PREFIXES[kind])
    key = keys.get(key_id)
    if key is None:
        raise UnknownKey(key_id)
    try:
        key.point.verify(_signature(document), _signed(document, payload), _ES256_HASH)
    except BadSignature:
        raise InvalidSignature("the signature does not verify") from None
    try:
        return _claims(cbor2.loads(payload), kind)
    except cbor2.CBORDecodeError:
        raise Malformed("signed, and no claims") from None


def _take_apart(token: str, prefix: str) -> tuple[bytes, str, bytes]:
    """Tell document, key id and payload of a text whose form is exactly right."""
    body = token.removeprefix(prefix)
    if len(token) > MAX_LENGTH or body == token or not _TEXT.fullmatch(body):
        raise Malformed("not a pass token")
    try:
        document = read_base45(body)
    except (ValueError, struct.error):
        raise Malformed("not base45") from None
    found = _DOCUMENT.fullmatch(document)
    if found is None or found["length"][0] != len(found["payload"]):
        raise Malformed("not a pass document signed with ES256 by a named key")
    return document, found[1].decode(), found["payload"]


def read_base45(text: str) -> bytes:
    """RFC 9285, for a text of its alphabet: the library needs five times as long, a quarter of a new pass's price.

    Raises:
        ValueError, struct.error: a group says more than its bytes hold.
    """
    digits = text.encode("ascii").translate(_DIGITS)
    count, left = divmod(len(digits), 3)
    whole = count * 3
    groups = zip(digits[0:whole:3], digits[1:whole:3], digits[2:whole:3], strict=True)
    found = struct.pack(
        f">{count}H", *(first + 45 * second + 2025 * third for first, second, third in groups)
    )
    if not left:
        return found
    first, second = digits[whole:]  # a single character says nothing
    return found + bytes([first + 45 * second])


def _signed(document: bytes, payload: bytes) -> bytes:
    """What is signed: COSE's Sig_structure (RFC 9052 section 4.4), written by hand because its form never varies."""
    return b"\x84\x6aSignature1" + document[_PROTECTED] + b"\x40\x58" + bytes([len(payload)]) + payload


def _signature(document: bytes) -> bytes:
    """The last 64 bytes, r and s, as the library takes them."""
    return encode_dss_signature(int.from_bytes(document[-64:-32]), int.from_bytes(document[-32:]))


def _claims(payload: Any, kind: Kind) -> PassClaims:
    """Tell the claims, each of exactly the type and range it must have."""
    match payload:
        case {2: str() as number, 3: str() as compound, 4: int() as exp, 5: int() as nbf, 7: bytes() as cti}:
            serial = payload.get(_SERIAL)
        case _:
            raise Malformed("a claim is missing or of the wrong kind")
    right = (
        payload.keys() == _CLAIMS_OF[kind]
        and payload.get(_KIND, "entry") == kind
        and type(serial) is int
        and type(nbf) is int
        and type(exp) is int
        and 1 <= serial <= 1_000_000
        and 0 <= nbf < exp <= _LAST
        and len(cti) == 16
        and _NUMBER.fullmatch(number)
        and _PLACE.fullmatch(compound)
    )
    if not right:
        raise Malformed("a claim is out of range")
    return PassClaims(
        pass_id=UUID(bytes=cti),
        serial=int(serial or 0),
        number=number,
        compound=compound,
        not_before=datetime.fromtimestamp(nbf, UTC),
        expires=datetime.fromtimestamp(exp, UTC),
    )


def _int(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _b64(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
