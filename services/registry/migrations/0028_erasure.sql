-- migrate:up

-- ---- whose personal values were erased, by whom and why (a code); the person's row stays for the counts (Data and law)

create table person_erasure (
  person_ref uuid primary key,
  erasure_id uuid not null,
  reason text not null,
  erased_at timestamptz not null,
  erased_by text not null,
  constraint person_erasure_of_a_person foreign key (person_ref) references person,
  constraint person_erasure_reason check (reason in ('retention_over', 'requested', 'entered_in_error'))
);
create index person_erasure_by_id on person_erasure (erasure_id);

-- migrate:down
drop table person_erasure;
