"""Links printed for a grid or a compound, and what became of a case's links."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.observation.domain.refusals import LinkShownOnce
from services.observation.store.desk import Reach
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

TO_ISSUE = """
select c.case_id, c.person_ref, c.compound, c.grid, c.last_day, k.name_sealed, k.phone_sealed, k.room_sealed
from observation_case c
left join compound_place p using (compound)
left join contact_card k on k.person_ref = c.person_ref
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5)
  and ($6::text is null or c.grid = $6)
  and c.ended_at is null
  and ($7::text = 'all' or not exists (
    select from resident_link l where l.case_id = c.case_id and l.revoked_at is null
      and ($7::text = 'none' or l.bound_at is not null)))
order by c.case_id limit $8 for update of c
"""
ADD_SHEET = "insert into link_sheet (issue_id, issued_at, issued_by, links) values ($1, $2, $3, $4)"
LINKS = """
select l.link_id, l.issued_at, l.issued_by, l.bound_at, l.revoked_at,
  array(select m.case_id from link_member m where m.link_id = l.link_id order by m.case_id) as members
from resident_link l where l.case_id = $1 order by l.issued_at, l.link_id
"""
UNBIND = """
update resident_link set session_hash = null, bound_at = null
where link_id = $1 and case_id = $2 and revoked_at is null returning link_id
"""

REJECTIONS: dict[str, Refusal] = {
    "link_sheet_pkey": LinkShownOnce(
        "这批链接已生成，且只显示一次。These links were made already and are shown only once.",
        field="issue_id",
        remedy="请用新的编号重新生成，并选择替换。Make them anew with a new id, replacing these.",
    ),
}


async def to_issue(tx: Tx, reach: Reach, *, replace: str, limit: int) -> list[asyncpg.Record]:
    """Read cases in force that are to get a link, under their row locks."""
    return await tx.fetch(TO_ISSUE, *reach.values(), replace, limit)


async def add_sheet(tx: Tx, issue_id: UUID, *, issued_by: str, links: int) -> None:
    """Keep that a sheet was made; a second time is refused."""
    await tx.execute(ADD_SHEET, issue_id, tx.now, issued_by, links)


async def links_of(conn: Conn, case_id: UUID) -> Sequence[asyncpg.Record]:
    """Tell the links of a case, oldest first, and whom each reaches."""
    return await conn.fetch(LINKS, case_id)


async def unbind(tx: Tx, *, link_id: UUID, case_id: UUID) -> bool:
    """Let another phone open a living link; False when the case has no such link."""
    return await tx.fetchval(UNBIND, link_id, case_id) is not None
