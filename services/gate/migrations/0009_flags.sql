-- migrate:up

-- Since when a pass is in its state, and since when its print is the newest: what an offline device admitted after that
-- it could not know of (G10). Null for what was written before anybody asked.
alter table entry_pass add column state_since timestamptz;
alter table entry_pass add column serial_since timestamptz;

-- Where somebody else of the same pass may be at the same time (G9).
create index entry_check_by_person_and_time on entry_check (person_ref, happened_at) where person_ref is not null;

-- What somebody should look at, each once, whichever of two checks came first.
create table check_flag (
  check_id uuid not null,
  flag text not null,
  other_check_id uuid,
  flagged_at timestamptz not null,
  constraint check_flag_kind check (flag in ('two_places_at_once', 'copied_pass', 'clock_ahead', 'clock_behind'))
);
create unique index check_flag_once on check_flag
  (least(check_id, other_check_id), greatest(check_id, other_check_id), flag);

-- migrate:down
drop table check_flag;
drop index entry_check_by_person_and_time;
alter table entry_pass drop column serial_since;
alter table entry_pass drop column state_since;
