"""Applications for a pass, their papers and colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.applications import Application, ApplicationState, Colour, Via
from shared.db.pool import Conn, Tx

LOCK_ID = (
    "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.pass_application:' || $1::text, 0))"
)
FIRST_ANSWER = """
select key_ref, receipt_sealed, content_index, via from pass_application where application_id = $1
"""
ADD = """
insert into pass_application (application_id, compound_id, via, key_ref, stated_sealed, person_ref, receipt_sealed,
  receipt_index, content_index, suzhou_code, code_seen_at, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
ADD_PAPERS = """
insert into pass_application_paper (application_id, kind) select $1, kind from unnest($2::text[]) as given (kind)
on conflict (application_id, kind) do nothing
"""
VERIFY_PAPER = """
insert into pass_application_paper (application_id, kind, verified_at, verified_by) values ($1, $2, $3, $4)
on conflict (application_id, kind) do update set verified_at = excluded.verified_at, verified_by = excluded.verified_by
where pass_application_paper.verified_at is null
"""
ADD_CODE = """
insert into pass_application_code (application_id, seen_at, colour, recorded_at, recorded_by)
values ($1, $2, $3, $4, $5) on conflict (application_id, seen_at) do nothing
"""
SHOW_CODE = """
update pass_application set suzhou_code = $2, code_seen_at = $3, version = version + 1
where application_id = $1 and code_seen_at < $3 and suzhou_code <> $2 returning version
"""
LATER_CODE = """
update pass_application set code_seen_at = $3
where application_id = $1 and suzhou_code = $2 and code_seen_at < $3
"""
NAME_PERSON = "update pass_application set person_ref = $2 where application_id = $1"
SETTLE = """
update pass_application set state = $2, reason = $3, note_sealed = $4, pass_id = $5, settled_at = $6, settled_by = $7,
  version = version + 1
where application_id = $1 returning version
"""
FOR_UPDATE = """
select a.application_id, a.compound_id, a.via, a.state, a.person_ref, a.suzhou_code, a.code_seen_at,
  a.pass_id, a.reason, a.received_at, a.key_ref, a.version,
  array(select p.kind from pass_application_paper p
    where p.application_id = a.application_id and p.verified_at is not null order by p.kind) as papers
from pass_application a where a.application_id = $1 for no key update
"""
ONE = """
select application_id, compound_id, stated_sealed, note_sealed, settled_at, settled_by, key_ref
from pass_application where application_id = $1
"""
PAPERS = """
select kind, verified_at, verified_by from pass_application_paper where application_id = $1 order by kind
"""
CODES = """
select colour, seen_at, recorded_at, recorded_by from pass_application_code where application_id = $1 order by seen_at
"""
BY_RECEIPT = "select application_id from pass_application where receipt_index = any($1::bytea[])"
PAGE = """
select a.application_id, a.compound_id, a.via, a.state, a.person_ref, a.suzhou_code, a.code_seen_at,
  a.pass_id, a.reason, a.received_at, a.key_ref, a.version,
  array(select p.kind from pass_application_paper p
    where p.application_id = a.application_id and p.verified_at is not null order by p.kind) as papers
from pass_application a
where a.compound_id = $1 and ($2::text is null or a.state = $2) and ($3::text is null or a.via = $3)
  and ($4::boolean is null or $4 = (a.state = 'open' and a.suzhou_code in ('yellow', 'red')))
  and (a.received_at, a.application_id) > ($5, $6)
order by a.received_at, a.application_id limit $7
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """An application as it is written down; one from a gate has no receipt."""

    application_id: UUID
    compound: str
    via: Via
    key_ref: UUID
    stated_sealed: bytes | None
    person_ref: UUID | None
    receipt_sealed: bytes | None
    receipt_index: bytes | None
    content_index: bytes | None
    colour: Colour
    code_seen_at: datetime
    papers: Sequence[str]


async def lock_id(tx: Tx, application_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_ID, str(application_id))


async def first_answer(conn: Conn, application_id: UUID) -> asyncpg.Record | None:
    """What was answered to the first request with this id."""
    return await conn.fetchrow(FIRST_ANSWER, application_id)


async def add(tx: Tx, new: NewApplication) -> None:
    """Write an application down with its first colour."""
    await tx.execute(
        ADD,
        new.application_id,
        new.compound,
        new.via,
        new.key_ref,
        new.stated_sealed,
        new.person_ref,
        new.receipt_sealed,
        new.receipt_index,
        new.content_index,
        new.colour,
        new.code_seen_at,
        tx.now,
    )
    await tx.execute(ADD_PAPERS, new.application_id, sorted(set(new.papers)))
    await tx.execute(ADD_CODE, new.application_id, new.code_seen_at, new.colour, tx.now, tx.actor or "")


async def for_update(tx: Tx, application_id: UUID) -> Application | None:
    """An application, held until the end."""
    row = await tx.fetchrow(FOR_UPDATE, application_id)
    return _application(row) if row else None


async def one(conn: Conn, application_id: UUID) -> asyncpg.Record | None:
    """What is sealed of an application."""
    return await conn.fetchrow(ONE, application_id)


async def papers(conn: Conn, application_id: UUID) -> Sequence[asyncpg.Record]:
    """Its papers and who verified them."""
    return await conn.fetch(PAPERS, application_id)


async def codes(conn: Conn, application_id: UUID) -> Sequence[asyncpg.Record]:
    """Every colour that was seen."""
    return await conn.fetch(CODES, application_id)


async def by_receipt(conn: Conn, indexes: Sequence[bytes]) -> UUID | None:
    """The application with a receipt code."""
    found: UUID | None = await conn.fetchval(BY_RECEIPT, list(indexes))
    return found


async def page(
    conn: Conn,
    compound: str,
    *,
    state: ApplicationState | None,
    via: Via | None,
    held: bool | None,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[Application]:
    """A compound's applications in the order in which they came."""
    return [_application(row) for row in await conn.fetch(PAGE, compound, state, via, held, *after, limit)]


async def verify_paper(tx: Tx, application_id: UUID, kind: str) -> None:
    """Note that somebody looked at a paper; who looked first stays."""
    await tx.execute(VERIFY_PAPER, application_id, kind, tx.now, tx.actor or "")


async def show_code(tx: Tx, application_id: UUID, colour: Colour, seen_at: datetime) -> int | None:
    """Keep a colour; the new version where the application shows another one now."""
    await tx.execute(ADD_CODE, application_id, seen_at, colour, tx.now, tx.actor or "")
    version: int | None = await tx.fetchval(SHOW_CODE, application_id, colour, seen_at)
    if version is None:
        await tx.execute(LATER_CODE, application_id, colour, seen_at)
    return version


async def name_person(tx: Tx, application_id: UUID, person_ref: UUID) -> None:
    """Note who of the book the applicant is."""
    await tx.execute(NAME_PERSON, application_id, person_ref)


async def settle(
    tx: Tx,
    application_id: UUID,
    state: ApplicationState,
    *,
    reason: str | None = None,
    note: bytes | None = None,
    pass_id: UUID | None = None,
) -> int:
    """Write down how it ended; its new version."""
    version: int = await tx.fetchval(
        SETTLE, application_id, state, reason, note, pass_id, tx.now, tx.actor or ""
    )
    return version


def _application(row: asyncpg.Record) -> Application:
    return Application(
        application_id=row["application_id"],
        compound=row["compound_id"],
        via=row["via"],
        state=row["state"],
        person_ref=row["person_ref"],
        colour=row["suzhou_code"],
        code_seen_at=row["code_seen_at"],
        papers=frozenset(row["papers"]),
        pass_id=row["pass_id"],
        reason=row["reason"],
        received_at=row["received_at"],
        key_ref=row["key_ref"],
        version=row["version"],
    )
