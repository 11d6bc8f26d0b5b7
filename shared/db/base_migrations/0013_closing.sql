-- migrate:up

-- The end of the measures: since when nothing personal is kept here any more, and what there was then. Facts are counts.
create table closing_down (
  one boolean primary key default true,
  closing_id uuid not null,
  approved_at timestamptz not null,
  found jsonb not null,
  destroyed_at timestamptz,
  constraint closing_down_one check (one)
);

-- Rows of each table that hold something sealed.
create function closing_counts() returns table (kind text, number bigint)
language plpgsql stable set search_path = public, pg_temp as $$
declare one record;
begin
  for one in
    select c.relname,
      string_agg(format('octet_length(%I) > 0', a.attname), ' or ' order by a.attnum) as held
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and a.atttypid = 'bytea'::regtype and a.attname like '%\_sealed' and not a.attisdropped
    group by c.relname order by c.relname
  loop
    kind := one.relname;
    execute format('select count(*) from %I where %s', one.relname, one.held) into number;
    return next;
  end loop;
end $$;

-- Every lookup value that one of these index keys made becomes a random one, which nothing looks up; tells how many
-- it changed. Found by how it begins and how long it is, so that no column can be forgotten.
create function closing_blank_lookups(begins bytea[]) returns bigint
language plpgsql set search_path = public, pg_temp as $$
declare one record; changed bigint; total bigint := 0;
begin
  for one in
    select c.relname, a.attname, a.atttypid = 'bytea[]'::regtype as many
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and a.atttypid in ('bytea'::regtype, 'bytea[]'::regtype) and a.attnum > 0 and not a.attisdropped
      and has_table_privilege(c.oid, 'UPDATE')
    order by 1, 2
  loop
    if one.many then
      execute format(
        'update %I set %2$I = ''{}'' where exists (select from unnest(%2$I) as v, unnest($1) as b'
        ' where octet_length(v) = octet_length(b) + 16 and substring(v from 1 for octet_length(b)) = b)',
        one.relname, one.attname) using begins;
    else
      execute format(
        'update %I set %2$I = uuid_send(gen_random_uuid()) where exists (select from unnest($1) as b'
        ' where octet_length(%2$I) = octet_length(b) + 16 and substring(%2$I from 1 for octet_length(b)) = b)',
        one.relname, one.attname) using begins;
    end if;
    get diagnostics changed = row_count;
    total := total + changed;
  end loop;
  return total;
end $$;

-- Whoever asked may take it back until somebody has decided.
alter table second_person drop constraint second_person_outcome;
alter table second_person add constraint second_person_outcome
  check (outcome in ('approved', 'refused', 'lapsed', 'withdrawn'));

-- migrate:down
update second_person set outcome = 'lapsed' where outcome = 'withdrawn';
alter table second_person drop constraint second_person_outcome;
alter table second_person add constraint second_person_outcome check (outcome in ('approved', 'refused', 'lapsed'));
drop function closing_blank_lookups(bytea[]);
drop function closing_counts();
drop table closing_down;
