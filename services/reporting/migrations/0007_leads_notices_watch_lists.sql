-- migrate:up

-- leads: what was told is not here
create table lead (
  lead_id uuid primary key,
  compound text not null,
  category text,
  received_at timestamptz,
  due_at timestamptz,
  closed_at timestamptz,
  valid boolean,
  duplicate boolean
);
create index lead_of_compound on lead (compound);

-- notices: one row a posting that is asked for
create table notice_posting (
  notice_id uuid not null,
  compound text not null,
  channel text not null,
  published_at timestamptz not null,
  posted_at timestamptz,
  primary key (notice_id, compound, channel)
);
create index notice_posting_of_compound on notice_posting (compound);

-- watch_lists
create table watch_list (
  list_id uuid primary key,
  lines int not null,
  search_until date not null,
  closed boolean not null
);
create table watch_line_settled (
  line_id uuid primary key,
  list_id uuid not null,
  disposition text not null
);
create index watch_line_settled_of_list on watch_line_settled (list_id);

-- migrate:down
drop table watch_line_settled;
drop table watch_list;
drop table notice_posting;
drop table lead;
