-- migrate:up

-- How a line of a questionnaire finds somebody under observation: keyed indexes of what the registry's card says.
-- Cards that were kept before are indexed by the ticker.
alter table contact_card
  add column documents_index bytea[] not null default '{}',
  add column name_phone_index bytea,
  add column indexed boolean not null default false;
create index contact_card_documents on contact_card using gin (documents_index);
create index contact_card_name_phone on contact_card (name_phone_index);
create index contact_card_not_indexed on contact_card (person_ref) where not indexed;

alter table declaration
  drop constraint declaration_channel_known,
  add constraint declaration_channel_known check (channel in ('self', 'proxy', 'phone', 'visit', 'import'));

-- A questionnaire platform's list: kept sealed while it is worked off, row by row.
create table questionnaire (
  import_id uuid primary key,
  file_name text not null,
  sha256 bytea not null,
  dry_run boolean not null,
  sent_by text not null,
  scopes text[] not null,
  correlation_id uuid not null,
  sent_at timestamptz not null,
  state text not null default 'running',
  rows_total int not null,
  rows_done int not null default 0,
  rows_accepted int not null default 0,
  rows_unchanged int not null default 0,
  rows_rejected int not null default 0,
  finished_at timestamptz,
  kept_until timestamptz,
  constraint questionnaire_state_known check (state in ('running', 'done')),
  constraint questionnaire_counts_add_up check (rows_done = rows_accepted + rows_unchanged + rows_rejected),
  constraint questionnaire_done_whole
    check ((state = 'done') = (finished_at is not null) and (state = 'running' or rows_done = rows_total))
);
create index questionnaire_running on questionnaire (sent_at, import_id) where state = 'running';
create unique index questionnaire_once_at_a_time on questionnaire (sha256, dry_run, sent_by) where state = 'running';
create index questionnaire_kept on questionnaire (kept_until) where kept_until is not null;

create table questionnaire_part (
  import_id uuid not null references questionnaire,
  number int not null,
  content_sealed bytea not null,
  primary key (import_id, number)
);

-- Lines of the error sheet: which cell, what is wrong; never the value. The row as it stood is sealed, for a while.
create table questionnaire_row (
  import_id uuid not null references questionnaire,
  nth int not null,
  sheet text not null,
  row_number int not null,
  column_name text not null,
  code text not null,
  row_sealed bytea,
  primary key (import_id, nth)
);

-- migrate:down
drop table questionnaire_row;
drop table questionnaire_part;
drop table questionnaire;
delete from declaration_correction c using declaration d
where d.channel = 'import' and d.declaration_id in (c.declaration_id, c.corrects);
delete from declaration where channel = 'import';
alter table declaration
  drop constraint declaration_channel_known,
  add constraint declaration_channel_known check (channel in ('self', 'proxy', 'phone', 'visit'));
drop index contact_card_not_indexed;
drop index contact_card_name_phone;
drop index contact_card_documents;
alter table contact_card drop column indexed, drop column name_phone_index, drop column documents_index;
