-- migrate:up

-- Whose word a report waited for: a compound that came later is late with none. Null: of before this was kept.
alter table daily_report add column units text[];

-- migrate:down
alter table daily_report drop column units;
