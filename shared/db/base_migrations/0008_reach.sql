-- migrate:up

-- Row-level security by place. A transaction says in `fangkong.reads` and `fangkong.writes` where it reaches: `town`, or
-- `compound:a,grid:b`; one that says nothing reaches nothing. Tables of a service are put under it by its own migrations.

-- All functions below run once a statement: policies call them in a subselect, and compare rows with what they tell.
create function reach_is_town(setting text) returns boolean
language sql stable set search_path = pg_catalog as $$
  select coalesce(current_setting(setting, true), '') = 'town'
$$;

create function reach_names(setting text, kind text) returns text[]
language sql stable set search_path = pg_catalog as $$
  select coalesce(array_agg(split_part(scope, ':', 2)), '{}')
  from unnest(string_to_array(coalesce(current_setting(setting, true), ''), ',')) as scope
  where split_part(scope, ':', 1) = kind
$$;

-- The condition of a row with these columns, as text. `compound`: its service tells which compounds are reached, with
-- those of grids and checkpoints where the row names neither itself.
create function reach_condition(
  setting text, of text, compound text, neighbourhood text, grid text, checkpoint text
) returns text
language sql stable set search_path = pg_catalog as $$
  select format('(select public.reach_is_town(%L))', setting)
    || case when compound is null then '' else format(
      ' or %s.%I = any ((select public.reach_compounds(%L, %s, %s))::text[])',
      of, compound, setting, (grid is null)::text, (checkpoint is null)::text) end
    || case when neighbourhood is null then '' else format(
      ' or %s.%I = any ((select public.reach_names(%L, ''neighbourhood''))::text[])', of, neighbourhood, setting) end
    || case when grid is null then '' else format(
      ' or %s.%I = any ((select public.reach_names(%L, ''grid''))::text[])', of, grid, setting) end
    || case when checkpoint is null then '' else format(
      ' or %s.%I = any ((select public.reach_names(%L, ''checkpoint''))::text[])', of, checkpoint, setting) end
$$;

-- A row is seen where it is reached; a row that is written beyond the reach is an error, never silently left out.
create function reach_policies(rows regclass, seen text, written text) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  execute format('alter table %s enable row level security', rows);
  execute format('create policy reach_seen on %s for select using (%s)', rows, seen);
  execute format('create policy reach_added on %s for insert with check (%s)', rows, written);
  execute format('create policy reach_changed on %s for update using (true) with check (%s)', rows, written);
  execute format('create policy reach_removed on %s for delete using (%s)', rows, written);
end $$;

-- Put a table under it by its own columns.
create function reach_by_place(
  rows regclass, compound text default null, neighbourhood text default null, grid text default null,
  checkpoint text default null
) returns void
language sql set search_path = pg_catalog as $$
  select public.reach_policies(
    rows,
    public.reach_condition('fangkong.reads', rows::text, compound, neighbourhood, grid, checkpoint),
    public.reach_condition('fangkong.writes', rows::text, compound, neighbourhood, grid, checkpoint))
$$;

-- Put a table under it by the row of another that it belongs to. Whether that one is seen, its own policy says. What one
-- statement writes together with its owner cannot be held to it, and need not: `written` is false then.
create function reach_by_owner(
  rows regclass, owner regclass, key text, owner_key text default null, compound text default null,
  grid text default null, checkpoint text default null, written boolean default true
) returns void
language sql set search_path = pg_catalog as $$
  select public.reach_policies(
    rows,
    format('(select public.reach_is_town(''fangkong.reads'')) or exists (select from %s as owner where owner.%I = %s.%I)',
      owner, coalesce(owner_key, key), rows, key),
    case when not written then 'true' else format(
      '(select public.reach_is_town(''fangkong.writes'')) or exists (select from %s as owner where owner.%I = %s.%I'
      ' and (%s))', owner, coalesce(owner_key, key), rows, key,
      public.reach_condition('fangkong.writes', 'owner', compound, null, grid, checkpoint)) end)
$$;

create function reach_lifted(rows regclass) returns void
language plpgsql set search_path = pg_catalog as $$
declare one name;
begin
  for one in select polname from pg_policy where polrelid = rows and polname like 'reach%' loop
    execute format('drop policy %I on %s', one, rows);
  end loop;
  execute format('alter table %s disable row level security', rows);
end $$;

-- migrate:down
drop function reach_lifted(regclass);
drop function reach_by_owner(regclass, regclass, text, text, text, text, text, boolean);
drop function reach_by_place(regclass, text, text, text, text);
drop function reach_policies(regclass, text, text);
drop function reach_condition(text, text, text, text, text, text);
drop function reach_names(text, text);
drop function reach_is_town(text);
