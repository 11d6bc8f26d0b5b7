-- migrate:up

-- Sheets of personal links that were printed: each is shown once.
create table link_sheet (
  issue_id uuid primary key,
  issued_at timestamptz not null,
  issued_by text not null,
  links int not null
);
create index resident_link_by_case on resident_link (case_id, issued_at);

-- migrate:down
drop index resident_link_by_case;
drop table link_sheet;
