-- migrate:up

-- Read models are rebuilt beside the live ones: in a schema with empty tables of the same shape. The application role
-- creates nothing, so it asks these functions, which act with their owner's rights and know no other schemas.
create function shadow_make(shadow text, tables text[], mark text) returns void
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
create function shadow_drop(shadow text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if shadow !~ '^shadow_[a-z_]{1,40}$' then
    raise exception 'a shadow is called shadow_…';
  end if;
  execute format('drop schema if exists %I cascade', shadow);
end $$;

-- migrate:down
drop function shadow_drop(text);
drop function shadow_make(text, text[], text);
