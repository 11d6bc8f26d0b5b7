"""Master keys: they wrap people's data keys, and may be exchanged while everything runs.

wrapped key    nonce 12 | AES-256-GCM ciphertext and tag; associated data: person and master key id
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kernel.secrets import KeyFileError, KeyRing, read_key_file

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
"""How long a process may go on with a file that was replaced; a rotation waits longer between its steps."""
_NONCE = 12


class SealError(Exception):
    """A sealed value or key does not open. Messages never quote values or keys."""


class TamperedError(SealError):
    """The bytes were changed, or moved to another person or field."""


class UnknownKeyError(SealError):
    """Sealed with another data key, or wrapped by a master key that is not in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A data key as the key store holds it."""

    ref: UUID
    master_kid: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeys:
    """A service's own keys: `master` wraps data keys, where no KMS does; `index` makes lookup values."""

    master: KeyRing | None
    index: KeyRing

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read MASTER_KEY_FILE: a key ring with a second one under `index_key`.

        Raises:
            KeyFileError: missing or malformed.
        """
        content = read_key_file(path)
        return cls(master=KeyRing.parse(content), index=KeyRing.parse(content.get("index_key")))

    def now(self, *, again: bool = False) -> Self:  # noqa: ARG002 -- these do not change
        """Tell these keys."""
        return self


class KeySource(Protocol):
    """Where the keys come from; they may be others the next time."""

    def now(self, *, again: bool = False) -> MasterKeys:
        """Tell the keys that hold now; `again`: look at the file even if it was looked at just now."""


class MasterKeyFile:
    """MASTER_KEY_FILE, read again when it was replaced. One that cannot be used leaves the keys before it in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = MasterKeys.load(path)
        self._stamp = self._seen()
        self._looked = time.monotonic()

    def now(self, *, again: bool = False) -> MasterKeys:
        """Tell the keys that hold now."""
        if again or time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            stamp = self._seen()
            if stamp not in (None, self._stamp):
                self._stamp = stamp
                try:
                    self._keys = MasterKeys.load(self._path)
                    log.info("keys_read", master=self._keys.master and self._keys.master.current)
                except KeyFileError as error:
                    log.error("key_file_unusable", reason=str(error))  # noqa: TRY400 -- it quotes no key
        return self._keys

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:  # between two files
            return None
        return found.st_mtime_ns, found.st_ino


class FileWrapper:
    """Wraps with the master keys of a file."""

    def __init__(self, source: KeySource) -> None:
        self._source = source

    async def current(self) -> str:
        """Tell the id of the master key that wraps."""
        return self._ring().current

    async def wrap(self, keys: Sequence[tuple[UUID, bytes]]) -> list[WrappedKey]:
        """Wrap people's data keys with the current master key, each bound to its person."""
        ring = self._ring()
        kid, cipher = ring.current, AESGCM(ring.keys[ring.current])
        made = []
        for ref, key in keys:
            nonce = os.urandom(_NONCE)
            wrapped = nonce + cipher.encrypt(nonce, key, ref.bytes + kid.encode())
            made.append(WrappedKey(ref=ref, master_kid=kid, wrapped=wrapped))
        return made

    async def unwrap(self, keys: Sequence[WrappedKey]) -> list[bytes]:
        """Open wrapped data keys, in order.

        Raises:
            UnknownKeyError, TamperedError: one of them does not open.
        """
        ring = self._ring()
        if any(key.master_kid not in ring.keys for key in keys):
            ring = self._ring(again=True)  # another process wraps with a key that came just now
        ciphers = {kid: AESGCM(key) for kid, key in ring.keys.items()}
        return [self._open(key, ciphers.get(key.master_kid)) for key in keys]

    @staticmethod
    def _open(key: WrappedKey, cipher: AESGCM | None) -> bytes:
        if cipher is None:
            raise UnknownKeyError(
                f"data key of {key.ref}: master key {key.master_kid!r} is not in the key file"
            )
        bound = key.ref.bytes + key.master_kid.encode()
        try:
            return cipher.decrypt(key.wrapped[:_NONCE], key.wrapped[_NONCE:], bound)
        except InvalidTag:
            raise TamperedError(
                f"data key of {key.ref} does not open with master key {key.master_kid!r}"
            ) from None

    def _ring(self, *, again: bool = False) -> KeyRing:
        ring = self._source.now(again=again).master
        if ring is None:
            raise UnknownKeyError("the key file holds no master key, and no KMS is named")
        return ring
