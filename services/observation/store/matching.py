"""Finding people under observation by what a list says of them: keyed indexes only, nothing in the clear."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

BY_DOCUMENT = """
select k.person_ref, k.name_sealed from contact_card k where k.documents_index && $1::bytea[] order by k.person_ref
limit 2
"""
BY_NAME_PHONE = """
select k.person_ref, k.name_sealed from contact_card k where k.name_phone_index = any($1::bytea[])
order by k.person_ref limit 2
"""
NEWEST_CASE = """
select c.case_id, c.compound, c.grid, p.neighbourhood
from observation_case c left join compound_place p using (compound)
where c.person_ref = $1 order by c.ended_at is null desc, c.opened_at desc limit 1
"""
KNOWN_DECLARATION = "select declaration_id from declaration where declaration_id = any($1::uuid[])"
LOCK_NOT_INDEXED = """
select person_ref, name_sealed, phone_sealed from contact_card where not indexed order by person_ref limit $1
for update skip locked
"""
KEEP_INDEXES = """
update contact_card k set name_phone_index = i.name_phone, indexed = true
from unnest($1::uuid[], $2::bytea[]) as i (person_ref, name_phone) where k.person_ref = i.person_ref
"""


async def by_document(conn: Conn, indexes: Sequence[bytes]) -> list[asyncpg.Record]:
    """Tell who holds a document: nobody, one, or two where it is not clear who."""
    return await conn.fetch(BY_DOCUMENT, list(indexes))


async def by_name_phone(conn: Conn, indexes: Sequence[bytes]) -> list[asyncpg.Record]:
    """Tell who has a name and a phone: nobody, one, or two where it is not clear who."""
    return await conn.fetch(BY_NAME_PHONE, list(indexes))


async def newest_case(conn: Conn, person_ref: UUID) -> asyncpg.Record | None:
    """Tell a person's case in force, or else the last one, with its place."""
    return await conn.fetchrow(NEWEST_CASE, person_ref)


async def known_declaration(conn: Conn, ids: Sequence[UUID]) -> UUID | None:
    """Tell which of the ids a declaration has, if one does."""
    found: UUID | None = await conn.fetchval(KNOWN_DECLARATION, list(ids))
    return found


async def lock_not_indexed(tx: Tx, limit: int) -> list[asyncpg.Record]:
    """Read some cards without indexes, under their row locks."""
    return await tx.fetch(LOCK_NOT_INDEXED, limit)


async def keep_indexes(tx: Tx, people: Sequence[UUID], name_phone: Sequence[bytes | None]) -> None:
    """Keep the indexes of cards."""
    await tx.execute(KEEP_INDEXES, list(people), list(name_phone))
