"""People, their documents and where they live: sealed values and keyed lookups only."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from services.registry.domain.documents import DocumentKind
from services.registry.domain.matching import Book, Entry
from services.registry.domain.people import RegisteredMeanwhile
from shared.db.pool import Conn, Rejections, Tx

# ---- whom may a batch of lines mean?

HOLDERS = """
select person_ref, kind, number_index, verified from person_document where number_index = any($1::bytea[])
"""

NAMESAKES = """
select person_ref, identity_index from residence where identity_index = any($1::bytea[]) and ended_on is null
"""

DOCUMENTS_OF = """
select person_ref, kind, number_index, verified from person_document where person_ref = any($1::uuid[])
"""

# A line that says what an ended residence said is old news and changes nothing; who moves in again says more.
RESIDENCES_OF = """
select person_ref, dwelling_id, content_index from residence where person_ref = any($1::uuid[])
"""

GUARDIANS_OF = """
select person_ref, guardian_ref, died_on from person
where person_ref = any($1::uuid[]) and (guardian_ref is not null or died_on is not null)
"""

# ---- entering

REFRESH_PEOPLE = """
update person set name_sealed = fresh.name_sealed, sex_sealed = fresh.sex_sealed, born_sealed = fresh.born_sealed,
  phone_sealed = fresh.phone_sealed, name_index = fresh.name_index, phone_index = fresh.phone_index,
  origin_code = fresh.origin_code, guardian_ref = coalesce(fresh.guardian_ref, person.guardian_ref)
from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[],
  $9::uuid[]) as fresh (person_ref, name_sealed, sex_sealed, born_sealed, phone_sealed, name_index, phone_index,
  origin_code, guardian_ref)
where person.person_ref = fresh.person_ref
"""

# Whoever comes back begins another stay; the earlier one is kept.
KEEP_PERIODS = """
insert into residence_period (person_ref, dwelling_id, registered_on, ended_on, relation, resident)
select r.person_ref, r.dwelling_id, r.registered_on, r.ended_on, r.relation, r.resident
from residence r join unnest($1::uuid[], $2::uuid[]) as back (person_ref, dwelling_id) using (person_ref, dwelling_id)
where r.ended_on is not null
on conflict do nothing
"""

# A list that names somebody by their document may bring another name: the lookup value of the one before stays.
KEEP_IDENTITIES = """
insert into earlier_identity (identity_index, person_ref)
select r.identity_index, r.person_ref
from residence r join unnest($1::uuid[], $2::uuid[], $3::bytea[]) as fresh (person_ref, dwelling_id, identity_index)
  using (person_ref, dwelling_id)
where r.identity_index <> fresh.identity_index
on conflict do nothing
"""

CHANGE_RESIDENCES = """
update residence set relation = fresh.relation, resident = fresh.resident, registered_on = fresh.registered_on,
  ended_on = null, surname_index = fresh.surname_index, identity_index = fresh.identity_index,
  content_index = fresh.content_index, note_sealed = fresh.note_sealed, version = residence.version + 1
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::date[], $6::bytea[], $7::bytea[], $8::bytea[],
  $9::bytea[]) as fresh (person_ref, dwelling_id, relation, resident, registered_on, surname_index,
  identity_index, content_index, note_sealed)
where residence.person_ref = fresh.person_ref and residence.dwelling_id = fresh.dwelling_id
"""

CORRECT_PERSON = """
update person set name_sealed = $2, sex_sealed = $3, born_sealed = $4, phone_sealed = $5, name_index = $6,
  phone_index = $7, origin_code = $8, guardian_ref = $9
