"""What goes when its time is over: health answers, reasons, notes and places, contacts. Counts stay."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db.pool import Conn, Tx

HEALTH_DUE = """
select c.case_id from observation_case c
where c.ended_at < $1 and (
  exists (select from declaration d where d.case_id = c.case_id and d.answers_sealed is not null)
  or exists (select from decision d where d.case_id = c.case_id and d.reason_sealed is not null)
  or exists (select from contact_attempt a where a.case_id = c.case_id and a.note_sealed is not null)
  or exists (select from door_task t where t.case_id = c.case_id and t.note_sealed is not null)
  or exists (select from pattern_flag f where f.case_id = c.case_id and f.note_sealed is not null)
  or exists (select from fever_result r join fever_episode e using (episode_id)
    where e.case_id = c.case_id and r.reason_sealed is not null)
  or exists (select from confirmation f
    where f.person_ref = c.person_ref and f.confirmed_at <= c.ended_at and f.reason_sealed is not null)
  or exists (select from risk_proposal p where p.case_id = c.case_id and p.reason_sealed is not null)
  or exists (select from measure_change m where m.case_id = c.case_id and m.place_sealed is not null))
order by c.ended_at, c.case_id limit $2 for update of c
"""
CONTACTS_DUE = """
select k.person_ref from contact_card k
where exists (select from observation_case c where c.person_ref = k.person_ref and c.ended_at < $1)
  and not exists (
    select from observation_case c where c.person_ref = k.person_ref and (c.ended_at is null or c.ended_at >= $1))
order by k.person_ref limit $2 for update of k
"""
CASES_OF_PEOPLE = """
select case_id from observation_case where person_ref = any($1::uuid[]) order by case_id for update
"""
ERASE_ANSWERS = """
update declaration set answers_sealed = null, content_index = ''
where case_id = any($1::uuid[]) and answers_sealed is not null
"""
ERASE_CORRECTIONS = """
update declaration_correction set reason_sealed = null, content_index = ''
where reason_sealed is not null
  and declaration_id in (select declaration_id from declaration where case_id = any($1::uuid[]))
"""
ERASE_REASONS = """
update decision set reason_sealed = null, content_index = ''
where case_id = any($1::uuid[]) and reason_sealed is not null
"""
ERASE_NOTES = """
update contact_attempt set note_sealed = null, content_index = ''
where case_id = any($1::uuid[]) and note_sealed is not null
"""
ERASE_DOOR_NOTES = """
update door_task set note_sealed = null, content_index = '' where case_id = any($1::uuid[]) and note_sealed is not null
"""
ERASE_PATTERN_NOTES = """
update pattern_flag set note_sealed = null, content_index = ''
where case_id = any($1::uuid[]) and note_sealed is not null
"""
ERASE_CLINICS = """
update fever_result r set reason_sealed = null, content_index = ''
from fever_episode e
where e.episode_id = r.episode_id and e.case_id = any($1::uuid[]) and r.reason_sealed is not null
"""
ERASE_CONFIRMATIONS = """
update confirmation f set reason_sealed = null, content_index = ''
from observation_case c
where c.person_ref = f.person_ref and c.case_id = any($1::uuid[])
  and (c.ended_at is null or f.confirmed_at <= c.ended_at) and f.reason_sealed is not null
"""
ERASE_PROPOSALS = """
update risk_proposal set reason_sealed = null where case_id = any($1::uuid[]) and reason_sealed is not null
"""
ERASE_PLACES = """
update measure_change set place_sealed = null where case_id = any($1::uuid[]) and place_sealed is not null
"""
DROP_CARDS = "delete from contact_card where person_ref = any($1::uuid[])"
ERASED_PEOPLE = "select person_ref from person_erased"
NOTE_ERASED = """
insert into person_erased (person_ref, erased_at) values ($1, $2) on conflict (person_ref) do nothing
"""


async def health_due(tx: Tx, ended_before: datetime, limit: int) -> list[UUID]:
    """Tell ended cases that still hold health answers or texts, under their row locks."""
    return [row["case_id"] for row in await tx.fetch(HEALTH_DUE, ended_before, limit)]


async def contacts_due(tx: Tx, ended_before: datetime, limit: int) -> list[UUID]:
    """Tell people whose last case ended long enough ago, and whose contact is still kept."""
    return [row["person_ref"] for row in await tx.fetch(CONTACTS_DUE, ended_before, limit)]


async def cases_of(conn: Conn, people: Sequence[UUID]) -> list[UUID]:
    """Tell all cases of people, under their row locks."""
    return [row["case_id"] for row in await conn.fetch(CASES_OF_PEOPLE, list(people))]


_ERASE_HEALTH = (
    ERASE_ANSWERS,
    ERASE_CORRECTIONS,
    ERASE_REASONS,
    ERASE_NOTES,
    ERASE_DOOR_NOTES,
    ERASE_PATTERN_NOTES,
    ERASE_CLINICS,
    ERASE_CONFIRMATIONS,
    ERASE_PROPOSALS,
    ERASE_PLACES,
)


async def erase_health(tx: Tx, case_ids: Sequence[UUID]) -> None:
    """Erase answers, reasons, notes and places of cases; windows, standings and counts stay."""
    for statement in _ERASE_HEALTH:
        await tx.execute(statement, list(case_ids))


async def drop_cards(tx: Tx, people: Sequence[UUID]) -> None:
    """Forget how to reach people."""
    await tx.execute(DROP_CARDS, list(people))


async def note_erased(tx: Tx, person_ref: UUID) -> None:
    """Keep that nothing personal is kept of somebody any more."""
    await tx.execute(NOTE_ERASED, person_ref, tx.now)
