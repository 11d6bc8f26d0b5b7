-- migrate:up

-- Whoever told a lead may ask by its receipt that what was told goes; headquarters decides once it is closed.
alter table lead add column erasure_asked_at timestamptz, add column erased_at timestamptz;

-- migrate:down
alter table lead drop column erased_at, drop column erasure_asked_at;
