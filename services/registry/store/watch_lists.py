"""Watch lists and their lines: sealed values, pseudonyms and codes (R4.4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.documents import DocumentKind
from services.registry.domain.watch_lists import Disposition, Match
from shared.db.pool import Conn, Tx

LOCK_LIST_ID = (
    "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.watch_list:' || $1::text, 0))"
)

WATCH_LIST = """
select list_id, name, source, search_until, state, created_by, created_at, closed_by, closed_at, version
from watch_list where list_id = $1
"""
WATCH_LIST_LOCKED = """
select list_id, name, source, search_until, state, created_by, created_at, closed_by, closed_at, version
from watch_list where list_id = $1 for update
"""
WATCH_LIST_SHARED = """
select list_id, name, source, search_until, state, created_by, created_at, closed_by, closed_at, version
from watch_list where list_id = $1 for share
"""
WATCH_LISTS = """
select list_id, name, source, search_until, state, created_by, created_at, closed_by, closed_at, version
from watch_list where (created_at, list_id) > ($1, $2) order by created_at, list_id limit $3
"""
ADD_LIST = """
insert into watch_list (list_id, name, source, search_until, created_by, created_at) values ($1, $2, $3, $4, $5, $6)
"""
CLOSE_LIST = """
update watch_list set state = 'closed', closed_by = $2, closed_at = $3, version = version + 1 where list_id = $1
"""
BUMP_LIST = """
update watch_list set version = version + 1 where list_id = $1
returning version, search_until, state, (select count(*) from watch_line l where l.list_id = $1)::int as lines
"""
FIGURES = """
select count(*) as total, count(*) filter (where disposition is null) as open,
  count(*) filter (where match = 'matched') as matched, count(*) filter (where match = 'possible') as possible,
  count(*) filter (where match = 'none') as unmatched,
  count(*) filter (where disposition = 'found_here') as found_here,
  count(*) filter (where disposition = 'elsewhere') as elsewhere,
  count(*) filter (where disposition = 'wrong_data') as wrong_data,
  count(*) filter (where disposition = 'missed_before') as missed_before,
  count(*) filter (where disposition = 'overdue') as overdue
from watch_line where list_id = $1
"""

# ---- files

ADD_FILE = """
insert into watch_file (file_id, list_id, taken_by, taken_at, rows, added, known, rejected, duplicates)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
FILES = """
select f.file_id, f.taken_by, f.taken_at, f.rows, f.added, f.known, f.rejected, f.duplicates,
  case when s.gone then null else s.kept_until end as rejected_until
from watch_file f left join rejected_sheet s on s.source_id = f.file_id
where f.list_id = $1 and (f.taken_at, f.file_id) > ($2, $3)
order by f.taken_at, f.file_id limit $4
"""
FILE_THERE = "select exists (select from watch_file where list_id = $1 and file_id = $2)"

# ---- lines

KNOWN_LINES = (
    "select line_id, content_index from watch_line where list_id = $1 and content_index = any($2::bytea[])"
)
LAST_PLACE = "select coalesce(max(nth), 0) from watch_line where list_id = $1"
LOOK_AGAIN = """
update watch_line set match = fresh.match, matched = fresh.refs, version = version + 1
from (
  select line_id, match, coalesce(array_agg(ref order by ref) filter (where ref is not null), '{}') as refs
  from unnest($1::uuid[], $2::text[], $3::uuid[]) as pair (line_id, match, ref) group by line_id, match
) as fresh
where watch_line.line_id = fresh.line_id and disposition is null
  and (watch_line.match, watch_line.matched) is distinct from (fresh.match, fresh.refs)
"""
OPEN_LINES = """
select line_id, nth, name_sealed, document_kind, document_sealed, document_error, phone_sealed, origin_code, arrived_on
from watch_line where list_id = $1 and disposition is null and nth > $2 order by nth limit $3
"""
HOLDERS_AMONG = """
select kind, number_index, person_ref from person_document where verified and number_index = any($1::bytea[])
"""
NAMESAKES_WITH_PHONE = """
select person_ref, name_index, phone_index from person
where phone_index = any($1::bytea[]) and name_index = any($2::bytea[])
"""

