"""Everything personal that the registry keeps of somebody, and how it goes; pseudonyms, days and counts stay."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from services.registry.domain.erasure import Ties
from shared.db.pool import Conn, Tx

ERASED_PEOPLE = "select person_ref from person_erasure"
ERASURE = (
    "select person_ref, erasure_id, reason, erased_at from person_erasure where person_ref = any($1::uuid[])"
)
ADD_ERASURE = """
insert into person_erasure (person_ref, erasure_id, reason, erased_at, erased_by)
select person_ref, $2, $3, $4, $5 from unnest($1::uuid[]) as gone (person_ref) order by person_ref
"""
NO_PEOPLE = """
select ref from unnest($1::uuid[]) as thing (ref) where not exists (select from person p where p.person_ref = thing.ref)
"""
NOT_ERASED = """
select person_ref from person p where person_ref = any($1::uuid[])
  and not exists (select from person_erasure e where e.person_ref = p.person_ref)
order by person_ref
"""
TIES = """
select (
    select count(distinct r.dwelling_id) from residence r where r.person_ref = any($1::uuid[]) and r.ended_on is null
  )::int as dwellings, (
    select count(*) from entry_pass p
    where p.person_ref = any($1::uuid[]) and p.state <> 'revoked' and p.valid_until > $2)::int
  + (
    select count(*) from vehicle v join vehicle_pass p using (vehicle_ref)
    where v.person_ref = any($1::uuid[]) and p.state = 'active' and p.valid_until > $2)::int as passes, (
    select count(*) from observation_state o
    where o.person_ref = any($1::uuid[]) and o.state not in ('completed', 'closed'))::int
  + (
    select count(*) from returnee_intake i where i.person_ref = any($1::uuid[]) and i.case_id is null
  )::int as observations, (
    select count(distinct w.person_ref) from person w join residence r using (person_ref)
    where w.guardian_ref = any($1::uuid[]) and r.ended_on is null)::int as wards, (
    select max(coalesce(o.completed_at, o.closed_at)) from observation_state o where o.person_ref = any($1::uuid[])
  ) as released_at
"""

# A lookup value that nothing looks up: each person's own, so that no two erased people look like one.
ERASE_PERSON = """
update person set name_sealed = '', sex_sealed = '', born_sealed = '', phone_sealed = null,
  name_index = uuid_send(person_ref), phone_index = null, origin_code = null, gate_card = false
where person_ref = any($1::uuid[])
"""
ERASE_RESIDENCES = """
update residence set surname_index = uuid_send(person_ref), identity_index = uuid_send(person_ref), content_index = '',
  note_sealed = null
where person_ref = any($1::uuid[])
"""
ERASE_RESIDENCES_BEFORE = """
update residence_before set surname_index = null, identity_index = null, content_index = null, note_sealed = null
where person_ref = any($1::uuid[])
"""
DROP_DOCUMENTS = "delete from person_document where person_ref = any($1::uuid[])"
DROP_EARLIER = "delete from earlier_identity where person_ref = any($1::uuid[])"
ERASE_HISTORY = """
update person_change set before_sealed = null, after_sealed = null, reason_sealed = null
where person_ref = any($1::uuid[])
"""
ERASE_INTAKES = """
update returnee_intake set reason_sealed = null, transport_number_sealed = null, health_sealed = null,
  content_index = ''
where person_ref = any($1::uuid[])
"""
ERASE_CORRECTIONS = """
update intake_correction set reason_sealed = '', choice_reason_sealed = null, transport_number_sealed = null,
  health_sealed = null, content_index = ''
