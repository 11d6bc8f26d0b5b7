"""Who a process is on the bus: a user with an nkey (Ed25519). The bus knows the public half only."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import nkeys


class CredentialsError(Exception):
    """A seed is missing or malformed. The message never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user of the bus and the seed that its process signs the server's challenge with.

    Attributes:
        user: also the prefix of its private inbox: the bus lets nobody else listen there.
        seed: proves who it is; it is never sent.
    """

    user: str
    seed: str = field(repr=False)

    @classmethod
    def new(cls, user: str) -> Self:
        """A user with a fresh key."""
        return cls(user=user, seed=nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())

    @classmethod
    def read(cls, path: Path | None, user: str) -> Self | None:
        """From a file that holds a user's seed and nothing else; None where the bus asks for none.

        Raises:
            CredentialsError: it cannot be read, or is no seed.
        """
        if path is None:
            return None
        try:
            made = cls(user=user, seed=path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{path}: {type(error).__name__}") from None
        try:
            made.public  # noqa: B018 -- a seed that is none says so before anything connects
        except CredentialsError:
            raise CredentialsError(f"{path}: not the seed of an nkey for a user") from None
        return made

    @property
    def public(self) -> str:
        """What the bus is told.

        Raises:
            CredentialsError: the seed is none of a user.
        """
        try:
            public: str = nkeys.from_seed(bytearray(self.seed.encode())).public_key.decode()
        except (nkeys.NkeysError, ValueError) as error:
            raise CredentialsError(f"{self.user}: {type(error).__name__}") from None
        if not public.startswith("U"):
            raise CredentialsError(f"{self.user}: a key, but not of a user")
        return public
