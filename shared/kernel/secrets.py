"""Named keys from files: a current one that writes, older ones that still read, so keys can be rotated."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

KEY_BYTES = 32


class KeyFileError(Exception):
    """A key file is missing or malformed. The message never quotes a key."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id (kid). Short ids: they are stored beside every value."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise KeyFileError(f"the current key {self.current!r} is not among the keys")
        for kid, key in self.keys.items():
            if not (0 < len(kid) <= 16 and kid.isascii() and kid.isalnum()) or len(key) != KEY_BYTES:
                raise KeyFileError(f"key {kid!r}: an id is 1 to 16 letters and digits, a key is 32 bytes")

    @classmethod
    def parse(cls, content: Any) -> Self:
        """Read `{"current": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}`."""
        try:
            keys = {str(kid): b64decode(key, validate=True) for kid, key in content["keys"].items()}
            return cls(str(content["current"]), keys)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise KeyFileError(f"not a key ring: {type(error).__name__}") from None


def read_key_file(path: Path) -> dict[str, Any]:
    """Read a JSON key file.

    Raises:
        KeyFileError: it cannot be read or is not a JSON object.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{path}: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise KeyFileError(f"{path}: not a JSON object")
    return content
