"""Household forms of a survey round: everything that is kept of a visit (R4.1, R4.2, P7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.survey_forms import Standing
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "survey_submission_pkey": SameIdOtherContent(
        "该编号已用于另一份登记。This id was used for another form.", field="submission_id"
    ),
    "survey_resolution_pkey": SameIdOtherContent(
        "该编号已用于另一次处理。This id was used for another resolution.", field="resolution_id"
    ),
}

LOCK_SUBMISSION = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.survey:' || $1::text, 0))"
# A round is not closed while a form of it is being taken.
SHARE_ROUND = "select round_id, number, opened_at, closed_at from survey_round where round_id = $1 for share"
LOCK_TARGET = """
select t.round_id, t.dwelling_id, t.compound_id, c.neighbourhood_id, d.grid_id, d.building, d.unit, d.room, d.occupancy,
  t.outcome, t.final, t.conflict, t.attempts, t.surveyed_at, t.version
from survey_target t join dwelling d using (dwelling_id) join compound c on c.compound_id = t.compound_id
where t.round_id = $1 and t.dwelling_id = $2 and t.listed for update of t
"""
TARGET = """
select t.round_id, t.dwelling_id, t.compound_id, c.neighbourhood_id, d.grid_id, d.building, d.unit, d.room, d.occupancy,
  t.outcome, t.final, t.conflict, t.attempts, t.surveyed_at, t.version
from survey_target t join dwelling d using (dwelling_id) join compound c on c.compound_id = t.compound_id
where t.round_id = $1 and t.dwelling_id = $2 and t.listed
"""
MOVE_TARGET = """
update survey_target
set outcome = $3, final = $4, conflict = $5, attempts = $6, surveyed_at = $7, version = version + 1
where round_id = $1 and dwelling_id = $2 returning version
"""
STAYS = """
select person_ref, relation, resident, ended_on, registered_on from residence where dwelling_id = $1
order by registered_on, person_ref
"""
# Somebody with two records at the dwelling lives there once.
RESIDENTS = """
select count(distinct coalesce(a.root, r.person_ref)) from residence r left join person_alias a using (person_ref)
where r.dwelling_id = $1 and r.resident and r.ended_on is null
"""

SUBMISSION = """
select submission_id, round_id, dwelling_id, source, outcome, standing, visited_at, received_at, recorded_by, corrects,
  witness, key_ref, note_sealed, content_index, answer
from survey_submission where submission_id = $1
"""
SUBMISSIONS_OF = """
select submission_id, round_id, dwelling_id, source, outcome, standing, visited_at, received_at, recorded_by, corrects,
  witness, key_ref, note_sealed, content_index, answer
from survey_submission where round_id = $1 and dwelling_id = $2 order by received_at, submission_id
"""
LAST_ROUND = """
select r.number, t.outcome, t.final, t.surveyed_at from survey_target t join survey_round r using (round_id)
where t.dwelling_id = $1 and r.round_id <> $2 and t.outcome is not null order by r.number desc limit 1
"""
ADD_SUBMISSION = """
insert into survey_submission (submission_id, round_id, dwelling_id, source, outcome, standing, visited_at, received_at,
  recorded_by, corrects, witness, key_ref, note_sealed, content_index, answer)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '{}')
