-- migrate:up

-- ---- rows that were not taken, to be corrected and sent again: sealed under the key of their import or file (P6)

create table rejected_rows (
  source_id uuid not null,
  start int not null,
  rows int not null,
  sealed bytea not null,
  primary key (source_id, start),
  constraint rejected_rows_are_some check (rows > 0)
);

create table rejected_sheet (
  source_id uuid primary key,
  rows int not null,
  kept_until timestamptz not null,
  gone boolean not null default false,
  constraint rejected_sheet_has_some check (rows > 0)
);
create index rejected_sheet_to_drop on rejected_sheet (kept_until, source_id) where not gone;

-- What was left out of a file, so that a clerk sees it: sheets, columns (by letter), numbers of empty rows.
create table import_remark (
  import_id uuid not null,
  nth int not null,
  sheet text not null,
  place text not null,
  code text not null,
  primary key (import_id, nth),
  constraint import_remark_of_an_import foreign key (import_id) references import_job
);

-- Files that were taken into a watch list: what became of their rows.
create table watch_file (
  file_id uuid primary key,
  list_id uuid not null,
  taken_by text not null,
  taken_at timestamptz not null,
  rows int not null,
  added int not null,
  known int not null,
  rejected int not null,
  duplicates int not null,
  constraint watch_file_of_a_list foreign key (list_id) references watch_list,
  constraint watch_file_adds_up check (rows = added + known + rejected + duplicates)
);
create index watch_file_in_order on watch_file (list_id, taken_at, file_id);

-- migrate:down
drop table watch_file;
drop table import_remark;
drop table rejected_sheet;
drop table rejected_rows;
