-- migrate:up

-- Which property company answers for a compound, from a day on until the next row.
create table property_company (
  compound text not null references compound,
  from_day date not null,
  name text not null,
  entered_at timestamptz not null,
  entered_by text not null,
  primary key (compound, from_day)
);

-- What anybody reported at a place by its code. The words are sealed under a key of their own.
create table site_report (
  report_id uuid not null,
  site_id uuid not null references site,
  compound text not null references compound,
  problem text not null,
  key_ref uuid not null,
  text_sealed bytea,
  content_index bytea not null,
  reported_at timestamptz not null,
  state text not null,
  note_sealed bytea,
  decided_at timestamptz,
  decided_by text,
  order_id uuid references rectification_order,
  constraint site_report_once primary key (report_id),
  constraint site_report_problem_known check (problem in
    ('not_clean', 'not_disinfected', 'overflowing', 'smell', 'damaged', 'other')),
  constraint site_report_state_known check (state in ('open', 'upheld', 'dismissed')),
  constraint site_report_decided_whole check ((state = 'open') = (decided_at is null)),
  constraint site_report_upheld_ordered check ((state = 'upheld') = (order_id is not null))
);
create index site_report_by_compound on site_report (compound, reported_at, report_id);

-- migrate:down
drop table site_report;
drop table property_company;
