-- migrate:up

-- What is sealed about a person can go when its time is over; what was counted stays.
alter table declaration alter column answers_sealed drop not null;
alter table declaration_correction alter column reason_sealed drop not null;
alter table decision alter column reason_sealed drop not null;
create index declaration_with_answers on declaration (case_id) where answers_sealed is not null;

-- Whom nothing personal is kept of any more.
create table person_erased (
  person_ref uuid primary key,
  erased_at timestamptz not null
);

-- migrate:down
drop table person_erased;
drop index declaration_with_answers;
update declaration set answers_sealed = '' where answers_sealed is null;
update declaration_correction set reason_sealed = '' where reason_sealed is null;
update decision set reason_sealed = '' where reason_sealed is null;
alter table decision alter column reason_sealed set not null;
alter table declaration_correction alter column reason_sealed set not null;
alter table declaration alter column answers_sealed set not null;
