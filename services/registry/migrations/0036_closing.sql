-- migrate:up

-- The end of the measures, as the town decides it: who began it, what the services answered, and what proves it. Who asked
-- and who approved stands in `second_person`, under the same id.
create table closing (
  closing_id uuid primary key,
  nth bigint generated always as identity,
  begun_by text not null,
  begun_at timestamptz not null,
  asked_at timestamptz,
  approved_at timestamptz,
  dropped_at timestamptz,
  dropped text,
  certificate text,
  certified_at timestamptz,
  last_key_destroyed_at timestamptz,
  constraint closing_dropped check (dropped in ('refused', 'lapsed', 'withdrawn')),
  constraint closing_dropped_whole check ((dropped is null) = (dropped_at is null)),
  constraint closing_not_dropped_once_approved check (approved_at is null or dropped_at is null),
  constraint closing_certified_whole check ((certificate is null) = (certified_at is null)),
  constraint closing_order check (
    (approved_at is null or asked_at is not null) and (certified_at is null or approved_at is not null)
    and (last_key_destroyed_at is null or certified_at is not null))
);
create unique index closing_one_open on closing ((true)) where dropped_at is null;

create table closing_answer (
  closing_id uuid not null references closing,
  service text not null,
  stage text not null,
  found jsonb not null,
  keys_left bigint not null,
  told_at timestamptz not null,
  primary key (closing_id, service, stage),
  constraint closing_answer_stage check (stage in ('counted', 'destroyed'))
);

alter table person_erasure drop constraint person_erasure_reason;
alter table person_erasure add constraint person_erasure_reason
  check (reason in ('retention_over', 'requested', 'entered_in_error', 'reapplied', 'closing'));

-- migrate:down
update person_erasure set reason = 'reapplied' where reason = 'closing';
alter table person_erasure drop constraint person_erasure_reason;
alter table person_erasure add constraint person_erasure_reason
  check (reason in ('retention_over', 'requested', 'entered_in_error', 'reapplied'));
drop table closing_answer;
drop table closing;
