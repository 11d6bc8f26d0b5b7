-- migrate:up

-- Devices are told what a merge, or its undoing, changed about the holders of passes.
alter table person_merge add column changed xid8 not null default pg_current_xact_id();
create trigger person_merge_changed before update on person_merge for each row execute function mark_changed();
create index person_merge_by_change on person_merge (changed);

-- migrate:down

drop index person_merge_by_change;
drop trigger person_merge_changed on person_merge;
alter table person_merge drop column changed;
