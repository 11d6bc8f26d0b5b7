"""Passwords and keys of the local stack: generated once, kept in files that only their owner can read."""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from deploy.local.files import read_json, write_private
from deploy.local.names import CARD_READERS, SERVICES
from shared.bus.credentials import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The folder of secrets of one home."""

    folder: Path

    def make(self) -> None:
        """Generate what is missing; what exists is never changed, because data is encrypted with it."""
        self._passwords()
        cards = self._cards()
        for service in SERVICES:
            if not self.master_key_file(service).exists():
                write_private(self.master_key_file(service), json.dumps(_master()))
            held = {recipient: cards[recipient] for recipient in CARD_READERS[service]}
            write_private(self.card_keys_file(service), json.dumps(held))

    def master_key_file(self, service: str) -> Path:
        """Master key and index key of a service; no other service has them."""
        return self.folder / f"master-{service}.json"

    def card_keys_file(self, service: str) -> Path:
        """Keys of the recipients that a service seals cards for, and its own to open them."""
        return self.folder / f"cards-{service}.json"

    def nats_file(self, service: str) -> Path:
        """The seed of a service's key on the bus."""
        return self.folder / f"nats-{service}.nk"

    def write_nats(self, who: Credentials) -> None:
        """Hand a service its credentials for the bus."""
        write_private(self.nats_file(who.user), who.seed + "\n")

    def password(self, role: str) -> str:
        """Password of a database role such as ``gate_app``."""
        return self._passwords()[role]

    def _passwords(self) -> dict[str, str]:
        file = self.folder / "databases.json"
        known: dict[str, str] = read_json(file)
        roles = [f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app")]
        if missing := [role for role in roles if role not in known]:
            known |= {role: secrets.token_urlsafe(24) for role in missing}
            write_private(file, json.dumps(known))
        return known

    def _cards(self) -> dict[str, dict[str, object]]:
        """All card keys; only this file has them together, and no service is given it."""
        file = self.folder / "cards.json"
        known: dict[str, dict[str, object]] = read_json(file)
        recipients = sorted({name for held in CARD_READERS.values() for name in held})
        if missing := [name for name in recipients if name not in known]:
            known |= {name: {"current": "c1", "keys": {"c1": _key()}} for name in missing}
            write_private(file, json.dumps(known))
        return known


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _master() -> dict[str, object]:
    return {
        "current": "k1",
        "keys": {"k1": _key()},
        "index_key": {"current": "i1", "keys": {"i1": _key()}},
    }
