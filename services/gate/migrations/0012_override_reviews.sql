-- migrate:up

-- Headquarters looked at an override, once; the note is sealed like the override's own.
create table override_review (
  review_id uuid primary key,
  check_id uuid not null references check_override (check_id),
  outcome text not null,
  objection text,
  note_sealed bytea,
  reviewed_by text not null,
  reviewed_at timestamptz not null,
  content bytea not null,
  constraint override_review_once unique (check_id),
  constraint override_review_outcome check (outcome in ('confirmed', 'objected')),
  constraint override_review_whole check ((outcome = 'objected') = (objection is not null)),
  constraint override_review_objection check
    (objection in ('no_grounds', 'measure_ignored', 'identity_not_checked', 'wrong_reason', 'other'))
);

-- migrate:down
drop table override_review;
