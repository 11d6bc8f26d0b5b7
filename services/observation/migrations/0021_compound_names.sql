-- migrate:up

-- What people call a compound: a copy of the registry's book. Unknown until the registry's entry is read again.
alter table compound_place add column name text;

-- migrate:down
alter table compound_place drop column name;
