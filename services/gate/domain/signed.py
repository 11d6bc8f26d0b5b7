"""A document that gate signs with its own key, so that a device knows whose list it decides by (COSE_Sign1, ES256)."""

from collections.abc import Mapping
from typing import Any

import cbor2
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

from shared.kernel.pass_token import PublicKey

_ALG, _ES256, _KID = 1, -7, 4  # RFC 9052


class SignatureInvalid(Exception):  # noqa: N818 -- an answer about a document, like those of the pass token
    """Not signed by a key that is known, or not signed at all."""


def sign(payload: bytes, private_jwk: Mapping[str, str]) -> bytes:
    """The payload with its signature."""
    key = COSEKey.from_jwk({**private_jwk, "use": "sig", "key_ops": ["sign"]})
    protected: Any = {_ALG: _ES256, _KID: private_jwk["kid"].encode()}
    signed: bytes = COSE.new().encode_and_sign(payload, key, protected=protected, unprotected={})
    return signed


def verify(document: bytes, keys: Mapping[str, PublicKey]) -> bytes:
    """The payload of a document that one of these keys signed.

    Raises:
        SignatureInvalid: none of them did.
    """
    try:
        protected, unprotected, _, _ = cbor2.loads(document).value
        header = cbor2.loads(protected)
        if unprotected or header.keys() != {_ALG, _KID} or header[_ALG] != _ES256:
            raise SignatureInvalid("signed in another way")
        payload: bytes = COSE.new().decode(document, keys[header[_KID].decode()].cose)
    except (CWTError, cbor2.CBORDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SignatureInvalid(f"not a signed document: {type(error).__name__}") from None
    return payload