"""
SET_STANDING = "update survey_submission set standing = $2 where submission_id = $1"
KEEP_OTHERS = """
update survey_submission set standing = 'kept'
where round_id = $1 and dwelling_id = $2 and submission_id <> $3 and standing <> 'kept'
"""
DEMOTE_CURRENT = """
update survey_submission set standing = 'kept' where round_id = $1 and dwelling_id = $2 and standing = 'current'
"""
SET_ANSWER = "update survey_submission set answer = $2 where submission_id = $1"

MEMBERS = """
select submission_id, nth, state, person_ref, entered, key_ref, stated_sealed
from survey_member where submission_id = any($1::uuid[]) order by submission_id, nth
"""
ADD_MEMBER = """
insert into survey_member (submission_id, nth, state, person_ref, key_ref, stated_sealed)
values ($1, $2, $3, $4, $5, $6)
"""
NAME_MEMBER = """
update survey_member set person_ref = $3, entered = $4, key_ref = $3, stated_sealed = $5
where submission_id = $1 and nth = $2
"""
FINDINGS = """
select submission_id, nth, kind, member, person_ref, detail_sealed, intake_id
from survey_finding where submission_id = any($1::uuid[]) order by submission_id, nth
"""
ADD_FINDING = """
insert into survey_finding (submission_id, nth, kind, member, person_ref, detail_sealed) values ($1, $2, $3, $4, $5, $6)
"""
NAME_INTAKE = (
    "update survey_finding set intake_id = $3, person_ref = $4 where submission_id = $1 and nth = $2"
)
LATEST_INTAKE = """
select intake_id from returnee_intake where person_ref in (select pseudonyms_of($1))
order by recorded_at desc, intake_id desc limit 1
"""
OFFERS = """
select submission_id, nth, kind, member, note_sealed
from survey_offer where submission_id = any($1::uuid[]) order by submission_id, nth
"""
ADD_OFFER = (
    "insert into survey_offer (submission_id, nth, kind, member, note_sealed) values ($1, $2, $3, $4, $5)"
)

FINDING_PAGE = """
select f.submission_id, f.nth, f.kind, coalesce(f.person_ref, m.person_ref) as person_ref, f.detail_sealed, f.intake_id,
  s.key_ref, s.round_id, s.dwelling_id, s.received_at, d.compound_id, d.grid_id, d.building, d.unit, d.room
from survey_finding f join survey_submission s using (submission_id) join dwelling d using (dwelling_id)
  left join survey_member m on m.submission_id = f.submission_id and m.nth = f.member
where s.round_id = $1 and d.compound_id = $2 and ($3::text[] is null or d.grid_id = any($3))
  and ($4::text is null or f.kind = $4) and (s.received_at, f.submission_id, f.nth) > ($5, $6, $7)
order by s.received_at, f.submission_id, f.nth limit $8
"""
OFFER_PAGE = """
select o.submission_id, o.nth, o.kind, o.note_sealed, o.application_id, m.person_ref, s.key_ref, s.dwelling_id,
  s.received_at, d.compound_id, d.grid_id
from survey_offer o join survey_submission s using (submission_id) join dwelling d using (dwelling_id)
  join survey_member m on m.submission_id = o.submission_id and m.nth = o.member
where d.compound_id = $1 and s.standing = 'current' and m.person_ref is not null
  and ($2::text[] is null or d.grid_id = any($2))
  and (s.received_at, o.submission_id, o.nth) > ($3, $4, $5)
order by s.received_at, o.submission_id, o.nth limit $6
"""
OFFER = """
select d.compound_id, c.neighbourhood_id, d.grid_id from survey_offer o join survey_submission s using (submission_id)
  join dwelling d using (dwelling_id) join compound c using (compound_id)
where o.submission_id = $1 and o.nth = $2
"""
LOCK_OFFER = """
select m.person_ref, o.application_id, d.compound_id
from survey_offer o join survey_submission s using (submission_id) join dwelling d using (dwelling_id)
  join survey_member m on m.submission_id = o.submission_id and m.nth = o.member
where o.submission_id = $1 and o.nth = $2 and s.standing = 'current' and m.person_ref is not null
for update of o
"""
NAME_APPLICATION = "update survey_offer set application_id = $3 where submission_id = $1 and nth = $2"
CONFLICT_PAGE = """
select t.dwelling_id, t.compound_id, d.grid_id, d.building, d.unit, d.room, t.surveyed_at
from survey_target t join dwelling d using (dwelling_id)
where t.round_id = $1 and t.compound_id = $2 and t.listed and t.conflict and ($3::text[] is null or d.grid_id = any($3))
  and t.dwelling_id > $4