where intake_id in (select intake_id from returnee_intake where person_ref = any($1::uuid[]))
"""
ERASE_VEHICLES = """
update vehicle set plate_sealed = '', plate_index = uuid_send(vehicle_ref), removed_at = coalesce(removed_at, $2)
where person_ref = any($1::uuid[])
"""
ERASE_VEHICLE_PASSES = """
update vehicle_pass set token_sealed = ''
where vehicle_ref in (select vehicle_ref from vehicle where person_ref = any($1::uuid[]))
"""
DROP_VEHICLE_REQUESTS = """
delete from vehicle_pass_request q using vehicle_pass p, vehicle v
where q.vehicle_pass_id = p.vehicle_pass_id and p.vehicle_ref = v.vehicle_ref and v.person_ref = any($1::uuid[])
"""
ERASE_PASSES = "update entry_pass set token_sealed = '' where person_ref = any($1::uuid[])"
ERASE_STEPS = """
update pass_step set note_sealed = null
where note_sealed is not null and pass_id in (select pass_id from entry_pass where person_ref = any($1::uuid[]))
"""
DROP_REQUESTS = """
delete from pass_request q using entry_pass p where q.pass_id = p.pass_id and p.person_ref = any($1::uuid[])
"""
ERASE_HOLDS = """
update hold_settlement set note_sealed = null, content_index = '' where person_ref = any($1::uuid[])
"""
ERASE_MEMBERS = """
update survey_member set stated_sealed = '' where stated_sealed is not null and person_ref = any($1::uuid[])
"""
# Lines of watch lists and entries of the call list lie under keys of their own, since nobody knew yet who it was.
LINES_OF = "select line_id from watch_line where person_ref = any($1::uuid[]) order by line_id for update"
ENTRIES_OF = """
select e.entry_id from call_entry e join returnee_intake i using (intake_id)
where i.person_ref = any($1::uuid[]) order by e.entry_id for update of e
"""
ANSWERS_OF = """
select a.key_ref from intake_answers a join intake_task_check c using (check_id) join intake_task t using (task_id)
where t.person_ref = any($1::uuid[]) order by a.check_id for update of a
"""
APPLICATIONS_OF = """
select key_ref from pass_application where person_ref = any($1::uuid[]) order by application_id for update
"""
# What a form says of a household may name anybody in it: its texts go with the first who is erased; the answers that
# are counted stay, and what other members stated, which lies under keys of theirs.
FORMS_OF = """
select s.key_ref from survey_submission s
where exists (select from survey_member m where m.submission_id = s.submission_id and m.person_ref = any($1::uuid[]))
order by s.submission_id for update
"""
RESOLUTIONS_OF = """
select r.key_ref from survey_resolution r
where exists (select from survey_submission s join survey_member m using (submission_id)
  where s.round_id = r.round_id and s.dwelling_id = r.dwelling_id and m.person_ref = any($1::uuid[]))
order by r.resolution_id for update
"""
VOLUNTEERS_OF = """
select key_ref from volunteer_application where person_ref = any($1::uuid[])
order by application_id for update
"""
ERASE_LINES = """
update watch_line set name_sealed = '', document_sealed = null, phone_sealed = null, note_sealed = null,
  origin_code = null, content_index = uuid_send(line_id)
where line_id = any($1::uuid[])
"""
ERASE_SETTLEMENTS = """
update watch_settlement set note_sealed = '', content_index = '' where line_id = any($1::uuid[])
"""
ERASE_ENTRIES = """
update call_entry set name_sealed = '', phone_sealed = '', name_index = uuid_send(entry_id),
  phone_index = uuid_send(entry_id), content_index = ''
