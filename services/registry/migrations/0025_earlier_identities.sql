-- migrate:up

-- ---- what a name and birth date at a dwelling were before they were corrected, as lookup values only: an old list
-- that still has them and no document enters somebody anew, who is proposed as a possible duplicate (P10)

create table earlier_identity (
  identity_index bytea not null,
  person_ref uuid not null,
  primary key (identity_index, person_ref),
  constraint earlier_identity_of_a_person foreign key (person_ref) references person
);

-- migrate:down
drop table earlier_identity;