order by t.dwelling_id limit $5
"""
RESOLUTION = """
select resolution_id, chosen, content_index, answer from survey_resolution where resolution_id = $1
"""
ADD_RESOLUTION = """
insert into survey_resolution (resolution_id, round_id, dwelling_id, chosen, reason_sealed, key_ref, content_index,
  resolved_by, resolved_at, answer)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubmission:
    """A form on its way in, sealed."""

    submission_id: UUID
    round_id: UUID
    dwelling_id: UUID
    source: str
    outcome: str
    standing: Standing
    visited_at: datetime
    corrects: UUID | None
    witness: str | None
    key_ref: UUID
    note_sealed: bytes | None
    content_index: bytes
    members: Sequence[tuple[object, ...]]
    findings: Sequence[tuple[object, ...]]
    offers: Sequence[tuple[object, ...]]


async def lock_id(tx: Tx, submission_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_SUBMISSION, str(submission_id))


async def share_round(tx: Tx, round_id: UUID) -> asyncpg.Record | None:
    """A round, which nobody closes until the end of the transaction."""
    return await tx.fetchrow(SHARE_ROUND, round_id)


async def locked_target(tx: Tx, round_id: UUID, dwelling_id: UUID) -> asyncpg.Record | None:
    """A dwelling of a round, with nobody else surveying it until the end of the transaction."""
    return await tx.fetchrow(LOCK_TARGET, round_id, dwelling_id)


async def target(conn: Conn, round_id: UUID, dwelling_id: UUID) -> asyncpg.Record | None:
    """A dwelling of a round."""
    return await conn.fetchrow(TARGET, round_id, dwelling_id)


async def submission(conn: Conn, submission_id: UUID) -> asyncpg.Record | None:
    """A form by its id."""
    return await conn.fetchrow(SUBMISSION, submission_id)


async def submissions_of(conn: Conn, round_id: UUID, dwelling_id: UUID) -> list[asyncpg.Record]:
    """Every form of a dwelling in a round, in the order of their arrival."""
    return await conn.fetch(SUBMISSIONS_OF, round_id, dwelling_id)


async def add(tx: Tx, new: NewSubmission) -> None:
    """Write a form with its members, findings and offers."""
    await tx.execute(
        ADD_SUBMISSION,
        new.submission_id,
        new.round_id,
        new.dwelling_id,
        new.source,
        new.outcome,
        new.standing.value,
        new.visited_at,
        tx.now,
        tx.actor or "unknown",
        new.corrects,
        new.witness,
        new.key_ref,
        new.note_sealed,
        new.content_index,
    )
    for statement, rows in ((ADD_MEMBER, new.members), (ADD_FINDING, new.findings), (ADD_OFFER, new.offers)):
        await tx.executemany(statement, [(new.submission_id, nth, *row) for nth, row in enumerate(rows)])


async def set_answer(tx: Tx, submission_id: UUID, answer: dict[str, Any]) -> None:
    """Keep what was answered, for a repeat."""
    await tx.execute(SET_ANSWER, submission_id, answer)


async def make_current(
    tx: Tx, round_id: UUID, dwelling_id: UUID, submission_id: UUID, *, settles: bool = False
) -> None:
    """Let this form be the record; where it settles a conflict, every other one is history."""
    if settles:
        await tx.execute(KEEP_OTHERS, round_id, dwelling_id, submission_id)
    else:
        await tx.execute(DEMOTE_CURRENT, round_id, dwelling_id)
    await tx.execute(SET_STANDING, submission_id, Standing.CURRENT.value)


async def move_target(
    tx: Tx,
    target: asyncpg.Record,
    *,
    outcome: str,
    final: bool,
    conflict: bool,
    attempts: int,
    surveyed_at: datetime,
) -> int:
    """Write how a dwelling stands now; tells the version."""
    version: int = await tx.fetchval(
        MOVE_TARGET,
        target["round_id"],
        target["dwelling_id"],
        outcome,
        final,
        conflict,
        attempts,
        surveyed_at,
    )
    return version


async def residents(conn: Conn, dwelling_id: UUID) -> int:
    """How many live at a dwelling by the book."""
    found: int = await conn.fetchval(RESIDENTS, dwelling_id)
    return found