# A caller with narrower grants sees the lines that may mean people of their places.
LINES = """
select l.line_id, l.list_id, l.nth, l.sheet, l.row_number, l.name_sealed, l.document_kind, l.document_sealed,
  l.document_error, l.phone_sealed, l.origin_code, l.arrived_on, l.match, l.matched, l.disposition, l.person_ref,
  l.intake_id, l.settled_by, l.settled_at, l.version
from watch_line l
where l.list_id = $1 and l.nth > $2
  and ($3::text is null or l.match = $3)
  and ($4::text is null or coalesce(l.disposition, 'open') = $4)
  and ($5::boolean or exists (
    select from residence r join dwelling d using (dwelling_id) join compound c using (compound_id)
    where r.person_ref = any(l.matched) and r.ended_on is null
      and (d.compound_id = any($6::text[]) or d.grid_id = any($7::text[]) or c.neighbourhood_id = any($8::text[]))))
order by l.nth limit $9
"""
LINE_LOCKED = """
select l.line_id, l.list_id, l.nth, l.sheet, l.row_number, l.name_sealed, l.document_kind, l.document_sealed,
  l.document_error, l.phone_sealed, l.origin_code, l.arrived_on, l.match, l.matched, l.disposition, l.person_ref,
  l.intake_id, l.settled_by, l.settled_at, l.version
from watch_line l
where l.list_id = $1 and l.line_id = $2
  and ($3::boolean or exists (
    select from residence r join dwelling d using (dwelling_id) join compound c using (compound_id)
    where r.person_ref = any(l.matched) and r.ended_on is null
      and (d.compound_id = any($4::text[]) or d.grid_id = any($5::text[]) or c.neighbourhood_id = any($6::text[]))))
for update of l
"""
SETTLE_LINE = """
update watch_line set disposition = $2, person_ref = $3, intake_id = $4, settled_by = $5, settled_at = $6,
  version = version + 1
where line_id = $1 returning version
"""
ADD_SETTLEMENT = """
insert into watch_settlement (line_id, version, disposition, person_ref, intake_id, note_sealed, content_index,
  settled_by, settled_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
LAST_SETTLEMENT = """
select content_index from watch_settlement where line_id = $1 order by version desc limit 1
"""
PERSON_KNOWN = "select exists (select from person where person_ref = $1)"

LINE_COLUMNS = (
    *("line_id", "list_id", "nth", "sheet", "row_number", "content_index", "name_sealed", "document_kind"),
    *("document_sealed", "document_error", "phone_sealed", "note_sealed", "origin_code", "arrived_on"),
    *("match", "matched"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which places a caller may see."""

    town: bool
    compounds: list[str]
    grids: list[str]
    neighbourhoods: list[str]


async def lock_id(tx: Tx, list_id: UUID) -> None:
    """Let only one ask for this id at a time."""
    await tx.execute(LOCK_LIST_ID, str(list_id))


async def watch_list(conn: Conn, list_id: UUID) -> asyncpg.Record | None:
    """A list as it stands."""
    return await conn.fetchrow(WATCH_LIST, list_id)


async def locked_list(tx: Tx, list_id: UUID, *, alone: bool) -> asyncpg.Record | None:
    """A list that nobody closes meanwhile; `alone` where lines are added or the list is closed."""
    return await tx.fetchrow(WATCH_LIST_LOCKED if alone else WATCH_LIST_SHARED, list_id)


async def watch_lists(conn: Conn, *, after: tuple[object, object], limit: int) -> list[asyncpg.Record]:
    """All lists, oldest first."""
    return await conn.fetch(WATCH_LISTS, *after, limit)


async def add_list(tx: Tx, list_id: UUID, name: str, source: str, search_until: date) -> None:
    """Open a list."""
    await tx.execute(ADD_LIST, list_id, name, source, search_until, tx.actor or "", tx.now)


async def close_list(tx: Tx, list_id: UUID) -> None:
    """Close a list."""
    await tx.execute(CLOSE_LIST, list_id, tx.actor or "", tx.now)


async def bump(tx: Tx, list_id: UUID) -> asyncpg.Record | None:
    """Move a list's version on; tells it with the list's number of lines."""
    return await tx.fetchrow(BUMP_LIST, list_id)


async def figures(conn: Conn, list_id: UUID) -> Mapping[str, int]:
    """How many lines of a list, by match and by disposition."""
    row = await conn.fetchrow(FIGURES, list_id)
    return dict(row) if row else {}


async def add_file(tx: Tx, file_id: UUID, list_id: UUID, counts: Sequence[int]) -> None:
    """Write down a file: its rows, and how many were added, known, rejected and duplicates."""
    await tx.execute(ADD_FILE, file_id, list_id, tx.actor or "", tx.now, *counts)


