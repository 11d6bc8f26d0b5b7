"""Personal links: a secret that nobody guesses, and the session of the phone that opens it first (architecture §7)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

_BYTES = 32
"""256 bits: nobody guesses a secret, and a plain hash of it can be kept."""


def new_secret() -> str:
    """A link's token, or a session's secret."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of a secret: it is random enough for a plain hash."""
    return hashlib.sha256(secret.encode()).digest()


def session_for(token: str, device_key: str | None) -> str:
    """The session of a phone; one that names a key of its own gets the same again when an answer was lost."""
    if device_key is None:
        return new_secret()
    bound = hmac.digest(device_key.encode(), token.encode(), "sha256")
    return urlsafe_b64encode(bound).rstrip(b"=").decode()


def same_digest(kept: bytes, secret: str) -> bool:
    """Whether a secret is the one whose digest was kept, in constant time."""
    return hmac.compare_digest(kept, digest(secret))
