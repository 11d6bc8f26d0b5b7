-- migrate:up

-- As before, with a function for each table: its statements are planned once in a session, not at every write.
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
drop function known_note();

-- migrate:down
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
create or replace function known_keep(kept text) returns void language plpgsql as $$
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
begin
  for kept in select tgrelid::regclass::text from pg_trigger where tgname = 'known_insert' loop
    perform known_keep(kept);
  end loop;
end $$;

do $$
declare
  note text;
begin
  for note in select oid::regprocedure::text from pg_proc where pronamespace = 'known'::regnamespace loop
    execute format('drop function %s', note);
  end loop;
end $$;
