-- migrate:up

-- ---- checkpoints close and open again; a temporary gate says for whom, why and until when (R2.1)

alter table checkpoint
  drop column closed_on,
  add column temporary_for text,
  add column temporary_reason text,
  add column expires_at timestamptz,
  add column closed_at timestamptz,
  add column closed_for text,
  add constraint checkpoint_temporary_for check (temporary_for in ('fire', 'ambulance')),
  add constraint checkpoint_temporary_whole check (
    (temporary_for is null) = (expires_at is null) and (temporary_for is null) = (temporary_reason is null)),
  add constraint checkpoint_closed_for check (closed_for in ('closed', 'expired', 'opened_in_error')),
  add constraint checkpoint_closed_whole check ((closed_at is null) = (closed_for is null));
create index checkpoint_to_expire on checkpoint (expires_at) where closed_at is null;

-- ---- units: businesses with somebody who answers for them; who that is stays sealed (R4.3)

create table business (
  business_id uuid primary key,
  compound_id text not null,
  name text not null,
  kind text not null,
  address text not null,
  key_ref uuid not null,
  contact_name_sealed bytea not null,
  contact_phone_sealed bytea not null,
  content_index bytea not null,
  closed_on date,
  version int not null default 1,
  constraint business_in_a_compound foreign key (compound_id) references compound,
  constraint business_key_ref_once unique (key_ref),
  constraint business_kind check (kind in ('shop', 'restaurant', 'hotel', 'factory', 'office', 'school', 'clinic',
    'other'))
);
create index business_of_compound on business (compound_id, business_id);

-- ---- what places were before: each row is a version as it was until `changed_at`. No personal fields.

create table place_history (
  kind text not null,
  place_id text not null,
  version int not null,
  compound_id text,
  state jsonb not null,
  changed_at timestamptz not null,
  changed_by text not null,
  primary key (kind, place_id, version),
  constraint place_history_kind check (
    kind in ('neighbourhood', 'compound', 'checkpoint', 'grid', 'dwelling', 'business'))
);
create index place_history_of_compound on place_history (compound_id, changed_at, kind, place_id, version);

-- migrate:down
drop table place_history;
drop table business;
drop index checkpoint_to_expire;
alter table checkpoint
  drop constraint checkpoint_temporary_for,
  drop constraint checkpoint_temporary_whole,
  drop constraint checkpoint_closed_for,
  drop constraint checkpoint_closed_whole,
  drop column closed_for,
  drop column closed_at,
  drop column expires_at,
  drop column temporary_reason,
  drop column temporary_for,
  add column closed_on date,
  add constraint checkpoint_closes_after_opening check (closed_on >= opened_on);
