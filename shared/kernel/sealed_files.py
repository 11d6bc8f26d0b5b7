"""Files in the database: sealed in parts of a megabyte, each file under its own key (architecture section 8)."""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from shared.kernel.sealed import PersonKey, Vault

_PART_BYTES = 1_000_000


def seal_parts(key: PersonKey, name: str, content: bytes) -> list[bytes]:
    """The sealed parts of a file; `name` is part of what is stored and never renamed."""
    return [
        Vault.seal(key, f"{name}_{number}", b64encode(content[start : start + _PART_BYTES]).decode())
        for number, start in enumerate(range(0, len(content), _PART_BYTES))
    ]


def open_parts(key: PersonKey, name: str, parts: Sequence[bytes]) -> bytes:
    """The file."""
    return b"".join(b64decode(Vault.open(key, f"{name}_{number}", part)) for number, part in enumerate(parts))
