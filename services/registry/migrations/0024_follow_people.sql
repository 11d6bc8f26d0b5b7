-- migrate:up

-- ---- vehicle passes that an act about their owner stopped, so that its undo puts them back (P4, P10)

create table vehicle_pass_before (
  change_id uuid not null,
  vehicle_pass_id uuid not null,
  version_after int not null,
  primary key (change_id, vehicle_pass_id),
  constraint vehicle_pass_before_a_pass foreign key (vehicle_pass_id) references vehicle_pass
);

-- ---- what stood against somebody, settled by command whether or not they have a pass (G2); the note is sealed

create table hold_settlement (
  settlement_id uuid primary key,
  person_ref uuid not null,
  kind text not null,
  reason text not null,
  note_sealed bytea,
  content_index bytea not null,
  settled_by text not null,
  settled_at timestamptz not null,
  constraint hold_settlement_of_a_person foreign key (person_ref) references person,
  constraint hold_settlement_kind check (kind in ('fever', 'medical', 'close_contact'))
);
create index hold_settlement_by_person on hold_settlement (person_ref, settled_at);

-- migrate:down
drop table hold_settlement;
drop table vehicle_pass_before;
