"""Copies of other services' facts. Each statement keeps what is newer than what is held."""

KEEP_COMPOUNDS = """
insert into compound (compound, name, neighbourhood, version)
select compound, name, neighbourhood, version
from unnest($1::text[], $2::text[], $3::text[], $4::int[]) as c (compound, name, neighbourhood, version)
on conflict (compound) do update
set name = excluded.name, neighbourhood = excluded.neighbourhood, version = excluded.version
where compound.version < excluded.version
"""
KEEP_CHECKPOINTS = """
insert into checkpoint (checkpoint, compound, name, opened_at, temporary, closed_at, version)
select checkpoint, compound, name, opened_at, temporary, closed_at, version
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::timestamptz[], $7::int[])
  as c (checkpoint, compound, name, opened_at, temporary, closed_at, version)
on conflict (checkpoint) do update
set compound = excluded.compound, name = excluded.name, temporary = excluded.temporary,
  closed_at = excluded.closed_at, version = excluded.version
where checkpoint.version < excluded.version
"""
CLOSE_CHECKPOINTS = """
update checkpoint p set closed_at = n.closed_at, version = n.version
from unnest($1::text[], $2::timestamptz[], $3::int[]) as n (checkpoint, closed_at, version)
where p.checkpoint = n.checkpoint and p.version < n.version
"""
KEEP_POSTINGS = """
insert into worker_posting (posting_id, worker_ref, compound, checkpoint, from_day, until_day, version)
select posting_id, worker_ref, compound, checkpoint, from_day, until_day, version
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::date[], $6::date[], $7::int[])
  as p (posting_id, worker_ref, compound, checkpoint, from_day, until_day, version)
on conflict (posting_id) do update
set worker_ref = excluded.worker_ref, compound = excluded.compound, checkpoint = excluded.checkpoint,
  from_day = excluded.from_day, until_day = excluded.until_day, version = excluded.version
where worker_posting.version < excluded.version
"""
KEEP_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3) on conflict (version) do nothing
"""
FORGET_KEY = "delete from pass_key where key_id = $1"
KEEP_PASS_KEY = """
insert into pass_key (key_id, jwk, valid_from) values ($1, $2, $3) on conflict (key_id) do nothing
"""  # noqa: S105 -- public keys
KEEP_PASSES = """
insert into entry_pass
  (pass_id, number, serial, serial_since, person_ref, compound, kind, valid_from, valid_until, purpose, daily_from,
  daily_until, state, state_since, version)
select pass_id, number, serial, serial_since, person_ref, compound, kind, valid_from, valid_until, purpose, daily_from,
  daily_until, state, state_since, version
from unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[],
  $8::timestamptz[], $9::timestamptz[], $10::text[], $11::time[], $12::time[], $13::text[], $14::timestamptz[],
  $15::int[])
  as p (pass_id, number, serial, serial_since, person_ref, compound, kind, valid_from, valid_until, purpose,
    daily_from, daily_until, state, state_since, version)
on conflict (pass_id) do update
set number = excluded.number, serial = excluded.serial,
  serial_since = case when entry_pass.serial < excluded.serial then excluded.serial_since
    else entry_pass.serial_since end,
  person_ref = excluded.person_ref, compound = excluded.compound, kind = excluded.kind,
  valid_from = excluded.valid_from, valid_until = excluded.valid_until, purpose = excluded.purpose,
  daily_from = excluded.daily_from, daily_until = excluded.daily_until, state = excluded.state,
  state_since = excluded.state_since, version = excluded.version
where entry_pass.version < excluded.version
"""
TURN_PASSES = """
update entry_pass p set state = n.state, state_since = n.state_since, version = n.version
from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[]) as n (pass_id, state, state_since, version)
where p.pass_id = n.pass_id and p.version < n.version
"""
PASSES_HELD = "select pass_id from entry_pass where pass_id = any($1::uuid[])"
KEEP_CASES = """
insert into restriction
  (restriction_id, source, person_ref, compound, measure, interrupted, active, since, version)
select restriction_id, 'observation', person_ref, compound, measure, interrupted, active, since, version
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::timestamptz[],
  $8::int[])
  as c (restriction_id, person_ref, compound, measure, interrupted, active, since, version)
on conflict (restriction_id) do update
set person_ref = excluded.person_ref, compound = excluded.compound, measure = excluded.measure,
  interrupted = excluded.interrupted, active = excluded.active, since = excluded.since, version = excluded.version
where restriction.version < excluded.version
"""
# A measure that was only changed waits while the person is in medical hands: the resumption names it again.
TURN_CASES = """
update restriction r
set measure = case when n.interrupted is null and r.interrupted then r.measure else coalesce(n.measure, r.measure) end,
  interrupted = coalesce(n.interrupted, r.interrupted), active = n.active, version = n.version
from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::int[])
  as n (restriction_id, measure, interrupted, active, version)
where r.restriction_id = n.restriction_id and r.version < n.version
"""
CASES_HELD = "select restriction_id from restriction where restriction_id = any($1::uuid[])"
# Gate's own hold ends when observation has dealt with the person after it began; earlier decisions do not know of it.
END_HOLDS = """
update restriction r set active = false, version = r.version + 1
from unnest($1::uuid[], $2::timestamptz[]) as n (person_ref, decided_at)
left join person_alias a on a.person_ref = n.person_ref
where (r.person_ref = n.person_ref or r.person_ref in (select person_ref from person_alias where root = a.root))
  and r.source = 'gate_fever' and r.active and r.since < n.decided_at
"""
KEEP_MERGES = """
insert into person_merge (merge_id, kept, merged, active, version)
select merge_id, kept, merged, active, version
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::int[])
  as m (merge_id, kept, merged, active, version)
on conflict (merge_id) do update set active = excluded.active, version = excluded.version
where person_merge.version < excluded.version
"""
MERGES_IN_FORCE = "select kept, merged from person_merge where active"
CLEAR_ALIASES = "delete from person_alias"
ADD_ALIASES = """
insert into person_alias (person_ref, root)
select person_ref, root from unnest($1::uuid[], $2::uuid[]) as alias (person_ref, root) order by person_ref
"""
KEEP_CARDS = """
insert into subject_card (person_ref, compounds, surname_sealed, homes_sealed, found_by_sealed, version)
select person_ref, string_to_array(compounds, ' '), surname_sealed, homes_sealed, found_by_sealed, version
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::int[])
  as c (person_ref, compounds, surname_sealed, homes_sealed, found_by_sealed, version)
on conflict (person_ref) do update
set compounds = excluded.compounds, surname_sealed = excluded.surname_sealed, homes_sealed = excluded.homes_sealed,
  found_by_sealed = excluded.found_by_sealed, version = excluded.version
where subject_card.version < excluded.version
returning person_ref, version > 1 as may_have_index
"""
BLANK_CARDS = """
update subject_card set compounds = '{}', surname_sealed = null, homes_sealed = null, found_by_sealed = null
where person_ref = any($1::uuid[])
"""
DROP_CARD_INDEX = "delete from card_index where person_ref = any($1::uuid[])"
KEEP_CARD_INDEX = """
insert into card_index (index_value, person_ref)
select index_value, person_ref from unnest($1::bytea[], $2::uuid[]) as i (index_value, person_ref)
on conflict do nothing
"""
