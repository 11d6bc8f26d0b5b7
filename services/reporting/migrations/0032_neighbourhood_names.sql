-- migrate:up

-- compounds: what the neighbourhood is called; nothing of a compound that was told before names were
alter table compound add column neighbourhood_name text;
select known_keep('compound');

-- migrate:down
drop view known.compound;
drop view known_whole.compound;
alter table compound drop column neighbourhood_name;
select known_keep('compound');
