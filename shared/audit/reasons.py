"""Why somebody looked, in their own words: people write names where a form asks for a reason, so it is kept sealed.

One key of each service seals all reasons of its log: the log outlives whoever it is about, and is read as long as there
is a service to read it. What the chain hashes is the sealed text: it can be walked without any key.
"""

from base64 import b64decode, b64encode
from uuid import UUID

from shared.kernel.sealed import PersonKey, Vault

LOG = UUID("5ea1ed00-0000-4000-8000-000000000001")
"""What the key is of: no person and no object, the log itself."""
_FIELD = "audit_reason"
_MARK = "sealed:"


async def sealed(vault: Vault, reason: str | None) -> str | None:
    """A reason as the log keeps it; none stays none."""
    if not reason:
        return reason
    key = await vault.key(LOG, create=True)
    return _MARK + b64encode(Vault.seal(key, _FIELD, reason)).decode()


class Reasons:
    """Opens what the log keeps."""

    def __init__(self, key: PersonKey | None) -> None:
        self._key = key

    @classmethod
    async def of(cls, vault: Vault) -> "Reasons":
        """With the service's key, where anything was ever sealed with it."""
        return cls((await vault.keys([LOG])).get(LOG))

    def open(self, kept: str | None) -> str | None:
        """What was said; a code of our own was never sealed."""
        if kept is None or self._key is None or not kept.startswith(_MARK):
            return kept
        return Vault.open(self._key, _FIELD, b64decode(kept.removeprefix(_MARK)))
