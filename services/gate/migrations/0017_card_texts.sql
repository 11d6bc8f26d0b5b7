-- migrate:up

-- Under which texts somebody is looked up, sealed: lookup values are made anew of them when the index key is exchanged.
-- Null: of a time before this was kept, until the card comes again.
alter table subject_card add column found_by_sealed bytea;

-- migrate:down
alter table subject_card drop column found_by_sealed;
