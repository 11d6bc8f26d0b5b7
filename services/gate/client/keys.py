"""The device's own key: it signs what the device asks, so that a copied credential alone opens nothing (0058).

A handset keeps such a key in its key store, a browser where no script reads it. This client has a disk: the key lies
in its sealed store.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_ECDSA = ec.ECDSA(hashes.SHA256())
_SIZE = 32


class DeviceKey:
    """A key pair for ES256."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def make(cls) -> Self:
        """A new one."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, kept: Mapping[str, str]) -> Self:
        """One that was kept."""
        x, y, d = (int.from_bytes(urlsafe_b64decode(kept[name] + "=")) for name in ("x", "y", "d"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
        return cls(ec.EllipticCurvePrivateNumbers(d, public).private_key())

    def keep(self) -> dict[str, str]:
        """For the sealed store."""
        return self.public() | {"d": _spelled(self._private.private_numbers().private_value)}

    def public(self) -> dict[str, str]:
        """What the gate is told."""
        numbers = self._private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _spelled(numbers.x), "y": _spelled(numbers.y)}

    def proof(self, method: str, target: str, device_id: UUID, second: int, body: bytes) -> str:
        """What follows the credential of a request: a signature at a second of the server's time."""
        digest = hashlib.sha256(body).hexdigest()
        text = "\n".join(("fangkong device request", method, target, str(device_id), str(second), digest))
        r, s = decode_dss_signature(self._private.sign(text.encode(), _ECDSA))
        raw = r.to_bytes(_SIZE) + s.to_bytes(_SIZE)
        return f"s.{second}.{urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def _spelled(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(_SIZE)).rstrip(b"=").decode()
