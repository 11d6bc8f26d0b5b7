-- migrate:up

-- By when headquarters review an override, and what they said of it; null: nobody has yet.
alter table override
  add column review_due_at timestamptz,
  add column outcome text,
  add column objection text,
  add column reviewed_at timestamptz;
create index override_open on override (overridden_at) where outcome is null;

-- migrate:down
drop index override_open;
alter table override
  drop column reviewed_at,
  drop column objection,
  drop column outcome,
  drop column review_due_at;
