"""Sealed cards: what one service tells another about a person, for the recipient only (architecture §3).

A card is a JWE in compact form, `dir` with A256GCM: the key belongs to the recipient, its id is in the
header. CARD_KEYS_FILE of a service holds just the recipients it seals for or opens as.
"""

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from pydantic_core import from_json, to_json

from shared.kernel.secrets import KeyRing, read_key_file

_REGISTRY = jwe.JWERegistry(algorithms=["dir", "A256GCM"])
_NONCE, _TAG = 12, 16


class CardError(Exception):
    """A card does not open. Messages never quote its content."""


class UnknownRecipientError(CardError):
    """The key file holds no key for this recipient."""


class UnknownCardKeyError(CardError):
    """The card names a key that is not in the file (any more)."""


class CardTamperedError(CardError):
    """The card was changed, is for another recipient, or is no card."""


class _Sealing(NamedTuple):
    """What all cards of a recipient share: the encoded header, which is also what the cipher binds, and the cipher."""

    head: bytes
    cipher: AESGCM


class CardKeys:
    """Seals and opens cards. Sealing uses a recipient's current key; older keys in the file still open."""

    def __init__(self, rings: Mapping[str, KeyRing]) -> None:
        self._sealing = {recipient: _sealing(ring) for recipient, ring in rings.items()}
        self._keys = {
            recipient: {kid: OctKey.import_key(key, {"kid": kid}) for kid, key in ring.keys.items()}
            for recipient, ring in rings.items()
        }

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read CARD_KEYS_FILE: a key ring per recipient.

        Raises:
            KeyFileError: missing or malformed.
        """
        return cls({recipient: KeyRing.parse(ring) for recipient, ring in read_key_file(path).items()})

    def seal_card(self, recipient: str, payload: Mapping[str, Any]) -> str:
        """Seal a JSON-able payload (also dates and UUIDs) for a recipient service.

        Raises:
            UnknownRecipientError: no key for it.
        """
        sealing = self._sealing.get(recipient)
        if sealing is None:
            raise UnknownRecipientError(recipient)
        # An import seals 130,000 cards: put together here a card takes a tenth of what the library takes, which
        # opens them and so proves the form.
        nonce = os.urandom(_NONCE)
        sealed = sealing.cipher.encrypt(nonce, to_json(payload), sealing.head)
        parts = (sealing.head, b"", _base64(nonce), _base64(sealed[:-_TAG]), _base64(sealed[-_TAG:]))
        return b".".join(parts).decode()

    def open_card(self, recipient: str, token: str) -> dict[str, Any]:
        """Open a card that was sealed for `recipient`.

        Raises:
            UnknownRecipientError: this service does not open for it.
            UnknownCardKeyError: the key was removed from the file.
            CardTamperedError: anything else is wrong with the card.
        """
        keys = self._keys.get(recipient)
        if keys is None:
            raise UnknownRecipientError(recipient)

        def key_of(card: GuestProtocol) -> OctKey:
            kid = card.headers().get("kid")
            if not isinstance(kid, str) or kid not in keys:
                raise UnknownCardKeyError(f"a card for {recipient} names a key that is not in the key file")
            return keys[kid]

        try:
            content = from_json(jwe.decrypt_compact(token, key_of, registry=_REGISTRY).plaintext or b"")
        except (JoseError, ValueError, TypeError) as error:
            raise CardTamperedError(f"a card for {recipient} does not open: {type(error).__name__}") from None
        if not isinstance(content, dict):
            raise CardTamperedError(f"a card for {recipient} is not a JSON object")
        return content


def _sealing(ring: KeyRing) -> _Sealing:
    head = {"alg": "dir", "enc": "A256GCM", "kid": ring.current}
    return _Sealing(_base64(to_json(head)), AESGCM(ring.keys[ring.current]))


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
