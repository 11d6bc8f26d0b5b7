-- migrate:up

-- One decision about many cases waits for a second person before the first case is touched.
alter table bulk_action add column waits boolean not null default false;

-- migrate:down
alter table bulk_action drop column waits;
