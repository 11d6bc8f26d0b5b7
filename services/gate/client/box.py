"""What a device keeps on its disk is sealed: documents that were typed, and a list of who lives behind which door."""

import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class StoreUnreadableError(Exception):
    """The store does not open with this key, or was changed."""


class Box:
    """Seals with one key of the device's (AES-256-GCM); each value is bound to its name."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._index_key = hmac.digest(key, b"index", "sha256")

    def seal(self, name: str, value: bytes) -> bytes:
        """The value as it may lie on a disk."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """The value again.

        Raises:
            StoreUnreadableError: another key, another name, or changed.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except InvalidTag:
            raise StoreUnreadableError(f"{name} does not open with the device's key") from None

    def index(self, name: str, value: str) -> bytes:
        """What a value is found by without being kept: equal for equal values, and silent without the key."""
        return hmac.digest(self._index_key, f"{name}\0{value}".encode(), "sha256")

    def seal_json(self, name: str, value: Any) -> bytes:
        """A plain value, sealed."""
        return self.seal(name, json.dumps(value, ensure_ascii=False).encode())

    def open_json(self, name: str, sealed: bytes) -> Any:
        """A plain value again."""
        return json.loads(self.open(name, sealed))