async def files(
    conn: Conn, list_id: UUID, *, after: tuple[object, object], limit: int
) -> list[asyncpg.Record]:
    """Files that were taken into a list, oldest first."""
    return await conn.fetch(FILES, list_id, *after, limit)


async def file_there(conn: Conn, list_id: UUID, file_id: UUID) -> bool:
    """Whether the list has this file."""
    return bool(await conn.fetchval(FILE_THERE, list_id, file_id))


async def known_lines(tx: Tx, list_id: UUID, contents: Iterable[bytes]) -> dict[bytes, UUID]:
    """The lines of a list that say exactly this."""
    rows = await tx.fetch(KNOWN_LINES, list_id, list(contents))
    return {row["content_index"]: row["line_id"] for row in rows}


async def last_place(tx: Tx, list_id: UUID) -> int:
    """The place of a list's last line."""
    found: int = await tx.fetchval(LAST_PLACE, list_id)
    return found


async def holders(tx: Tx, numbers: Iterable[bytes]) -> dict[tuple[DocumentKind, bytes], UUID]:
    """Who holds verified documents with these indexes."""
    rows = await tx.fetch(HOLDERS_AMONG, list(numbers))
    return {(DocumentKind(row["kind"]), row["number_index"]): row["person_ref"] for row in rows}


async def namesakes(
    tx: Tx, names: Iterable[bytes], phones: Iterable[bytes]
) -> list[tuple[bytes, bytes, UUID]]:
    """People with one of these names and one of these phones: name, phone, pseudonym."""
    rows = await tx.fetch(NAMESAKES_WITH_PHONE, list(phones), list(names))
    return [(row["name_index"], row["phone_index"], row["person_ref"]) for row in rows]


async def add_lines(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """Add sealed lines, in the order of LINE_COLUMNS."""
    if rows:
        await tx.copy_to_places("watch_line", LINE_COLUMNS, rows)


async def look_again(tx: Tx, found: Mapping[UUID, tuple[Match, Sequence[UUID]]]) -> None:
    """Note whom open lines mean by now."""
    pairs: list[tuple[UUID, Match, UUID | None]] = []
    for line_id, (match, refs) in found.items():
        pairs += [(line_id, match, ref) for ref in refs] or [(line_id, match, None)]
    if pairs:
        await tx.execute(LOOK_AGAIN, *[list(column) for column in zip(*pairs, strict=True)])


async def open_lines(conn: Conn, list_id: UUID, *, after: int, limit: int) -> list[asyncpg.Record]:
    """Lines that nobody has settled, in the file's order."""
    return await conn.fetch(OPEN_LINES, list_id, after, limit)


async def lines(
    conn: Conn,
    list_id: UUID,
    reach: Reach,
    *,
    match: str | None,
    disposition: str | None,
    after: int,
    limit: int,
) -> list[asyncpg.Record]:
    """Lines of a list within reach, in the file's order; the disposition `open` means none yet."""
    return await conn.fetch(
        LINES,
        list_id,
        after,
        match,
        disposition,
        reach.town,
        reach.compounds,
        reach.grids,
        reach.neighbourhoods,
        limit,
    )


async def locked_line(tx: Tx, list_id: UUID, line_id: UUID, reach: Reach) -> asyncpg.Record | None:
    """A line within reach, locked."""
    return await tx.fetchrow(
        LINE_LOCKED, list_id, line_id, reach.town, reach.compounds, reach.grids, reach.neighbourhoods
    )


async def settle(
    tx: Tx,
    line_id: UUID,
    disposition: Disposition,
    *,
    person_ref: UUID | None,
    intake_id: UUID | None,
    note_sealed: bytes,
    content_index: bytes,
) -> int:
    """Write down what became of a line; tells the line's version."""
    actor = tx.actor or ""
    version: int = await tx.fetchval(SETTLE_LINE, line_id, disposition, person_ref, intake_id, actor, tx.now)
    await tx.execute(
        ADD_SETTLEMENT,
        line_id,
        version,
        disposition,
        person_ref,
        intake_id,
        note_sealed,
        content_index,
        actor,
        tx.now,
    )
    return version


async def last_settlement(tx: Tx, line_id: UUID) -> bytes | None:
    """What was decided last, as an index."""
    found: bytes | None = await tx.fetchval(LAST_SETTLEMENT, line_id)
    return found


async def person_known(conn: Conn, person_ref: UUID) -> bool:
    """Whether the book has this person."""
    return bool(await conn.fetchval(PERSON_KNOWN, person_ref))
