"""That a device has its key: a signature over one request, which a copied credential alone cannot make (0058).

A device signs the method, the address below the host, its id, the second by the server's clock, and the body's digest.
"""

import hashlib
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from shared.kernel.refusal import Refusal

SIGNATURE, TICKET = "s", "t"
_HALF = 32
_ECDSA = ec.ECDSA(hashes.SHA256())
_PURPOSE = "fangkong device request"


class ProofNeeded(Refusal):
    """The device has a key and did not show it, or the signature is not its own over this request."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "proof_needed"

    def __init__(self) -> None:
        super().__init__("该请求未由设备密钥签名。This request is not signed by the device's key.")


class ProofStale(Refusal):
    """Signed for another minute: the device takes the server's time from `now`, signs again, and is let in."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "proof_stale"

    def __init__(self, now: int) -> None:
        super().__init__(
            "签名时间已过，请按服务器时间重新签名。Signed for another time; sign again by the server's.",
            now=now,
        )


class DeviceKeyNeeded(Refusal):
    """From the policy's day on a device without a key does nothing but give itself one."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "device_key_needed"

    def __init__(self) -> None:
        super().__init__(
            "该设备尚无密钥，请更新后登记密钥。This device has no key yet; it has to give itself one."
        )


class DeviceKeyInvalid(Refusal):
    """What was told is no public key for ES256, or the device has another one already."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "device_key_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request as a device signs it. `target` is the path, with `?` and the query where there is one."""

    method: str
    target: str
    device_id: UUID
    body: bytes

    def text(self, second: int) -> bytes:
        """What is signed at a second of the server's real time."""
        digest = hashlib.sha256(self.body).hexdigest()
        return "\n".join(
            (_PURPOSE, self.method, self.target, str(self.device_id), str(second), digest)
        ).encode()


def read_key(spelled: str) -> ec.EllipticCurvePublicKey:
    """A device's public key from how it is kept: `x.y` in base64url.

    Raises:
        DeviceKeyInvalid: it is no point of the curve.
    """
    try:
        x, y = (int.from_bytes(_unspelled(part)) for part in spelled.split("."))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise DeviceKeyInvalid("公钥无效。This is no public key for ES256.", field="public_key") from None


def decide_proof(
    proof: str, request: Signed, key: ec.EllipticCurvePublicKey, *, now: float, tolerance_seconds: float
) -> None:
    """Insist that the key made this proof of this request, lately.

    Raises:
        ProofNeeded: it did not.
        ProofStale: it did, for a time too far from now.
    """
    kind, _, rest = proof.partition(".")
    second, _, spelled = rest.partition(".")
    try:
        at, signature = int(second), _unspelled(spelled)
        if kind != SIGNATURE or len(signature) != 2 * _HALF or len(second) > 12:
            raise ProofNeeded
        halves = int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])
        key.verify(encode_dss_signature(*halves), request.text(at), _ECDSA)
    except (ValueError, InvalidSignature):
        raise ProofNeeded from None
    if abs(now - at) > tolerance_seconds:
        raise ProofStale(int(now))


def _unspelled(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
