"""Lists for devices: gathered in one transaction, opened outside of it, signed, and made once for many who ask."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import cbor2

from services.gate.domain import signed
from services.gate.domain.lists import (
    ListedPass,
    ListedVehiclePass,
    ListRules,
    PassList,
    bits_of,
    pack,
    rules_content,
)
from services.gate.domain.subjects import masked
from services.gate.sealing import HOMES, LIST_KEY, SURNAME
from services.gate.store import lists as store
from services.gate.store.lists import Holder
from shared.db.pool import Conn, Database, Tx
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.sealed import Vault

OPENED_IN_A_ROW = 100
"""Cards opened before others get a turn: some milliseconds, so that a check at a gate need not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a device names to be told only what changed: where it stood, and by which rules."""

    epoch: int
    point: int
    rules: str

    @classmethod
    def read(cls, text: str | None) -> "Version | None":
        """From the text that a list carries; None for what is no version of ours."""
        parts = (text or "").split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts[:2]):
            return None
        return cls(epoch=int(parts[0]), point=int(parts[1]), rules=parts[2])

    def __str__(self) -> str:
        return f"{self.epoch}.{self.point}.{self.rules}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything of a list, as one transaction saw it; names are still sealed."""

    compound: CompoundId
    version: Version
    since: Version | None
    made_at: datetime
    rules: ListRules
    holders: Sequence[Holder] = field(repr=False)
    vehicles: tuple[ListedVehiclePass, ...] = ()


async def ensure_key(database: Database, vault: Vault) -> None:
    """At the very first start: make the key that signs lists. Done once."""
    async with database.begin(actor="gate") as tx:
        await tx.execute(store.LOCK_KEYS)
        if await store.signing_key(tx) is not None:
            return
        private, key_ref = pass_token.make_key(), uuid7()
        sealing = await vault.key(key_ref, create=True)
        sealed = vault.seal(sealing, LIST_KEY, json.dumps(private))
        await store.add_key(tx, private["kid"], key_ref, pass_token.public_part(private), sealed)


async def signing_key(conn: Conn, vault: Vault) -> dict[str, str]:
    """The key that signs lists.

    Raises:
        LookupError: the service was not prepared.
    """
    row = await store.signing_key(conn)
    if row is None:
        raise LookupError("no key signs lists: the service was not prepared")
    opened: dict[str, str] = json.loads(
        vault.open(await vault.key(row["key_ref"]), LIST_KEY, row["private_sealed"])
    )
    return opened


async def gather(compound: CompoundId, since: Version | None, rules: ListRules, *, tx: Tx) -> Gathered:
    """The list of a compound, or what changed in it since a version; the point is read before the rows.

    What a device holds from another epoch, or from a point that is still to come, cannot be continued: it gets all.
    """
    epoch, point = await store.point(tx)
    if since is not None and (since.epoch != epoch or since.point > point):
        since = None
    holders = (
        await store.changed_passes(tx, compound, since.point)
        if since
        else await store.all_passes(tx, compound, tx.now)
    )
    vehicles = await store.vehicle_passes(tx, compound, tx.now, since.point if since else None)
    return Gathered(
        compound=compound,
        version=Version(epoch=epoch, point=point, rules=fingerprint(rules)),
        since=since,
        made_at=tx.now,
        rules=rules,
        holders=holders,
        vehicles=vehicles,
    )


async def make(gathered: Gathered, key: dict[str, str], *, vault: Vault) -> bytes:
    """The signed document of a list."""
    told = gathered.since is None or gathered.since.rules != gathered.version.rules
    made = PassList(
        compound=gathered.compound,
        made_at=gathered.made_at,
        version=str(gathered.version),
        since=str(gathered.since) if gathered.since else None,
        rules=gathered.rules if told else None,
        passes=tuple([row async for row in _opened(gathered, vault)]),
        vehicles=gathered.vehicles,
    )
    return signed.sign(await asyncio.to_thread(pack, made), key)


def fingerprint(rules: ListRules) -> str:
    """Equal for equal rules."""
    return hashlib.sha256(cbor2.dumps(rules_content(rules))).hexdigest()[:12]


async def _opened(gathered: Gathered, vault: Vault) -> AsyncIterator[ListedPass]:
    """Rows as a guard may see them. Of who was erased, or has no card here, only the pass is left."""
    here = gathered.compound
    for start in range(0, len(gathered.holders), OPENED_IN_A_ROW):
        some = gathered.holders[start : start + OPENED_IN_A_ROW]
        keys = await vault.keys({holder.person_ref for holder in some})
        for holder in some:
            key = keys.get(holder.person_ref)
            surname = vault.open(key, SURNAME, holder.surname) if key and holder.surname else None
            homes = json.loads(vault.open(key, HOMES, holder.homes)) if key and holder.homes else {}
            yield ListedPass(
                number=holder.number,
                serial=holder.serial,
                state=holder.state,
                valid_from=holder.valid_from,
                valid_until=holder.valid_until,
                bound=bits_of(holder.restrictions, here),
                surname=masked(surname) if surname else None,
                room=homes.get(here),
                hours=holder.hours,
            )
        await asyncio.sleep(0)
