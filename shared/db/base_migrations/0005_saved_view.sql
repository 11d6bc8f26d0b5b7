-- migrate:up

-- How somebody looks at a list: its filters and columns as its address names them, under a name. Nothing here names a
-- person: personal search terms never stand in an address. Shared ones are seen where the neighbourhood's lists are.
create table saved_view (
  view_id uuid primary key,
  subject text not null,
  page text not null,
  name text not null,
  query text not null,
  neighbourhood text,
  saved_at timestamptz not null,
  constraint saved_view_once unique (subject, page, name)
);
create index saved_view_shared on saved_view (page, neighbourhood) where neighbourhood is not null;

-- migrate:down
drop table saved_view;
