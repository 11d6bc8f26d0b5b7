-- migrate:up

-- Which entry of the person here on that local day a check was, as known when it was recorded; null: not an entry, not
-- certain who it is, or kept before anybody counted. A repeat gets it with the first answer.
alter table entry_check add column nth_today smallint;

-- migrate:down
alter table entry_check drop column nth_today;
