"""What this service keeps of others' facts: policy versions, places, contact cards, returnees not yet opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from uuid import UUID

import asyncpg

from services.observation.domain.calendar import Calendar, PolicyVersion
from shared.db.pool import Conn, Tx
from shared.events.policy import PolicyDocument
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.returnees import ReturneeRegistered
from shared.events.registry.rules import PolicyRevised

POLICY_VERSIONS = "select version, effective_from, document::text from policy_version order by version"
KEEP_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3) on conflict (version) do nothing
"""
KEEP_PLACE = """
insert into compound_place (compound, neighbourhood, name) values ($1, $2, $3)
on conflict (compound) do update set neighbourhood = excluded.neighbourhood, name = excluded.name
"""
NEIGHBOURHOODS = "select compound, neighbourhood from compound_place where compound = any($1::text[])"
COMPOUND_NAMES = (
    "select compound, coalesce(name, compound) as name from compound_place where compound = any($1::text[])"
)
NEIGHBOURHOOD = "select neighbourhood from compound_place where compound = $1"

WAIT_FOR_POLICY = """
insert into opening_waiting (intake_id, document) values ($1, $2)
on conflict (intake_id) do update set document = excluded.document
"""
TAKE_WAITING = """
delete from opening_waiting
where intake_id in (select intake_id from opening_waiting order by intake_id limit $1 for update skip locked)
returning document
"""

KEEP_CARD = """
insert into contact_card (person_ref, compound, name_sealed, phone_sealed, room_sealed, kept_at, documents_index,
  name_phone_index, documents_sealed, indexed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)
on conflict (person_ref) do update set compound = excluded.compound, name_sealed = excluded.name_sealed,
  phone_sealed = excluded.phone_sealed, room_sealed = excluded.room_sealed, kept_at = excluded.kept_at,
  documents_index = excluded.documents_index, name_phone_index = excluded.name_phone_index,
  documents_sealed = excluded.documents_sealed, indexed = true
"""
DROP_CARD = "delete from contact_card where person_ref = $1"
FIND_CARDS = """
select person_ref, name_sealed, phone_sealed, room_sealed from contact_card where person_ref = any($1::uuid[])
"""
FIND_CARD = "select name_sealed, phone_sealed, room_sealed from contact_card where person_ref = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContact:
    """A contact card as it is kept."""

    name: bytes | None = field(repr=False)
    phone: bytes | None = field(repr=False)
    room: bytes | None = field(repr=False)
    documents_index: tuple[bytes, ...] = field(default=(), repr=False)
    name_phone_index: bytes | None = field(default=None, repr=False)
    documents: bytes | None = field(default=None, repr=False)
    """What the indexes of documents were made of, to be made anew."""


async def calendar(conn: Conn) -> Calendar | None:
    """Read every policy version known; None before the first."""
    rows = await conn.fetch(POLICY_VERSIONS)
    known = tuple((row["version"], row["effective_from"], row["document"]) for row in rows)
    return _calendar_of(known) if known else None


@lru_cache(maxsize=8)
def _calendar_of(known: tuple[tuple[int, date, str], ...]) -> Calendar:
    """Make the calendar of these very documents, once: reading them took a quarter of a declaration's time."""
    return Calendar(
        PolicyVersion(
            version=version,
            effective_from=effective_from,
            document=PolicyDocument.model_validate_json(document),
        )
        for version, effective_from, document in known
    )


async def keep_policies(tx: Tx, revisions: Sequence[PolicyRevised]) -> None:
    """Keep policy versions; a version never changes."""
    await tx.executemany(
        KEEP_POLICY,
        [
            (event.version, event.effective_from, event.document.model_dump(mode="json"))
            for event in revisions
        ],
    )


async def keep_places(tx: Tx, compounds: Sequence[CompoundRegistered]) -> None:
    """Keep what a compound is called and which neighbourhood it belongs to."""
    await tx.executemany(
        KEEP_PLACE, sorted((event.compound, event.neighbourhood, event.name) for event in compounds)
    )


async def neighbourhood(conn: Conn, compound: str) -> str | None:
    """Tell the neighbourhood of a compound, if it is known yet."""
    found: str | None = await conn.fetchval(NEIGHBOURHOOD, compound)
    return found


async def wait_for_policy(tx: Tx, returnee: ReturneeRegistered) -> None:
    """Keep a returnee, as they were told of last, until there are rules to open an observation by."""
    await tx.execute(WAIT_FOR_POLICY, returnee.intake_id, returnee.model_dump(mode="json"))


async def take_waiting(tx: Tx, limit: int) -> list[ReturneeRegistered]:
    """Take returnees that waited for rules."""
    rows = await tx.fetch(TAKE_WAITING, limit)
    return [ReturneeRegistered.model_validate(row["document"]) for row in rows]


async def keep_card(tx: Tx, person_ref: UUID, compound: str, contact: SealedContact) -> None:
    """Keep a contact card in place of the one before."""
    await tx.execute(
        KEEP_CARD,
        person_ref,
        compound,
        contact.name,
        contact.phone,
        contact.room,
        tx.now,
        list(contact.documents_index),
        contact.name_phone_index,
        contact.documents,
    )


async def drop_card(tx: Tx, person_ref: UUID) -> None:
    """Forget how to reach somebody."""
    await tx.execute(DROP_CARD, person_ref)


async def find_card(conn: Conn, person_ref: UUID) -> asyncpg.Record | None:
    """Read a contact card, sealed."""
    return await conn.fetchrow(FIND_CARD, person_ref)


async def find_cards(conn: Conn, people: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Read contact cards, sealed, by pseudonym."""
    return {row["person_ref"]: row for row in await conn.fetch(FIND_CARDS, list(people))}


async def neighbourhoods(conn: Conn, compounds: Iterable[str]) -> dict[str, str]:
    """Tell the neighbourhoods of compounds, of those that are known yet."""
    rows = await conn.fetch(NEIGHBOURHOODS, sorted(compounds))
    return {row["compound"]: row["neighbourhood"] for row in rows}


async def compound_names(conn: Conn, compounds: Iterable[str]) -> dict[str, str]:
    """Tell what people call compounds, of those that are known."""
    rows = await conn.fetch(COMPOUND_NAMES, sorted(set(compounds)))
    return {row["compound"]: row["name"] for row in rows}
