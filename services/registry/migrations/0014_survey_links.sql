-- migrate:up

-- A household's personal link for one round: shown once, kept as a hash, bound to the browser that opens it first.
create table survey_link (
  link_id uuid primary key,
  round_id uuid not null,
  dwelling_id uuid not null,
  issue_id uuid not null,
  token_hash bytea not null,
  session_hash bytea,
  issued_at timestamptz not null,
  issued_by text not null,
  bound_at timestamptz,
  revoked_at timestamptz,
  constraint survey_link_of_a_target foreign key (round_id, dwelling_id) references survey_target,
  constraint survey_link_token_once unique (token_hash),
  constraint survey_link_session_once unique (session_hash),
  constraint survey_link_bound_whole check ((session_hash is null) = (bound_at is null))
);
create unique index survey_link_one_live on survey_link (round_id, dwelling_id) where revoked_at is null;
create index survey_link_by_issue on survey_link (issue_id);

-- migrate:down
drop table survey_link;
