-- migrate:up

-- Each read's place in the chain of its service: the hash of a link covers the read and the link before it. The leader
-- links what was committed, so that no reader waits for another; what is not linked yet stands in the queue.
create table audit_link (
  pos bigint primary key,
  read_id bigint not null,
  linked_at timestamptz not null,
  hash bytea not null,
  constraint audit_link_once unique (read_id),
  constraint audit_link_hash check (octet_length(hash) = 32)
);
create table audit_unlinked (read_id bigint primary key);
insert into audit_unlinked select id from audit_read;

create function audit_read_is_to_be_linked() returns trigger language plpgsql as $$
begin
  insert into audit_unlinked select id from noted;
  return null;
end $$;
create trigger audit_read_queued after insert on audit_read
  referencing new table as noted for each statement execute function audit_read_is_to_be_linked();

create trigger audit_read_no_truncate before truncate on audit_read
  for each statement execute function audit_read_is_append_only();
create trigger audit_link_no_change before update or delete on audit_link
  for each row execute function audit_read_is_append_only();
create trigger audit_link_no_truncate before truncate on audit_link
  for each statement execute function audit_read_is_append_only();

create index audit_read_by_person on audit_read (person_ref, id) where person_ref is not null;
create index audit_read_by_actor on audit_read (actor, id);
create index audit_read_by_time on audit_read using brin (at);

-- Whoever is not the owner reads and adds, and changes nothing.
do $$ declare one record; begin
  for one in
    select distinct table_name, grantee from information_schema.role_table_grants
    where table_schema = 'public' and table_name in ('audit_read', 'audit_link')
      and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') and grantee <> current_user and grantee <> 'PUBLIC'
  loop
    execute format('revoke update, delete, truncate on %I from %I', one.table_name, one.grantee);
  end loop;
end $$;

-- migrate:down
drop index audit_read_by_time;
drop index audit_read_by_actor;
drop index audit_read_by_person;
drop trigger audit_read_no_truncate on audit_read;
drop trigger audit_read_queued on audit_read;
drop function audit_read_is_to_be_linked();
drop table audit_unlinked;
drop table audit_link;
