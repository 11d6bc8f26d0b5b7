"""Merges of records, who stands for whom, possible duplicates and what was said of them (Identity, P10)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.merges import MergedAlready
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.merges import roots
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "person_merge_pkey": SameIdOtherContent(
        "该编号已用于另一次合并。This id was used for another merge.", field="merge_id"
    ),
    "person_merge_once": MergedAlready("该记录刚被并入另一条。The record was merged at the same moment."),
}

# One merge or separation at a time: who stands for whom is worked out over all of them, and they are rare.
LOCK_MERGES = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.merges', 0))"
MERGE = """
select merge_id, kept, merged, reason_sealed, content_index, merged_by, merged_at, separation_id,
  separation_reason_sealed, separated_by, separated_at
from person_merge where merge_id = $1
"""
MERGES_OF = """
select merge_id, kept, merged, merged_by, merged_at, separated_by, separated_at
from person_merge where kept = any($1::uuid[]) or merged = any($1::uuid[]) order by merged_at, merge_id
"""
IN_FORCE = "select kept, merged from person_merge where separated_at is null"
ADD_MERGE = """
insert into person_merge (merge_id, kept, merged, reason_sealed, content_index, merged_by, merged_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
SEPARATE = """
update person_merge set separation_id = $2, separation_reason_sealed = $3, separated_by = $4, separated_at = $5
where merge_id = $1
"""
CLEAR_ALIASES = "delete from person_alias"
ADD_ALIASES = """
insert into person_alias (person_ref, root)
select person_ref, root from unnest($1::uuid[], $2::uuid[]) as alias (person_ref, root) order by person_ref
"""
ROOTS = "select person_ref, root from person_alias where person_ref = any($1::uuid[])"
GROUPS = """
select own.person_ref as asked, own.root, array_agg(other.person_ref order by other.person_ref) as members
from person_alias own join person_alias other using (root)
where own.person_ref = any($1::uuid[]) group by own.person_ref, own.root
"""
GROUP = "select pseudonyms_of($1) as person_ref"

# Why two records may be one person. An empty phone has no index value and matches nobody. Who was entered under a name
# or birth date that was corrected at the same dwelling may be whom the old list meant. A newborn without a document
# and somebody at the same dwelling registered after it with one: the birth dates are compared by whoever opens them.
CANDIDATES = """
with mine as materialized (
  select distinct r.person_ref from residence r join dwelling d using (dwelling_id)
  where d.compound_id = $1 and r.ended_on is null
), pairs as (
  select least(a.person_ref, b.person_ref) as one, greatest(a.person_ref, b.person_ref) as other,
    'same_document' as reason
  from mine join person_document a using (person_ref)
  join person_document b on b.number_index = a.number_index and b.kind = a.kind and b.person_ref <> a.person_ref
  union
  select least(a.person_ref, b.person_ref), greatest(a.person_ref, b.person_ref), 'same_name_and_phone'
  from mine join person a using (person_ref)
  join person b on b.phone_index = a.phone_index and b.name_index = a.name_index and b.person_ref <> a.person_ref
  union
  select least(a.person_ref, b.person_ref), greatest(a.person_ref, b.person_ref), 'same_name_birth_and_dwelling'
  from mine join residence a using (person_ref)
  join residence b on b.identity_index = a.identity_index and b.person_ref <> a.person_ref
  where a.ended_on is null and b.ended_on is null
  union
  select least(e.person_ref, b.person_ref), greatest(e.person_ref, b.person_ref), 'earlier_name_or_birth_at_dwelling'
  from mine join residence b using (person_ref)
  join earlier_identity e on e.identity_index = b.identity_index and e.person_ref <> b.person_ref
  where b.ended_on is null
  union
  select least(a.person_ref, b.person_ref), greatest(a.person_ref, b.person_ref), 'newborn_registered_later'
  from mine join person a using (person_ref)
  join residence at_home on at_home.person_ref = a.person_ref and at_home.ended_on is null
  join residence beside on beside.dwelling_id = at_home.dwelling_id and beside.ended_on is null
  join person b on b.person_ref = beside.person_ref and b.person_ref <> a.person_ref and b.person_ref <> a.guardian_ref
    and b.registered_at >= a.registered_at
  where a.guardian_ref is not null
    and not exists (select from person_document where person_ref = a.person_ref)
    and exists (select from person_document where person_ref = b.person_ref)
)
select p.one, p.other, array_agg(p.reason order by p.reason) as reasons
from pairs p
left join person_alias x on x.person_ref = p.one
left join person_alias y on y.person_ref = p.other
left join duplicate_dismissal d on d.one = p.one and d.other = p.other
where (p.one, p.other) > ($2, $3) and (d.one is not null) = $4
  and coalesce(x.root, p.one) <> coalesce(y.root, p.other) and ($5::text is null or p.reason = $5)
group by p.one, p.other order by p.one, p.other limit $6
"""
DISMISS = """
insert into duplicate_dismissal (one, other, reason_sealed, dismissed_by, dismissed_at) values ($1, $2, $3, $4, $5)
on conflict (one, other) do nothing
"""
TAKE_UP_AGAIN = "delete from duplicate_dismissal where one = $1 and other = $2"


async def lock_merges(tx: Tx) -> None:
    """Let one merge or separation at a time pass."""
    await tx.execute(LOCK_MERGES)


async def merge(conn: Conn, merge_id: UUID) -> asyncpg.Record | None:
    """A merge by its id."""
    return await conn.fetchrow(MERGE, merge_id)


async def merges_of(conn: Conn, refs: Sequence[UUID]) -> list[asyncpg.Record]:
    """Merges of these pseudonyms, undone ones too."""
    return await conn.fetch(MERGES_OF, list(refs))


async def work_out_aliases(tx: Tx) -> None:
    """Write down who stands for whom after a merge or a separation."""
    found: Mapping[UUID, UUID] = roots((row["kept"], row["merged"]) for row in await tx.fetch(IN_FORCE))
    await tx.execute(CLEAR_ALIASES)
    await tx.execute(ADD_ALIASES, list(found), list(found.values()))


async def roots_of(conn: Conn, refs: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who stands for each of these pseudonyms; themselves, where nobody was merged."""
    wanted = list(refs)
    found = {row["person_ref"]: row["root"] for row in await conn.fetch(ROOTS, wanted)}
    return {ref: found.get(ref, ref) for ref in wanted}


async def groups(conn: Conn, refs: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Every pseudonym of each of these people, the one that stands for them first."""
    found = {row["asked"]: row for row in await conn.fetch(GROUPS, list(refs))}
    return {
        ref: [found[ref]["root"], *(one for one in found[ref]["members"] if one != found[ref]["root"])]
        if ref in found
        else [ref]
        for ref in refs
    }


async def pseudonyms(conn: Conn, ref: UUID) -> list[UUID]:
    """Every pseudonym of the same person, this one included."""
    return sorted(row["person_ref"] for row in await conn.fetch(GROUP, ref))


async def candidates(
    conn: Conn,
    compound: str,
    *,
    after: tuple[Any, ...],
    dismissed: bool,
    reason: str | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Pairs that may be one person, of whom one at least is in the compound."""
    return await conn.fetch(CANDIDATES, compound, after[0], after[1], dismissed, reason, limit)
