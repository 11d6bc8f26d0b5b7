-- migrate:up

-- Acts that one person asks for and another one of the right role lets happen. Facts are codes and numbers, nothing of
-- anybody; why is free text, and sealed. The request's id is the act's own.
create table second_person (
  request_id uuid primary key,
  act text not null,
  facts jsonb not null,
  reason_sealed bytea not null,
  asked_by text not null,
  asked_at timestamptz not null,
  lapses_at timestamptz not null,
  outcome text,
  decided_by text,
  because_sealed bytea,
  decided_at timestamptz,
  constraint second_person_is_another check (decided_by is null or decided_by <> asked_by),
  constraint second_person_outcome check (outcome in ('approved', 'refused', 'lapsed')),
  constraint second_person_decided check ((outcome is null) = (decided_at is null)),
  constraint second_person_named check ((outcome in ('approved', 'refused')) = (decided_by is not null)),
  constraint second_person_order check (asked_at < lapses_at)
);
create index second_person_waiting on second_person (lapses_at) where outcome is null;

-- migrate:down
drop table second_person;
