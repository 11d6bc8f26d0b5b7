-- migrate:up

-- ---- fevers that gates saw, one a check: a mistyped one is taken back by itself. No foreign key: a gate may see a
-- fever before the person is in the book (G2)
create table gate_fever (
  check_id uuid primary key,
  person_ref uuid not null,
  seen_at timestamptz not null,
  withdrawn boolean not null default false
);
create index gate_fever_by_person on gate_fever (person_ref) where not withdrawn;

-- migrate:down
insert into pass_hold (person_ref, kind, since)
select person_ref, 'fever', max(seen_at) from gate_fever where not withdrawn group by person_ref
on conflict (person_ref, kind) do update set since = greatest(pass_hold.since, excluded.since);
drop table gate_fever;
