"""Everything the registry holds of one person, opened for their sheet (R4.3, Identity, P2, P10)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.passes import Hold
from services.registry.handlers import people_acts, people_holds, people_reading
from services.registry.handlers.people_events import PLATE
from services.registry.handlers.people_reading import Profile
from services.registry.store import merges as merge_store
from services.registry.store import passes as pass_store
from services.registry.store import people as people_store
from services.registry.store import people_acts as act_store
from services.registry.store import people_holds as hold_store
from services.registry.store import returnees as returnee_store
from services.registry.store import vehicles as vehicle_store
from services.registry.store.passes import EntryPass
from services.registry.store.returnees import ObservedAs
from services.registry.store.vehicles import Vehicle, VehiclePass
from shared.db.pool import Conn
from shared.kernel.sealed import PersonKeys, Vault

MOST_ACTS = 200
"""Acts that a sheet shows, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document of the person, held now or withdrawn."""

    kind: str
    number: str
    error: str | None
    added_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One act of the history, opened. `before` and `after` have the values that it changed."""

    row: asyncpg.Record
    reason: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A hold that somebody settled by command."""

    row: asyncpg.Record
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A person with everything that is kept of them, of records that were merged all together."""

    profile: Profile
    papers: Sequence[Paper]
    stays: Sequence[asyncpg.Record]
    passes: Sequence[EntryPass]
    vehicles: Sequence[tuple[Vehicle, str]]
    vehicle_passes: Sequence[VehiclePass]
    observations: Sequence[ObservedAs]
    holds: Sequence[Hold]
    settlements: Sequence[Settled]
    merges: Sequence[asyncpg.Record]
    acts: Sequence[Done]


async def read(conn: Conn, person_ref: UUID, vault: Vault) -> Sheet | None:
    """A person's sheet; None where nobody has this reference, or they were erased."""
    found = await people_reading.profiles(conn, [person_ref], vault)
    if not found:
        return None
    profile = found[0]
    ref = profile.person_ref
    group = [ref, *profile.merged]
    keys = await vault.keys(group)
    acts = [
        _done(row, keys)
        for row in await act_store.history(conn, group, MOST_ACTS)
        if row["person_ref"] in keys
    ]
    stays = [*(await act_store.stays(conn, people=group)).values(), *await act_store.periods(conn, group)]
    vehicles = [
        (one, Vault.open(keys[one.person_ref], PLATE, one.plate_sealed))
        for one in await vehicle_store.of_people(conn, group)
        if one.person_ref in keys
    ]
    return Sheet(
        profile=profile,
        papers=_papers(await people_store.papers(conn, group), acts, keys),
        stays=sorted(stays, key=lambda row: (row["registered_on"], row["dwelling_id"])),
        passes=await pass_store.of_person(conn, ref),
        vehicles=vehicles,
        vehicle_passes=await vehicle_store.passes_of(conn, [one.vehicle_ref for one, _ in vehicles]),
        observations=await returnee_store.observations_of(conn, ref),
        holds=await pass_store.holds(conn, ref),
        settlements=[
            Settled(row=row, note=_opened(keys, row["person_ref"], people_holds.NOTE, row["note_sealed"]))
            for row in await hold_store.of_people(conn, group)
        ],
        merges=await merge_store.merges_of(conn, group),
        acts=acts,
    )


def _opened(keys: PersonKeys, ref: UUID, name: str, sealed: bytes | None) -> str | None:
    key = keys.get(ref)
    return Vault.open(key, name, sealed) if key and sealed else None


def _done(row: asyncpg.Record, keys: PersonKeys) -> Done:
    ref = row["person_ref"]
    before = _opened(keys, ref, people_acts.BEFORE, row["before_sealed"])
    after = _opened(keys, ref, people_acts.AFTER, row["after_sealed"])
    return Done(
        row=row,
        reason=_opened(keys, ref, people_acts.REASON, row["reason_sealed"]),
        before=json.loads(before) if before else {},
        after=json.loads(after) if after else {},
    )


def _papers(rows: Iterable[asyncpg.Record], acts: Iterable[Done], keys: PersonKeys) -> list[Paper]:
    """Documents held now, and after them those that an act took away; each once."""
    papers: dict[tuple[str, str], Paper] = {}
    for row in rows:
        number = _opened(keys, row["person_ref"], "document", row["number_sealed"])
        if number is not None:
            papers.setdefault(
                (row["kind"], number),
                Paper(
                    kind=row["kind"],
                    number=number,
                    error=row["error"],
                    added_at=row["added_at"],
                    withdrawn_at=None,
                ),
            )
    for act in acts:
        left = {(kind, number) for kind, number, _ in act.after.get("documents", ())}
        for kind, number, error in act.before.get("documents", ()):
            if (kind, number) not in left:
                gone = act.row["recorded_at"]
                papers.setdefault(
                    (kind, number),
                    Paper(kind=kind, number=number, error=error, added_at=None, withdrawn_at=gone),
                )
    return list(papers.values())