where person_ref = $1
"""

SAVE_DOCUMENT = """
insert into person_document (person_ref, kind, number_index, number_sealed, verified, error, added_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (person_ref, number_index, kind) do update set verified = excluded.verified, error = excluded.error
"""

DROP_DOCUMENT = """
delete from person_document where person_ref = $1 and kind = $2 and number_index = any($3::bytea[])
"""

LOCK_DWELLINGS = """
select dwelling_id, removed_at is null as listed from dwelling
where dwelling_id = any($1::uuid[]) order by dwelling_id for no key update
"""

LOCK_PEOPLE = """
select person_ref from person where person_ref = any($1::uuid[]) order by person_ref for no key update
"""

BUMP_DWELLINGS = "update dwelling set version = version + 1 where dwelling_id = any($1::uuid[])"

BUMP_PEOPLE = """
update person set version = version + 1,
  gate_card = exists (
    select from residence r where r.person_ref = person.person_ref and r.resident and r.ended_on is null)
where person_ref = any($1::uuid[])
returning person_ref, version, gate_card
"""

BUMP_PEOPLE_ONLY = """
update person set version = version + 1 where person_ref = any($1::uuid[]) returning person_ref, version
"""

HAD_CARD = "select person_ref from person where person_ref = any($1::uuid[]) and gate_card"

HOUSEHOLDS = """
select d.dwelling_id, d.compound_id, d.grid_id, d.occupancy, d.version,
  coalesce(array_agg(distinct coalesce(a.root, r.person_ref)) filter (where r.resident), '{}') as members
from dwelling d left join residence r on r.dwelling_id = d.dwelling_id and r.ended_on is null
left join person_alias a on a.person_ref = r.person_ref
where d.dwelling_id = any($1::uuid[])
group by d.dwelling_id
order by d.dwelling_id
"""

# By the name and birth date before, an old list would enter somebody anew: the lookup value stays.
RENAME_STAY = """
with earlier as (
  insert into earlier_identity (identity_index, person_ref)
  select identity_index, person_ref from residence
  where person_ref = $1 and dwelling_id = $2 and identity_index <> $4
  on conflict do nothing
)
update residence set surname_index = $3, identity_index = $4 where person_ref = $1 and dwelling_id = $2
"""

STAYS_OF = "select person_ref, dwelling_id from residence where person_ref = any($1::uuid[])"

# ---- reading

# A row for each document, and one where there is none: most people have one, and each statement is a wait.
PEOPLE_WITH_PAPERS = """
select person_ref, p.name_sealed, p.sex_sealed, p.born_sealed, p.phone_sealed, p.origin_code, p.guardian_ref,
  p.died_on, p.version, d.kind, d.number_sealed, d.verified, d.error, d.added_at
from person p left join person_document d using (person_ref)
where person_ref = any($1::uuid[]) order by person_ref, d.added_at, d.kind, d.number_index
"""

PAPERS = """
select person_ref, kind, number_sealed, verified, error, added_at from person_document
where person_ref = any($1::uuid[]) order by person_ref, added_at, kind, number_index
"""

# The first of a person's is their home: `home_rank` orders alike.
HOMES = """
select r.person_ref, r.dwelling_id, r.relation, r.resident, r.registered_on, d.compound_id, d.grid_id,
  c.neighbourhood_id, d.building, d.unit, d.room
from residence r join dwelling d using (dwelling_id) join compound c using (compound_id)
where r.person_ref = any($1::uuid[]) and r.ended_on is null
order by r.person_ref, r.resident desc, r.registered_on, r.dwelling_id
"""

KNOWN = "select exists (select from person where person_ref = $1)"

# Of records that were merged the one that stands for them is found, by whatever any of them holds.
BY_DOCUMENT = """
select distinct coalesce(a.root, d.person_ref) as person_ref
from person_document d left join person_alias a using (person_ref)
where d.number_index = any($1::bytea[]) order by person_ref limit $2
"""

BY_PHONE = """
select distinct coalesce(a.root, p.person_ref) as person_ref from person p left join person_alias a using (person_ref)
where p.phone_index = any($1::bytea[]) order by person_ref limit $2
"""

BY_NAME = """
select distinct coalesce(a.root, p.person_ref) as person_ref from person p left join person_alias a using (person_ref)
where p.name_index = any($1::bytea[]) order by person_ref limit $2
"""

BY_SURNAME = """
select distinct coalesce(a.root, r.person_ref) as person_ref
from residence r left join person_alias a using (person_ref)
where r.surname_index = any($1::bytea[]) and r.dwelling_id = $2 and r.ended_on is null order by person_ref limit $3
"""

PERSON_COLUMNS = (
    *("person_ref", "name_sealed", "sex_sealed", "born_sealed", "phone_sealed", "name_index", "phone_index"),
    *("origin_code", "guardian_ref", "gate_card", "registered_at"),
)
DOCUMENT_COLUMNS = ("person_ref", "kind", "number_index", "number_sealed", "verified", "error", "added_at")
RESIDENCE_COLUMNS = (
    *(
        "person_ref",
        "dwelling_id",
        "relation",
        "resident",
        "registered_on",
        "surname_index",
        "identity_index",
    ),
    *("content_index", "note_sealed"),
)

REJECTIONS: Rejections = {
    "document_is_one_persons": RegisteredMeanwhile(
        "此证件刚被登记，请再试一次。This document was registered at the same moment; try again.",
        field="documents",
    ),
}


async def fill_book(
    conn: Conn,
    book: Book,
    *,
    numbers: Iterable[bytes],
    identities: Iterable[bytes],
    people: Iterable[UUID] = (),
    formerly: Mapping[bytes, bytes],
) -> None:
    """Enter everybody whom these document numbers or names at dwellings may mean, and these people.

    `formerly`: what rows may still hold for a value while an index key is exchanged; the book has the value of today.
    """
    refs: set[UUID] = set(people)
    for row in await conn.fetch(HOLDERS, [*numbers, *formerly]):
        refs.add(row["person_ref"])
    for row in await conn.fetch(NAMESAKES, [*identities, *formerly]):
        refs.add(row["person_ref"])
        book.add_namesake(_today(row["identity_index"], formerly), row["person_ref"])
    if not refs:
        return
    wanted = list(refs)
    for ref in wanted:
        book.people.setdefault(ref, Entry())
    for row in await conn.fetch(DOCUMENTS_OF, wanted):
        document = (DocumentKind(row["kind"]), _today(row["number_index"], formerly))
        book.add_document(row["person_ref"], document, verified=row["verified"])
    for row in await conn.fetch(RESIDENCES_OF, wanted):
        book.residences[row["person_ref"], row["dwelling_id"]] = _today(row["content_index"], formerly)
    for row in await conn.fetch(GUARDIANS_OF, wanted):
        book.people[row["person_ref"]].guardian = row["guardian_ref"]
        book.people[row["person_ref"]].deceased = row["died_on"] is not None


def _today(value: bytes, formerly: Mapping[bytes, bytes]) -> bytes:
    return formerly.get(value, value)


@dataclass(slots=True)
class Rows:
    """Sealed rows on their way into the tables, in the order of the `*_COLUMNS`."""

    people: list[tuple[object, ...]] = field(default_factory=list)
    documents: list[tuple[object, ...]] = field(default_factory=list)
    residences: list[tuple[object, ...]] = field(default_factory=list)
    refreshed: list[tuple[object, ...]] = field(default_factory=list)
    changed: list[tuple[object, ...]] = field(default_factory=list)


async def enter(tx: Tx, rows: Rows) -> None:
    """Write a batch.

    Raises:
        asyncpg.UniqueViolationError: somebody registered one of these people at the same moment.
    """
    if rows.people:
        await tx.copy_to_places("person", PERSON_COLUMNS, rows.people)
    if rows.refreshed:
        await tx.execute(REFRESH_PEOPLE, *_columns(rows.refreshed))
    if rows.documents:
        await tx.copy_to_places("person_document", DOCUMENT_COLUMNS, rows.documents)
    if rows.residences:
        await tx.copy_to_places("residence", RESIDENCE_COLUMNS, rows.residences)
    if rows.changed:
        columns = _columns(rows.changed)
        await tx.execute(KEEP_PERIODS, *columns[:2])
        await tx.execute(KEEP_IDENTITIES, *columns[:2], columns[RESIDENCE_COLUMNS.index("identity_index")])
        await tx.execute(CHANGE_RESIDENCES, *columns)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def known(conn: Conn, person_ref: UUID) -> bool:
    """Whether somebody in the book has this reference."""
    return bool(await conn.fetchval(KNOWN, person_ref))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPerson:
    """A person as stored: everything personal is sealed."""

    row: asyncpg.Record
    papers: list[asyncpg.Record]
    homes: list[asyncpg.Record]


async def sealed_people(conn: Conn, refs: Sequence[UUID]) -> dict[UUID, SealedPerson]:
    """People with their documents and homes, in two statements however many they are."""
    found: dict[UUID, SealedPerson] = {}
    for row in await conn.fetch(PEOPLE_WITH_PAPERS, list(refs)):
        person = found.setdefault(row["person_ref"], SealedPerson(row=row, papers=[], homes=[]))
        if row["kind"] is not None:
            person.papers.append(row)
    for ref, rows in (await homes(conn, list(found))).items():
        found[ref].homes.extend(rows)
    return found


async def papers(conn: Conn, refs: Sequence[UUID]) -> list[asyncpg.Record]:
    """The documents of these people, of each the one that was added first in front."""
    return await conn.fetch(PAPERS, list(refs))


async def homes(conn: Conn, refs: Collection[UUID]) -> dict[UUID, list[asyncpg.Record]]:
    """The dwellings of each of these people, their home first."""
    found: dict[UUID, list[asyncpg.Record]] = {ref: [] for ref in refs}
    if found:
        for row in await conn.fetch(HOMES, list(refs)):
            found[row["person_ref"]].append(row)
    return found
