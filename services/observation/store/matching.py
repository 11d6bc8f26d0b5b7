"""Finding people under observation by what a list says of them: keyed indexes only, nothing in the clear."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

BY_DOCUMENTS = """
select person_ref, name_sealed, documents_index from contact_card where documents_index && $1::bytea[]
"""
BY_NAMES_AND_PHONES = """
select person_ref, name_phone_index from contact_card where name_phone_index = any($1::bytea[])
"""
NEWEST_CASES = """
select c.person_ref, c.case_id, c.compound, c.grid, p.neighbourhood
from observation_case c left join compound_place p using (compound)
where c.person_ref = any($1::uuid[]) order by c.ended_at is null, c.opened_at
"""
KNOWN_DECLARATIONS = "select declaration_id from declaration where declaration_id = any($1::uuid[])"
LOCK_NOT_INDEXED = """
select person_ref, name_sealed, phone_sealed from contact_card where not indexed order by person_ref limit $1
for update skip locked
"""
KEEP_INDEXES = """
update contact_card k set name_phone_index = i.name_phone, indexed = true
from unnest($1::uuid[], $2::bytea[]) as i (person_ref, name_phone) where k.person_ref = i.person_ref
"""


async def by_documents(conn: Conn, indexes: Sequence[bytes]) -> list[asyncpg.Record]:
    """Tell who holds one of the documents."""
    return await conn.fetch(BY_DOCUMENTS, list(indexes))


async def by_names_and_phones(conn: Conn, indexes: Sequence[bytes]) -> list[asyncpg.Record]:
    """Tell who has one of the names with its phone."""
    return await conn.fetch(BY_NAMES_AND_PHONES, list(indexes))


async def newest_cases(
    conn: Conn, people: Sequence[UUID], roots: Mapping[UUID, UUID]
) -> dict[UUID, asyncpg.Record]:
    """Tell of each person, by who stands for them, the case in force, or else the last one, with its place."""
    asked = set(people)
    every = sorted(asked.union(ref for ref, root in roots.items() if root in asked))
    return {
        roots.get(row["person_ref"], row["person_ref"]): row for row in await conn.fetch(NEWEST_CASES, every)
    }


async def known_declarations(conn: Conn, ids: Sequence[UUID]) -> set[UUID]:
    """Tell which of the ids a declaration has."""
    return {row["declaration_id"] for row in await conn.fetch(KNOWN_DECLARATIONS, list(ids))}


async def lock_not_indexed(tx: Tx, limit: int) -> list[asyncpg.Record]:
    """Read some cards without indexes, under their row locks."""
    return await tx.fetch(LOCK_NOT_INDEXED, limit)


async def keep_indexes(tx: Tx, people: Sequence[UUID], name_phone: Sequence[bytes | None]) -> None:
    """Keep the indexes of cards."""
    await tx.execute(KEEP_INDEXES, list(people), list(name_phone))
