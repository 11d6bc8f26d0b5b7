-- migrate:up
create table site_version (site uuid primary key, version int not null);
create table seen (n bigint generated always as identity, site uuid not null, version int not null);

-- migrate:down
drop table seen;
drop table site_version;
