-- migrate:up

-- ---- an address may leave the list and come back; what names it stays (R4.1, R4.3)

alter table dwelling
  add column removed_at timestamptz,
  drop constraint dwelling_once;
create unique index dwelling_once on dwelling (compound_id, building, unit, room) where removed_at is null;

create table dwelling_removal (
  removal_id uuid primary key,
  dwelling_id uuid not null,
  reason text not null,
  removed_at timestamptz not null,
  removed_by text not null,
  restored_at timestamptz,
  restored_by text,
  constraint dwelling_removal_of_a_dwelling foreign key (dwelling_id) references dwelling,
  constraint dwelling_removal_reason check (reason in ('demolished', 'joined', 'entered_twice', 'no_dwelling')),
  constraint dwelling_removal_restored_whole check ((restored_at is null) = (restored_by is null))
);
create unique index dwelling_removal_once on dwelling_removal (dwelling_id) where restored_at is null;

-- An open round no longer asks an address that left the list; what was answered there is kept.
alter table survey_target add column listed boolean not null default true;

-- ---- a vehicle follows its owner to another dwelling of the compound

create table vehicle_move (
  move_id uuid primary key,
  vehicle_ref uuid not null,
  from_dwelling uuid not null,
  to_dwelling uuid not null,
  moved_at timestamptz not null,
  moved_by text not null,
  constraint vehicle_move_of_a_vehicle foreign key (vehicle_ref) references vehicle,
  constraint vehicle_move_from_a_dwelling foreign key (from_dwelling) references dwelling,
  constraint vehicle_move_to_a_dwelling foreign key (to_dwelling) references dwelling
);
create index vehicle_move_by_vehicle on vehicle_move (vehicle_ref, moved_at);

-- migrate:down
drop table vehicle_move;
alter table survey_target drop column listed;
drop table dwelling_removal;
drop index dwelling_once;
alter table dwelling
  add constraint dwelling_once unique (compound_id, building, unit, room),
  drop column removed_at;
