"""Free text about something, sealed: people write names where a form asks for a reason (architecture section 8)."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """A text as it is kept, with the keyed index by which a repeat of it is known."""

    sealed: bytes = field(repr=False)
    index: bytes = field(repr=False)


async def seal(vault: Vault, about: UUID, field_name: str, text: str | None) -> SealedText | None:
    """Seal a text under the key of what it is about (a site, a pickup); None for none."""
    if text is None:
        return None
    key = await vault.key(about, create=True)
    return SealedText(sealed=vault.seal(key, field_name, text), index=vault.index(field_name, text))


async def unseal(vault: Vault, about: UUID, field_name: str, sealed: bytes | None) -> str | None:
    """Open a text that was sealed for this; None for none."""
    return None if sealed is None else vault.open(await vault.key(about), field_name, sealed)


def same(vault: Vault, field_name: str, kept: bytes | None, text: str | None) -> bool:
    """Say whether a text is the one that was kept, also under an index key that is on its way out."""
    if kept is None or text is None:
        return (kept is None) == (text is None)
    return kept in vault.index_all(field_name, text)


def said_in(command: object) -> str:
    """Everything that a command says but when it was sent, as one text: of a repeat it is the same.

    Its keyed index is what is kept.

    Raises:
        TypeError: not a dataclass instance.
    """
    fields: Any = command
    said = {name: value for name, value in asdict(fields).items() if name != "sent_at"}
    return json.dumps(said, default=str, ensure_ascii=False, sort_keys=True)
