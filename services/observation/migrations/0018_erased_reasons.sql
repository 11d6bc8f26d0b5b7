-- migrate:up

-- What a clinic said, why somebody was confirmed: texts about a person, which go when their time is over.
alter table fever_result alter column reason_sealed drop not null;
alter table confirmation alter column reason_sealed drop not null;

-- migrate:down
update fever_result set reason_sealed = '' where reason_sealed is null;
update confirmation set reason_sealed = '' where reason_sealed is null;
alter table confirmation alter column reason_sealed set not null;
alter table fever_result alter column reason_sealed set not null;
