-- migrate:up

-- How often a site's particulars were corrected: who corrects it says which state they saw.
alter table site add column revision int not null default 1;

-- What was asked of a site, from a day on until its next row: past days keep what held then.
create table site_state (
  site_id uuid not null references site,
  from_day date not null,
  kind text not null,
  rounds_per_day int,
  since date not null,
  active boolean not null,
  on_duty_from timestamptz,
  revision int not null,
  changed_at timestamptz not null,
  changed_by text,
  primary key (site_id, from_day)
);
insert into site_state
  (site_id, from_day, kind, rounds_per_day, since, active, on_duty_from, revision, changed_at)
select site_id, (registered_at at time zone 'Asia/Shanghai')::date, kind, rounds_per_day, since, active,
       case when active and since <= (registered_at at time zone 'Asia/Shanghai')::date then registered_at end,
       1, registered_at
from site;

-- Whole days on which a site owes nothing. One that ends on the day before it began never was.
create table site_closure (
  closure_id uuid not null,
  site_id uuid not null references site,
  from_day date not null,
  last_day date,
  reason text not null,
  note_sealed bytea,
  note_index bytea,
  entered_at timestamptz not null,
  entered_by text not null,
  ended_at timestamptz,
  ended_by text,
  constraint site_closure_once primary key (closure_id),
  constraint site_closure_reason_known check (reason in ('repair', 'not_in_use', 'no_access', 'other')),
  constraint site_closure_in_order check (last_day >= from_day - 1),
  constraint site_closure_ended_whole check ((ended_at is null) = (ended_by is null))
);
create index site_closure_by_site on site_closure (site_id, from_day);

-- `device_at` is what the worker's phone said, `done_at` the same by our clock; older rows were not corrected.
alter table round_log
  add column device_at timestamptz,
  add column photo_id uuid,
  add column explanation_sealed bytea,
  add column explanation_index bytea;
alter table round_log
  add constraint round_log_explained_whole check ((explanation_sealed is null) = (explanation_index is null));
create index round_log_by_worker on round_log (logged_by, day);

-- migrate:down
drop index round_log_by_worker;
alter table round_log
  drop constraint round_log_explained_whole,
  drop column device_at,
  drop column photo_id,
  drop column explanation_sealed,
  drop column explanation_index;
drop table site_closure;
drop table site_state;
alter table site drop column revision;
