"""Sealed fields: personal values as ciphertext that opens only for its person and field (architecture §8).

Every person has a data key of their own. It is kept, wrapped by the service's master key, in a key store
beside the main database; destroying it makes every sealed value of that person unreadable at once, in the
database and in each of its backups. Lookup goes through keyed indexes (HMAC), which say nothing without the
index key.

    sealed value   version 1 byte | data key id 4 | nonce 12 | AES-256-GCM ciphertext and tag
                   associated data: person and field, so a value cannot be moved to another row or column
    index value    kid | ":" | first 16 bytes of HMAC-SHA256(field, value)
"""

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kernel.clock import Clock
from shared.kernel.masters import (
    FileWrapper,
    KeySource,
    SealError,
    TamperedError,
    UnknownKeyError,
    WrappedKey,
)
from shared.kernel.secrets import KEY_BYTES, KeyRing

_VERSION = b"\x01"
_NONCE = 12
_ID = 4
_HEAD = len(_VERSION) + _ID
_SHORTEST = _HEAD + _NONCE + 16
_INDEX_BYTES = 16


class PersonKeyMissingError(SealError):
    """The person has no data key: erased, or never sealed anything here."""

    def __init__(self, ref: UUID) -> None:
        super().__init__(f"no data key for person {ref}")
        self.ref = ref


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's opened data key. Use it and let it go: erasure counts on keys not being kept."""

    ref: UUID
    id: bytes
    cipher: AESGCM = field(repr=False)

    @classmethod
    def of(cls, ref: UUID, key: bytes) -> Self:
        """Make it from the 32 bytes of the key; its id is a fingerprint of them."""
        return cls(ref, hashlib.sha256(b"fangkong data key id" + key).digest()[:_ID], AESGCM(key))


class PersonKeys(dict[UUID, PersonKey]):
    """Keys of many people; a person without one raises PersonKeyMissingError, `get` gives None."""

    def __missing__(self, ref: UUID) -> PersonKey:
        raise PersonKeyMissingError(ref)


class KeyStore(Protocol):
    """Where wrapped keys live: `shared.db.keystore`, or a KMS."""

    async def fetch(self, refs: Sequence[UUID]) -> list[WrappedKey]:
        """Tell the living keys among these people's."""

    async def add(self, keys: Sequence[WrappedKey], at: datetime) -> None:
        """Keep new keys; whoever has one, or a tombstone, keeps that."""

    async def destroy(self, ref: UUID, at: datetime) -> None:
        """Replace the key by a tombstone, for good."""

    async def wrapped_otherwise(self, master_kid: str, limit: int) -> list[WrappedKey]:
        """Tell keys that are wrapped by another master key."""

    async def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace the wrapping of living keys."""


class Wrapper(Protocol):
    """Who holds the master key: `shared.kernel.masters.FileWrapper`, or a KMS."""

    async def current(self) -> str:
        """Tell the id of the master key that wraps."""

    async def wrap(self, keys: Sequence[tuple[UUID, bytes]]) -> list[WrappedKey]:
        """Wrap people's data keys with the current master key, each bound to its person."""

    async def unwrap(self, keys: Sequence[WrappedKey]) -> list[bytes]:
        """Open wrapped data keys, in order.

        Raises:
            UnknownKeyError, TamperedError: one of them does not open.
        """


