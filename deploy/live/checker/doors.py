"""Where the checker looks: addresses and credentials in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE = 60.0
"""Seconds for an answer to the checker: a machine that is slow is no fault of the town."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Databases by service, the stream, and headquarters' pages with the headers of somebody who may read them."""

    databases: Mapping[str, str] = field(repr=False)
    nats_url: str
    nats_user: str
    nats_seed: str = field(repr=False)
    headquarters: str
    headers: Mapping[str, str] = field(repr=False)


class Names:
    """The ledger's own name of what the services know by an id."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._back: dict[str, dict[str, str]] = {}
        for name, known_as in ids.items():
            kind, _, key = name.partition("/")
            self._back.setdefault(kind, {})[known_as] = key

    def of(self, kind: str, known_as: object) -> str:
        """The name; the id itself where nobody of the ledger has it."""
        return self._back.get(kind, {}).get(str(known_as), str(known_as))
