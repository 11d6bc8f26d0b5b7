-- migrate:up

-- Where a returnee has been (GB/T 2260); null for cases without an intake and for those opened before it was kept.
alter table observation_case add column origin_code text;

-- Dated lists of risk areas; cases are held against each once, when it is in effect.
create table risk_list (
  revision int primary key,
  effective_from date not null,
  areas jsonb not null,
  evaluated_at timestamptz
);
create index risk_list_unseen on risk_list (effective_from, revision) where evaluated_at is null;

-- A graver category for somebody under observation: proposed, and decided by an officer. The reason is sealed.
create table risk_proposal (
  proposal_id uuid primary key,
  case_id uuid not null references observation_case,
  revision int not null references risk_list,
  from_category text not null,
  to_category text not null,
  measure text not null,
  proposed_at timestamptz not null,
  state text not null default 'open',
  decision_id uuid,
  decided_at timestamptz,
  decided_by text,
  reason_sealed bytea,
  constraint risk_proposal_once unique (case_id, revision),
  constraint risk_proposal_state_known check (state in ('open', 'accepted', 'declined')),
  constraint risk_proposal_decided_whole check ((state = 'open') = (decided_at is null))
);
create unique index risk_proposal_one_open on risk_proposal (case_id) where state = 'open';
create index risk_proposal_by_state on risk_proposal (state, proposal_id);

-- migrate:down
drop table risk_proposal;
drop table risk_list;
alter table observation_case drop column origin_code;