class Vault:
    """Seals, opens and indexes personal values of one service."""

    CACHE_SECONDS = 60.0
    """How long an opened key may be used from memory: an erasure by another process holds after this."""

    def __init__(
        self,
        store: KeyStore,
        keys: KeySource,
        clock: Clock,
        *,
        wrapper: Wrapper | None = None,
        cache_size: int = 20_000,
    ) -> None:
        self._store = store
        self._clock = clock
        self._source = keys
        self._wrapper = wrapper or FileWrapper(keys)
        self._indexing = _Indexing.of(keys.now().index)
        self._cache: OrderedDict[UUID, tuple[float, PersonKey]] = OrderedDict()
        self._cache_size = cache_size

    async def keys(self, refs: Iterable[UUID], *, create: bool = False) -> PersonKeys:
        """Fetch the data keys of many people in one statement, making missing ones if `create`.

        Who is erased has no entry, also with `create`: a destroyed key is never made again. Two processes
        that create for the same person at once get the same key.

        Raises:
            UnknownKeyError, TamperedError: a stored key does not open with the master keys of the file.
        """
        found, missing = PersonKeys(), []
        now = self._clock.monotonic()
        for ref in dict.fromkeys(refs):
            cached = self._cache.get(ref)
            if cached is not None and cached[0] > now:
                self._cache.move_to_end(ref)
                found[ref] = cached[1]
            else:
                missing.append(ref)
        if missing:
            stored = await self._store.fetch(missing)
            absent = set(missing).difference(key.ref for key in stored) if create else set()
            if absent:
                fresh = await self._wrapper.wrap([(ref, os.urandom(KEY_BYTES)) for ref in sorted(absent)])
                await self._store.add(fresh, self._clock.real_now())
                stored += await self._store.fetch([key.ref for key in fresh])
            for wrapped, opened in zip(stored, await self._wrapper.unwrap(stored), strict=True):
                found[wrapped.ref] = self._remember(PersonKey.of(wrapped.ref, opened), now)
        return found

    async def key(self, ref: UUID, *, create: bool = False) -> PersonKey:
        """Fetch one person's data key.

        Raises:
            PersonKeyMissingError: erased, or none yet and not to be created.
        """
        return (await self.keys([ref], create=create))[ref]

    async def destroy(self, ref: UUID) -> None:
        """Make everything sealed for this person unreadable, for good."""
        await self._store.destroy(ref, self._clock.real_now())
        self._cache.pop(ref, None)

    def forget_keys(self) -> None:
        """Use no opened key from memory any more."""
        self._cache.clear()

    async def rewrap(self, batch: int = 1_000) -> int:
        """Wrap up to `batch` data keys that an older master key wraps with the current one; tell how many."""
        old = await self._store.wrapped_otherwise(await self._wrapper.current(), batch)
        if old:
            opened = await self._wrapper.unwrap(old)
            refs = [key.ref for key in old]
            await self._store.rewrap(await self._wrapper.wrap(list(zip(refs, opened, strict=True))))
        return len(old)

    @staticmethod
    def seal(key: PersonKey, field_name: str, text: str) -> bytes:
        """Seal a value of this person."""
        nonce = os.urandom(_NONCE)
        return (
            _VERSION + key.id + nonce + key.cipher.encrypt(nonce, text.encode(), _bound(key.ref, field_name))
        )

    @staticmethod
    def open(key: PersonKey, field_name: str, value: bytes) -> str:
        """Open a value that was sealed for this person and field.

        Raises:
            UnknownKeyError: sealed with another key, or in a version of the format that is not known.
            TamperedError: changed, or sealed for another person or field.
        """
        if len(value) < _SHORTEST:
            raise TamperedError(f"{field_name}: too short to be a sealed value")
        if value[:1] != _VERSION or value[1:_HEAD] != key.id:
            raise UnknownKeyError(f"{field_name}: sealed with another key")
        nonce, ciphertext = value[_HEAD : _HEAD + _NONCE], value[_HEAD + _NONCE :]
        try:
            return key.cipher.decrypt(nonce, ciphertext, _bound(key.ref, field_name)).decode()
        except InvalidTag:
            raise TamperedError(f"{field_name}: changed, or of another person or field") from None

    def index(self, field_name: str, text: str) -> bytes:
        """Make the lookup value of a field for storing. The caller has normalised the text."""
        now = self._now()
        return now.value(now.current, field_name, text)

    def index_all(self, field_name: str, text: str) -> list[bytes]:
        """Make the lookup values under every index key in the file, for finding rows during a rotation."""
        now = self._now()
        return [now.value(kid, field_name, text) for kid in now.keys]

    def former(self, field_name: str, text: str) -> dict[bytes, bytes]:
        """What rows may still hold for a value, and what they will: empty but during a rotation of the index key."""
        now = self._now()
        if len(now.keys) == 1:
            return {}
        current = now.value(now.current, field_name, text)
        return {value: current for value in self.index_all(field_name, text) if value != current}

    @property
    def index_prefix(self) -> bytes:
        """How every lookup value begins that the current index key made."""
        return self._now().current.encode() + b":"

    @property
    def index_prefixes(self) -> list[bytes]:
        """How lookup values begin that any index key of the file made."""
        return [kid.encode() + b":" for kid in self._now().keys]

    def _now(self) -> "_Indexing":
        ring = self._source.now().index
        if ring is not self._indexing.ring:
            self._indexing = _Indexing.of(ring)
        return self._indexing

    def _remember(self, key: PersonKey, now: float) -> PersonKey:
        self._cache[key.ref] = (now + self.CACHE_SECONDS, key)
        self._cache.move_to_end(key.ref)
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return key


@dataclass(frozen=True, slots=True)
class _Indexing:
    """Index keys made ready once: hashing goes on from a copy, which takes half as long as beginning with the key."""

    ring: KeyRing
    current: str
    keys: "dict[str, hmac.HMAC]"

    @classmethod
    def of(cls, ring: KeyRing) -> Self:
        return cls(
            ring,
            ring.current,
            {kid: hmac.new(key, digestmod=hashlib.sha256) for kid, key in ring.keys.items()},
        )

    def value(self, kid: str, field_name: str, text: str) -> bytes:
        keyed = self.keys[kid].copy()
        keyed.update(f"{field_name}\0{text}".encode())
        return kid.encode() + b":" + keyed.digest()[:_INDEX_BYTES]


def _bound(ref: UUID, name: str) -> bytes:
    return ref.bytes + name.encode()
