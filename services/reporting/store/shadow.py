"""Read models that are built again beside the live ones, how the two differ, and the switch.

Names of tables come from the projections, names of columns from the catalogue; nothing else is put into a statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.db.pool import Conn, Tx

BESIDE = ("bus_position", "bus_beyond", "dead_letter", "projection_as_of")
"""What a projection keeps beside its own tables."""

MARK_OF = "select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = $1"
MAKE = "select shadow_make($1, $2::text[], $3)"
DROP = "select shadow_drop($1)"
SCHEMA_NOW = (
    "select string_agg(source || number || sha256, ',' order by source, number) from schema_migration"
)
POSITIONS = """
select producer, channel, epoch, last_pos from bus_position where consumer = $1 order by producer, channel for update
"""
STANDS = (
    "select consumer, producer, channel, epoch, last_pos from bus_position where consumer = any($1::text[])"
)
SET_ASIDE = """
select consumer, producer, channel, epoch, pos from dead_letter
where consumer = any($1::text[]) and state in ('waiting', 'discarded')
"""
STUCK = """
select consumer, producer, channel, epoch, pos, event_type, error from dead_letter
where reason <> 'parked' order by id
"""
BEYOND = "select count(*) from bus_beyond where consumer = $1 and settled_at is null"
LET_GO = """
update bus_beyond set settled_at = clock_timestamp(), note = 'rebuilt' where consumer = $1 and settled_at is null
"""
COLUMNS = """
select a.attname as name, coalesce(a.attnum = any(i.indkey), false) as is_key
from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = format('public.%I', $1::text)::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that is not the same in both; None where it is missing."""

    table: str
    key: Mapping[str, Any]
    live: Mapping[str, Any] | None
    rebuilt: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table's columns and which of them are its key; `of`: only rows of this projection count."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    of: str | None = None

    def side(self, schema: str) -> str:
        """The rows of one side."""
        return f'(select * from {schema}."{self.table}"' + (" where projection = $1)" if self.of else ")")

    @property
    def arguments(self) -> tuple[str, ...]:
        """What its statements ask for."""
        return (self.of,) if self.of else ()

    def same(self, one: str, other: str) -> str:
        """Say that two rows have the same key."""
        return " and ".join(f'{one}."{name}" = {other}."{name}"' for name in self.key)


async def shape_of(conn: Conn, table: str, *, projection: str) -> Shape:
    """The shape of a table.

    Raises:
        LookupError: it has no primary key, by which rows could be told apart.
    """
    found = await conn.fetch(COLUMNS, table)
    key = tuple(row["name"] for row in found if row["is_key"])
    if not key:
        raise LookupError(f"{table} has no primary key")
    columns = tuple(row["name"] for row in found)
    return Shape(table=table, columns=columns, key=key, of=projection if table in BESIDE else None)


async def differences(conn: Conn, shape: Shape, shadow: str) -> list[Difference]:
    """Every row that is not the same on both sides, by key."""
    rows = await conn.fetch(
        f"""
        select to_jsonb(l) as live, to_jsonb(r) as rebuilt
        from {shape.side("public")} l full join {shape.side(shadow)} r on {shape.same("l", "r")}
        where row (l.*) is distinct from row (r.*)
        order by {", ".join(f'coalesce(l."{name}", r."{name}")' for name in shape.key)}
        """,
        *shape.arguments,
    )
    return [
        Difference(
            table=shape.table,
            key={name: (row["live"] or row["rebuilt"])[name] for name in shape.key},
            live=row["live"],
            rebuilt=row["rebuilt"],
        )
        for row in rows
    ]


async def take_over(tx: Tx, shape: Shape, shadow: str) -> None:
    """Make the live rows those of the shadow; rows that are the same are not touched."""
    names = ", ".join(f'"{name}"' for name in shape.columns)
    await tx.execute(
        f"""
        delete from public."{shape.table}" l where {"projection = $1 and" if shape.of else ""} not exists (
          select from {shape.side(shadow)} r where {shape.same("l", "r")} and row (l.*) is not distinct from row (r.*))
        """,
        *shape.arguments,
    )
    await tx.execute(
        f"""
        insert into public."{shape.table}" ({names})
        select {names} from {shape.side(shadow)} r
        where not exists (select from {shape.side("public")} l where {shape.same("l", "r")})
        """,
        *shape.arguments,
    )


async def hold_still(tx: Tx, tables: Sequence[str]) -> None:
    """Wait for who writes to these tables, and let nobody begin until the transaction ends; readers go on."""
    names = ", ".join(f'public."{table}"' for table in tables)
    await tx.execute(f"lock table {names} in share row exclusive mode")