where entry_id = any($1::uuid[])
"""
ERASE_CALLS = """
update call_attempt set note_sealed = null, content_index = '' where entry_id = any($1::uuid[])
"""
DROP_ANSWERS = "delete from intake_answers where key_ref = any($1::uuid[])"
ERASE_VOLUNTEERS = """
update volunteer_application set name_sealed = '', sex_sealed = '', phone_sealed = '', content_index = ''
where key_ref = any($1::uuid[])
"""
ERASE_APPLICATIONS = """
update pass_application set stated_sealed = null, note_sealed = null, receipt_sealed = null
where key_ref = any($1::uuid[])
"""
ERASE_FINDINGS = """
update survey_finding f set detail_sealed = null from survey_submission s
where s.submission_id = f.submission_id and s.key_ref = any($1::uuid[]) and f.detail_sealed is not null
"""
ERASE_OFFERS = """
update survey_offer o set note_sealed = null from survey_submission s
where s.submission_id = o.submission_id and s.key_ref = any($1::uuid[]) and o.note_sealed is not null
"""
ERASE_FORMS = (
    "update survey_submission set note_sealed = null, content_index = '' where key_ref = any($1::uuid[])"
)
ERASE_STATEMENTS = """
update survey_member set stated_sealed = '' where stated_sealed is not null and key_ref = any($1::uuid[])
"""
ERASE_RESOLUTIONS = """
update survey_resolution set reason_sealed = '', content_index = '' where key_ref = any($1::uuid[])
"""
# A receipt still tells how its lead stands; what was told, where and by whom is gone.
ERASE_LEADS = """
update lead set place_sealed = '', text_sealed = '', receipt_sealed = '' where key_ref = any($1::uuid[])
"""
ERASE_REPORTERS = "delete from lead_reporter where reporter_ref = any($1::uuid[])"
# A business that opens again gets a contact under a key that was never destroyed.
ERASE_BUSINESSES = """
update business set contact_name_sealed = '', contact_phone_sealed = '', content_index = '', key_ref = gen_random_uuid()
where key_ref = any($1::uuid[])
"""
FORGET_CARDS = "update card_sent set content_index = null where person_ref = any($1::uuid[])"

_ALL = (
    *(ERASE_PERSON, ERASE_RESIDENCES, ERASE_RESIDENCES_BEFORE, DROP_DOCUMENTS, DROP_EARLIER, ERASE_HISTORY),
    *(
        ERASE_CORRECTIONS,
        ERASE_INTAKES,
        DROP_VEHICLE_REQUESTS,
        ERASE_VEHICLE_PASSES,
        DROP_REQUESTS,
        ERASE_PASSES,
    ),
    *(ERASE_STEPS, ERASE_HOLDS, FORGET_CARDS, ERASE_MEMBERS),
)
_OWN = (LINES_OF, ENTRIES_OF, ANSWERS_OF, VOLUNTEERS_OF, APPLICATIONS_OF, FORMS_OF, RESOLUTIONS_OF)
_BY_KEYS = (
    *(ERASE_LINES, ERASE_SETTLEMENTS, ERASE_ENTRIES, ERASE_CALLS, DROP_ANSWERS, ERASE_VOLUNTEERS),
    *(ERASE_APPLICATIONS, ERASE_FINDINGS, ERASE_OFFERS, ERASE_FORMS, ERASE_STATEMENTS, ERASE_RESOLUTIONS),
    *(ERASE_LEADS, ERASE_REPORTERS, ERASE_BUSINESSES),
)


async def no_people(tx: Tx, refs: Iterable[UUID]) -> list[UUID]:
    """Those of some refs that nobody has."""
    return [row["ref"] for row in await tx.fetch(NO_PEOPLE, list(refs))]


async def not_erased(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """People among these who were not erased as far as this database knows."""
    return [row["person_ref"] for row in await tx.fetch(NOT_ERASED, list(refs))]


async def erasures(conn: Conn, people: Sequence[UUID]) -> list[asyncpg.Record]:
    """Which of these pseudonyms were erased."""
    return await conn.fetch(ERASURE, list(people))


async def ties(tx: Tx, people: Sequence[UUID]) -> Ties:
    """What still needs a person, under any of their pseudonyms."""
    row = await tx.fetchrow(TIES, list(people), tx.now)
    assert row is not None  # noqa: S101 -- a query of counts has a row
    return Ties(**dict(row))


async def erase(tx: Tx, people: Sequence[UUID]) -> list[UUID]:
    """Blank what is sealed and what is looked up of people who are held; tells whose keys are to go besides theirs."""
    own: list[UUID] = [row[0] for statement in _OWN for row in await tx.fetch(statement, list(people))]
    for statement in _ALL:
        await tx.execute(statement, list(people))
    await tx.execute(ERASE_VEHICLES, list(people), tx.now)
    await blank_by_keys(tx, own)
    return await no_people(tx, own)


async def blank_by_keys(tx: Tx, refs: Sequence[UUID]) -> None:
    """Blank what lies under keys of its own, by those keys: whose it was may not be known."""
    for statement in _BY_KEYS:
        await tx.execute(statement, list(refs))


async def note(tx: Tx, people: Sequence[UUID], erasure_id: UUID, reason: str) -> None:
    """Keep that it was done."""
    await tx.execute(ADD_ERASURE, list(people), erasure_id, reason, tx.now, tx.actor or "registry")
