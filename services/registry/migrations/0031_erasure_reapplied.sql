-- migrate:up

-- An erasure that a restored database did not know of is done again by the service itself.
alter table person_erasure drop constraint person_erasure_reason;
alter table person_erasure add constraint person_erasure_reason
  check (reason in ('retention_over', 'requested', 'entered_in_error', 'reapplied'));

-- migrate:down
update person_erasure set reason = 'retention_over' where reason = 'reapplied';
alter table person_erasure drop constraint person_erasure_reason;
alter table person_erasure add constraint person_erasure_reason
  check (reason in ('retention_over', 'requested', 'entered_in_error'));
