"""The signature on what is exchanged with a message service: who sent it, when, and that nobody changed it. Pure.

    Fangkong-Signature: t=<unix seconds>,kid=<key id>,v1=<hex of HMAC-SHA256(key, "<t>.<id>." + body)>

`id` is the message's id (also the `Idempotency-Key`); of a receipt, it is the word `receipts`.
"""

import hmac
import re
from collections.abc import Mapping
from typing import ClassVar

from shared.kernel.refusal import Refusal

HEADER = "Fangkong-Signature"
TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, in real time; a protocol's number, not a rule of the observation."""
_FORM = re.compile(r"t=(\d{1,12}),kid=([A-Za-z0-9]{1,16}),v1=([0-9a-f]{64})")


class SignatureRefused(Refusal):
    """The signature does not hold. Does not say why."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "signature_refused"


def sign(kid: str, key: bytes, *, at: int, of: str, body: bytes) -> str:
    """Make the header's value for a body that is sent at an instant (unix seconds)."""
    return f"t={at},kid={kid},v1={_mac(key, at, of, body)}"


def check_signature(
    header: str | None, keys: Mapping[str, bytes], *, now: float, of: str, body: bytes
) -> None:
    """Insist on a signature by one of the keys, made within five minutes from now.

    Raises:
        SignatureRefused.
    """
    form = _FORM.fullmatch(header or "")
    if form is not None:
        at, key = int(form[1]), keys.get(form[2])
        fresh = abs(now - at) <= TOLERANCE_SECONDS
        if key is not None and fresh and hmac.compare_digest(form[3], _mac(key, at, of, body)):
            return
    raise SignatureRefused("签名无效或已过期。The signature does not hold, or is too old.")


def _mac(key: bytes, at: int, of: str, body: bytes) -> str:
    return hmac.digest(key, f"{at}.{of}.".encode() + body, "sha256").hex()
