-- migrate:up

-- What was known at a time. For every row of a read model that is written over or taken away the row before is kept, and
-- of a new one that it was not there, each with the business time at which that stopped being what was known. To know how
-- a table stood at a time, the earliest of these after it are put in the place of what is there now.
create table known_change (
  id bigint generated always as identity primary key,
  relation text not null,
  known_to timestamptz not null,
  key jsonb not null,
  was jsonb
);
create index known_change_since on known_change (relation, known_to);
-- Before this nobody knows what was known: there were rows already when the keeping began.
create table known_since (
  at timestamptz primary key
);

create function known_note() returns trigger language plpgsql as $$
declare
  moment timestamptz := coalesce(
    nullif(current_setting('fangkong.known_at', true), '')::timestamptz, clock_timestamp());
begin
  if tg_op = 'INSERT' then
    execute format(
      'insert into public.known_change (relation, known_to, key) select %L, $1, jsonb_build_array(%s) from fresh',
      tg_table_name, tg_argv[0]) using moment;
  else
    execute format(
      'insert into public.known_change (relation, known_to, key, was) '
      'select %L, $1, jsonb_build_array(%s), to_jsonb(before) from before',
      tg_table_name, tg_argv[0]) using moment;
  end if;
  return null;
end $$;

create schema known;
grant usage on schema known to public; -- of those who may enter the database at all

-- Keeps what was known of a table, and shows it as the view of the same name in the schema `known`, at the instant that
-- `fangkong.as_known_at` names. Called again after a column was added.
create function known_keep(kept text) returns void language plpgsql as $$
declare
  keys text;
begin
  select string_agg(quote_ident(a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) into strict keys
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = format('public.%I', kept)::regclass and i.indisprimary;
  execute format('create or replace trigger known_insert after insert on public.%I referencing new table as fresh '
    'for each statement execute function known_note(%L)', kept, keys);
  execute format('create or replace trigger known_update after update on public.%I referencing old table as before '
    'for each statement execute function known_note(%L)', kept, keys);
  execute format('create or replace trigger known_delete after delete on public.%I referencing old table as before '
    'for each statement execute function known_note(%L)', kept, keys);
  execute format($view$
    create or replace view known.%1$I as
    with undone as (
      select distinct on (key) key, was from public.known_change
      where relation = %1$L and known_to > current_setting('fangkong.as_known_at')::timestamptz
      order by key, id
    )
    select row.* from undone cross join lateral jsonb_populate_record(null::public.%1$I, undone.was) row
    where undone.was is not null
    union all
    select now.* from public.%1$I now
    where not exists (select from undone where undone.key = jsonb_build_array(%2$s))
    $view$, kept, keys);
  execute format('grant select on known.%I to public', kept);
end $$;

do $$
declare
  kept text;
  begun boolean := false;
begin
  foreach kept in array array[
    'compound', 'compound_population', 'declaration_streak', 'declaration_void', 'declaration_window', 'duty_gap',
    'duty_turn', 'entry_flow', 'entry_pass', 'gate_device', 'grid_addresses', 'observation_case', 'pass_change',
    'person_alias', 'person_residence', 'policy_version', 'rectification', 'round_missed', 'site', 'site_day',
    'site_exemption', 'survey_compound', 'survey_progress', 'survey_round', 'vehicle_flow', 'venue', 'waste_pickup'
  ] loop
    perform known_keep(kept);
    if not begun then
      execute format('select exists (select from public.%I)', kept) into begun;
    end if;
  end loop;
  if begun then
    insert into known_since (at) values (clock_timestamp());
  end if;
end $$;

-- The views of the read models, over what was known.
set local search_path = known, public;
create view known.declaration_seen as
select w.case_id, w.day, w.part, w.declared_at,
  case when w.state = 'missed' and v.case_id is not null then 'void' else w.state end as state
from declaration_window w left join declaration_void v using (case_id, day, part);
create view known.streak_seen as
select s.case_id,
  case when not exists (select from declaration_void v where v.case_id = s.case_id) then s.streak
    else least(s.streak, (
      select count(*)::int from declaration_seen w
      where w.case_id = s.case_id and w.state = 'missed' and not exists (
        select from declaration_window said
        where said.case_id = w.case_id and said.state <> 'missed'
          and (said.day, said.part = 'evening') > (w.day, w.part = 'evening'))))
  end as streak
from declaration_streak s;
grant select on known.declaration_seen, known.streak_seen to public;
set local search_path = public;

-- migrate:down
drop schema known cascade;
drop function known_keep(text);
drop function known_note() cascade;
drop table known_since;
drop table known_change;
