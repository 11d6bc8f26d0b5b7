-- migrate:up

-- Who of the workers it is, by pseudonym, where the issuer says so: work done at a page is credited like any other.
alter table page_session add column worker_ref uuid;

-- migrate:down
alter table page_session drop column worker_ref;
