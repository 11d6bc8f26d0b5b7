-- migrate:up

-- ---- an intake corrected with a reason: what it said before is kept, a row per version that was overwritten (O3, R4.6)

alter table returnee_intake add column version int not null default 1;

create table intake_correction (
  correction_id uuid primary key,
  intake_id uuid not null,
  version int not null,
  origin_code text not null,
  arrived_on date not null,
  transport text not null,
  proof boolean not null,
  via jsonb not null,
  proof_kind text,
  suzhou_code text,
  transport_number_sealed bytea,
  health_sealed bytea,
  category text not null,
  proposed text,
  measure text not null,
  choice_reason_sealed bytea,
  approved_by text,
  anchor_date date not null,
  anchor_basis text not null,
  last_day date not null,
  policy_version int not null,
  risk_revision int not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  corrected_at timestamptz not null,
  corrected_by text not null,
  constraint intake_correction_of_an_intake foreign key (intake_id) references returnee_intake,
  constraint intake_correction_in_order unique (intake_id, version)
);

-- migrate:down
drop table intake_correction;
alter table returnee_intake drop column version;
