-- migrate:up

-- What units said of their figures. `derived`: the figures at that moment; a reason is sealed under the act's own key.
create table daily_report_act (
  act_id uuid not null,
  day date not null,
  compound text not null,
  kind text not null,
  late boolean not null,
  derived jsonb not null,
  changes jsonb not null,
  reason_sealed bytea,
  content_index bytea not null,
  acted_at timestamptz not null,
  acted_by text not null,
  role text not null,
  constraint daily_report_act_once primary key (act_id),
  constraint daily_report_act_kind_known check (kind in ('confirm', 'zero', 'correct')),
  constraint daily_report_act_with_a_reason check ((kind = 'correct') = (reason_sealed is not null))
);
create index daily_report_act_of_day on daily_report_act (day, acted_at, act_id);

-- Reports that went upward, and every version as it was sent.
create table daily_report (
  report_id uuid not null,
  day date not null,
  number int not null,
  constraint daily_report_once primary key (report_id),
  constraint daily_report_of_a_day unique (day),
  constraint daily_report_numbered unique (number)
);
create table daily_report_version (
  report_id uuid not null,
  version int not null,
  sending_id uuid not null,
  document jsonb not null,
  differences jsonb not null,
  policy_version int not null,
  units_missing int not null,
  made_at timestamptz not null,
  made_by text not null,
  constraint daily_report_version_once primary key (report_id, version),
  constraint daily_report_sending_once unique (sending_id),
  constraint daily_report_version_of_a_report foreign key (report_id) references daily_report
);

-- What was said and what was sent stays as it was.
create function daily_report_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append only', tg_table_name;
end $$;
create trigger daily_report_act_no_change before update or delete on daily_report_act
  for each row execute function daily_report_is_append_only();
create trigger daily_report_no_change before update or delete on daily_report
  for each row execute function daily_report_is_append_only();
create trigger daily_report_version_no_change before update or delete on daily_report_version
  for each row execute function daily_report_is_append_only();

-- migrate:down
drop table daily_report_version;
drop table daily_report;
drop table daily_report_act;
drop function daily_report_is_append_only();
