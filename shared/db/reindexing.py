"""Lookup values made anew under the current index key, while everybody reads under every key of the file."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.db.pool import Database, Tx
from shared.kernel.masters import SealError
from shared.kernel.sealed import PersonKey, Vault

BATCH = 200
NOBODY = UUID(int=0)

_COLUMNS = """
select c.relname as table_name, a.attname as column_name, a.atttypid = 'bytea[]'::regtype as many
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
  and a.atttypid in ('bytea'::regtype, 'bytea[]'::regtype) and a.attnum > 0 and not a.attisdropped
order by 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One kind of row with lookup values that follow from sealed ones.

    Attributes:
        find: rows that an older key made, after a person and in order of persons; locks them. $1 is how values of the
            current key begin, $2 the person, $3 how many.
        write: the values of one row, as `values` gives them.
        values: from an opened row to the parameters of `write`.
    """

    find: str
    write: str
    values: Callable[[Vault, PersonKey, asyncpg.Record], Iterable[object]]


async def reindex(database: Database, vault: Vault, lookups: Iterable[Lookup]) -> AsyncIterator[int]:
    """Make all of them anew, a short transaction at a time, and tell how many rows. Who is erased is left alone."""
    for lookup in lookups:
        after = NOBODY
        while True:
            async with database.begin() as tx:
                rows = await tx.fetch(lookup.find, vault.index_prefix, after, BATCH)
                if not rows:
                    break
                done = await _some(tx, vault, lookup, rows)
            after = rows[-1]["person_ref"]
            yield done


async def _some(tx: Tx, vault: Vault, lookup: Lookup, rows: list[asyncpg.Record]) -> int:
    keys = await vault.keys({row["person_ref"] for row in rows})
    fresh = []
    for row in rows:
        key = keys.get(row["person_ref"])
        if key is not None:
            try:
                fresh.append(list(lookup.values(vault, key, row)))
            except (
                SealError
            ):  # of somebody erased meanwhile, or under another's key since a merge: `left` counts it
                continue
    await tx.executemany(lookup.write, fresh)
    return len(fresh)


async def left(connection: "asyncpg.Connection[asyncpg.Record]", kids: Collection[str]) -> dict[str, int]:
    """How many values older index keys made, by column: whoever takes these keys away can no longer find them."""
    told = {}
    for row in await connection.fetch(_COLUMNS):
        table, column = f'"{row["table_name"]}"', f'"{row["column_name"]}"'  # names of the catalogue
        source = (
            f"{table}, unnest({column}) as value"
            if row["many"]
            else f"(select {column} as value from {table}) as one"
        )
        count: int = await connection.fetchval(
            f"select count(*) from {source} where length(value) = any($2::int[]) and"
            " substring(value from 1 for length(value) - 16) = any($1::bytea[])",
            [f"{kid}:".encode() for kid in kids],
            [len(kid) + 17 for kid in kids],
        )
        if count:
            told[f"{row['table_name']}.{row['column_name']}"] = count
    return told
