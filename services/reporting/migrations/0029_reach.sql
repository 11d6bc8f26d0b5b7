-- migrate:up

-- The compounds that are reached. Of a grant for a grid or checkpoint, the compound where it lies, for rows that name no
-- grid or checkpoint: the service's own check is narrower there.
create function reach_compounds(setting text, of_grids boolean, of_checkpoints boolean) returns text[]
language sql stable security definer set search_path = pg_catalog as $$
  select array(
  select unnest(public.reach_names(setting, 'compound'))
  union all
  select compound from public.compound
    where neighbourhood = any (public.reach_names(setting, 'neighbourhood'))
  union all
  select compound from public.grid_addresses
    where of_grids and grid = any (public.reach_names(setting, 'grid'))
  union all
  select compound from public.checkpoint
    where of_checkpoints and checkpoint = any (public.reach_names(setting, 'checkpoint'))
  )
$$;

-- A view reads with the rights of whoever made it, and so past all policies, unless it says otherwise.
alter view declaration_seen set (security_invoker = true);
alter view streak_seen set (security_invoker = true);
select reach_by_place('census_case', compound => 'compound');
select reach_by_place('census_movement', compound => 'compound');
select reach_by_place('check_flag', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('compound_population', compound => 'compound');
select reach_by_place('daily_report_act', compound => 'compound');
select reach_by_place('daily_tally', compound => 'compound');
select reach_by_place('duty_gap', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('duty_turn', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('dwelling', compound => 'compound', grid => 'grid');
select reach_by_place('entry_flow', compound => 'compound');
select reach_by_place('entry_pass', compound => 'compound');
select reach_by_place('finding', compound => 'compound', neighbourhood => 'unit');
select reach_by_place('gate_device', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('gate_report', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('grid_addresses', compound => 'compound', grid => 'grid');
select reach_by_place('inspection', compound => 'compound');
select reach_by_place('lead', compound => 'compound');
select reach_by_place('mask_bin', compound => 'compound');
select reach_by_place('notice_posting', compound => 'compound');
select reach_by_place('observation_case', compound => 'compound', grid => 'grid');
select reach_by_place('override', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('pass_change', compound => 'compound');
select reach_by_place('person_residence', compound => 'compound');
select reach_by_place('post_need', compound => 'compound');
select reach_by_place('posting', compound => 'compound', grid => 'grid', checkpoint => 'checkpoint');
select reach_by_place('rectification', compound => 'compound');
select reach_by_place('returnee_intake', compound => 'compound');
select reach_by_place('round_missed', compound => 'compound');
select reach_by_place('service_day', compound => 'compound');
select reach_by_place('site', compound => 'compound');
select reach_by_place('survey_compound', compound => 'compound');
select reach_by_place('survey_dwelling', compound => 'compound');
select reach_by_place('survey_progress', compound => 'compound');
select reach_by_place('vehicle_flow', compound => 'compound');
select reach_by_place('venue', compound => 'compound');
select reach_by_place('ventilation_day', compound => 'compound');
select reach_by_place('waste_pickup', compound => 'compound');

-- Who answers for the whole town answers in every compound, and is shown in each.
select reach_policies('responsibility',
  'compound is null or ' || reach_condition('fangkong.reads', 'responsibility', 'compound', null, 'grid', null),
  reach_condition('fangkong.writes', 'responsibility', 'compound', null, 'grid', null));

-- An export lies wherever its lines do: it is seen by who reaches all of these. Its pages and its file are made by the
-- program itself.
select reach_policies('export_job',
  '(select public.reach_is_town(''fangkong.reads''))'
    ' or within <@ (select public.reach_compounds(''fangkong.reads'', false, false))',
  '(select public.reach_is_town(''fangkong.writes''))'
    ' or within <@ (select public.reach_compounds(''fangkong.writes'', false, false))');
select reach_policies(made,
  format('(select public.reach_is_town(''fangkong.reads'')) or exists'
    ' (select from public.export_job as owner where owner.export_id = %s.export_id)', made),
  '(select public.reach_is_town(''fangkong.writes''))')
from unnest(array['export_page', 'export_file']::regclass[]) as made;

-- What belongs to a row of another table is seen with it, and written where that may be written.
select reach_by_owner('declaration_streak', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('declaration_void', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('declaration_window', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('site_day', 'site', 'site_id', compound => 'compound');
select reach_by_owner('site_exemption', 'site', 'site_id', compound => 'compound');
select reach_policies('finding_act',
  '(select public.reach_is_town(''fangkong.reads'')) or exists'
    ' (select from public.finding as owner where owner.finding_id = finding_act.finding_id)',
  '(select public.reach_is_town(''fangkong.writes'')) or exists (select from public.finding as owner'
    ' where owner.finding_id = finding_act.finding_id and ('
    || reach_condition('fangkong.writes', 'owner', 'compound', 'unit', null, null) || '))');

-- What was known of rows that are no more is kept as it was, so it has no columns to look at: only the town sees it as it
-- lies there. As tables that stood, it is shown by the views of `known`, each within the places of whoever asks; they are
-- made of those of `known_whole`, which nobody else may enter.
select reach_policies('known_change', '(select public.reach_is_town(''fangkong.reads''))', 'true');
create schema known_whole;

create or replace function known_keep(kept text) returns void language plpgsql as $$
declare
  keys text;
  reached text;
  path text := current_setting('search_path');
begin
  select string_agg(quote_ident(a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) into strict keys
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = format('public.%I', kept)::regclass and i.indisprimary;
  -- By names only, so that it is about the views of `known` when it is read again below.
  select pg_get_expr(polqual, polrelid) into reached from pg_policy
  where polrelid = format('public.%I', kept)::regclass and polname = 'reach_seen';
  execute format($make$
    create or replace function known.%1$I() returns trigger language plpgsql as $note$
    declare
      moment timestamptz := coalesce(
        nullif(current_setting('fangkong.known_at', true), '')::timestamptz, clock_timestamp());
    begin
      if tg_op = 'INSERT' then
        insert into public.known_change (relation, known_to, key)
        select %2$L, moment, jsonb_build_array(%3$s) from fresh;
      else
        insert into public.known_change (relation, known_to, key, was)
        select %2$L, moment, jsonb_build_array(%3$s), to_jsonb(before) from before;
      end if;
      return null;
    end $note$
    $make$, kept || '_note', kept, keys);
  execute format('create or replace trigger known_insert after insert on public.%I referencing new table as fresh '
    'for each statement execute function known.%I()', kept, kept || '_note');
  execute format('create or replace trigger known_update after update on public.%I referencing old table as before '
    'for each statement execute function known.%I()', kept, kept || '_note');
  execute format('create or replace trigger known_delete after delete on public.%I referencing old table as before '
    'for each statement execute function known.%I()', kept, kept || '_note');
  execute format($view$
    create or replace view known_whole.%1$I as
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
  perform set_config('search_path', 'known, public', true);
  execute format('create or replace view known.%1$I as select * from known_whole.%1$I where %2$s',
    kept, coalesce(reached, 'true'));
  perform set_config('search_path', path, true);
  execute format('grant select on known.%I to public', kept);
end $$;

-- Those that others belong to come first: they are shown by what is shown of these.
do $$
declare
  kept text;
begin
  for kept in
    select tgrelid::regclass::text from pg_trigger where tgname = 'known_insert'
    order by tgrelid::regclass::text not in ('observation_case', 'site'), 1
  loop
    perform known_keep(kept);
  end loop;
end $$;

-- Of several records of one person one counts: where they live, first of all. Which of them it is depends on records of
-- other places, so this view looks at all of them and tells of the caller's compounds how many count elsewhere.
create view counted_elsewhere as
with ranked as (
  select r.compound, r.resident, row_number() over (
    partition by a.root order by r.resident desc, r.person_ref = a.root desc, r.person_ref) as nth
  from public.person_alias a join public.person_residence r using (person_ref)
)
select compound, count(*)::int as people, (count(*) filter (where resident))::int as residents
from ranked
where nth > 1 and ((select public.reach_is_town('fangkong.reads'))
  or compound = any ((select public.reach_compounds('fangkong.reads', true, true))::text[]))
group by compound;
create view known.counted_elsewhere as
with ranked as (
  select r.compound, r.resident, row_number() over (
    partition by a.root order by r.resident desc, r.person_ref = a.root desc, r.person_ref) as nth
  from known_whole.person_alias a join known_whole.person_residence r using (person_ref)
)
select compound, count(*)::int as people, (count(*) filter (where resident))::int as residents
from ranked
where nth > 1 and ((select public.reach_is_town('fangkong.reads'))
  or compound = any ((select public.reach_compounds('fangkong.reads', true, true))::text[]))
group by compound;
grant select on known.counted_elsewhere to public;

-- A table of a shadow is nobody's to read but the program's that builds it.
create or replace function shadow_make(shadow text, tables text[], mark text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  wanted text;
begin
  if shadow !~ '^shadow_[a-z_]{1,40}$' then
    raise exception 'a shadow is called shadow_…';
  end if;
  execute format('create schema %I', shadow);
  foreach wanted in array tables loop
    execute format('create table %I.%I (like public.%I including all)', shadow, wanted, wanted);
    if (select relrowsecurity from pg_class where oid = format('public.%I', wanted)::regclass) then
      perform public.reach_policies(format('%I.%I', shadow, wanted)::regclass,
        '(select public.reach_is_town(''fangkong.reads''))', '(select public.reach_is_town(''fangkong.writes''))');
    end if;
  end loop;
  execute format('grant usage on schema %I to %I', shadow, session_user);
  execute format('grant select, insert, update, delete on all tables in schema %I to %I', shadow, session_user);
  execute format('grant usage on all sequences in schema %I to %I', shadow, session_user);
  execute format('comment on schema %I is %L', shadow, mark);
end $$;

-- migrate:down
create or replace function shadow_make(shadow text, tables text[], mark text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  wanted text;
begin
  if shadow !~ '^shadow_[a-z_]{1,40}$' then
    raise exception 'a shadow is called shadow_…';
  end if;
  execute format('create schema %I', shadow);
  foreach wanted in array tables loop
    execute format('create table %I.%I (like public.%I including all)', shadow, wanted, wanted);
  end loop;
  execute format('grant usage on schema %I to %I', shadow, session_user);
  execute format('grant select, insert, update, delete on all tables in schema %I to %I', shadow, session_user);
  execute format('grant usage on all sequences in schema %I to %I', shadow, session_user);
  execute format('comment on schema %I is %L', shadow, mark);
end $$;
drop view known.counted_elsewhere;
drop view counted_elsewhere;
create or replace function known_keep(kept text) returns void language plpgsql as $$
declare
  keys text;
begin
  select string_agg(quote_ident(a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) into strict keys
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = format('public.%I', kept)::regclass and i.indisprimary;
  execute format($make$
    create or replace function known.%1$I() returns trigger language plpgsql as $note$
    declare
      moment timestamptz := coalesce(
        nullif(current_setting('fangkong.known_at', true), '')::timestamptz, clock_timestamp());
    begin
      if tg_op = 'INSERT' then
        insert into public.known_change (relation, known_to, key)
        select %2$L, moment, jsonb_build_array(%3$s) from fresh;
      else
        insert into public.known_change (relation, known_to, key, was)
        select %2$L, moment, jsonb_build_array(%3$s), to_jsonb(before) from before;
      end if;
      return null;
    end $note$
    $make$, kept || '_note', kept, keys);
  execute format('create or replace trigger known_insert after insert on public.%I referencing new table as fresh '
    'for each statement execute function known.%I()', kept, kept || '_note');
  execute format('create or replace trigger known_update after update on public.%I referencing old table as before '
    'for each statement execute function known.%I()', kept, kept || '_note');
  execute format('create or replace trigger known_delete after delete on public.%I referencing old table as before '
    'for each statement execute function known.%I()', kept, kept || '_note');
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
begin
  for kept in select tgrelid::regclass::text from pg_trigger where tgname = 'known_insert' loop
    perform known_keep(kept);
  end loop;
end $$;
drop schema known_whole cascade;
select reach_lifted(polrelid) from (
  select distinct polrelid::regclass as polrelid from pg_policy where polname = 'reach_seen'
    and polrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
) as held;
alter view streak_seen reset (security_invoker);
alter view declaration_seen reset (security_invoker);
drop function reach_compounds(text, boolean, boolean);
