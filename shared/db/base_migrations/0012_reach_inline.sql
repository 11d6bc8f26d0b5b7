-- migrate:up

-- PostgreSQL puts a function without settings of its own into the statement instead of calling it: a check at a gate reads
-- eight tables, and asks this for each of them. Every name in it is spelled out, so that no search path matters.
create or replace function reach_is_town(setting text) returns boolean
language sql stable as $$
  select coalesce(pg_catalog.current_setting(setting, true), '') operator(pg_catalog.=) 'town'
$$;

-- migrate:down
create or replace function reach_is_town(setting text) returns boolean
language sql stable set search_path = pg_catalog as $$
  select coalesce(current_setting(setting, true), '') = 'town'
$$;
