-- migrate:up

-- What was written about a thing is not needed for ever.
alter table venue_approval alter column reason_sealed drop not null;

-- migrate:down
update venue_approval set reason_sealed = '' where reason_sealed is null;
alter table venue_approval alter column reason_sealed set not null;
