-- migrate:up

-- Why somebody wants a list is said in their own words and may name anybody. The log of reads keeps it sealed; here it is
-- only compared when the same export is asked for again, for which its keyed index is enough. The column stays for an
-- older program that still runs, and holds nothing.
alter table export_job add column reason_index bytea not null default '';
alter table export_job alter column reason set default '-';
update export_job set reason = '-';

-- migrate:down
alter table export_job drop column reason_index;
alter table export_job alter column reason drop default;
