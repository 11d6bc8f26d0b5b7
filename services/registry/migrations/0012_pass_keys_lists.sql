-- migrate:up

-- ---- keys: a replaced one verifies until it is retired; which key signed what is kept

alter table pass_key add column request_id uuid;
alter table pass_key add column replaced_at timestamptz;
alter table pass_key add constraint pass_key_request_once unique (request_id);
alter table pass_key add constraint pass_key_replaced_before_retired check (retired_at is null or replaced_at <= retired_at);
drop index pass_key_one_signs;
create unique index pass_key_one_signs on pass_key ((true)) where replaced_at is null;

alter table entry_pass add column key_id text;
update entry_pass set key_id = (select key_id from pass_key limit 1);
alter table entry_pass alter column key_id set not null;
alter table entry_pass add constraint entry_pass_signed_by_a_key foreign key (key_id) references pass_key;
create index entry_pass_by_key on entry_pass (key_id, pass_id) where state <> 'revoked';
alter table vehicle_pass add column key_id text;
update vehicle_pass set key_id = (select key_id from pass_key limit 1);
alter table vehicle_pass alter column key_id set not null;
alter table vehicle_pass add constraint vehicle_pass_signed_by_a_key foreign key (key_id) references pass_key;
create index vehicle_pass_by_key on vehicle_pass (key_id, vehicle_pass_id) where state <> 'revoked';

-- ---- what a compound's revocation list says: one row for each pass that was ever stopped or printed again. The list's
-- version grows with every change, under the list's own row, so that a delta misses nothing.

create table pass_list (
  compound_id text primary key,
  version int not null,
  constraint pass_list_of_a_compound foreign key (compound_id) references compound
);
create table pass_list_entry (
  pass_id uuid primary key,
  compound_id text not null,
  kind text not null,
  state text not null,
  serial int not null,
  valid_until timestamptz not null,
  version int not null,
  constraint pass_list_entry_kind check (kind in ('entry', 'vehicle')),
  constraint pass_list_entry_state check (state in ('active', 'suspended', 'revoked'))
);
create index pass_list_entry_since on pass_list_entry (compound_id, version);

insert into pass_list_entry (pass_id, compound_id, kind, state, serial, valid_until, version)
select pass_id, compound_id, 'entry', state, serial, valid_until, 1 from entry_pass where state <> 'active' or serial > 1
union all
select vehicle_pass_id, compound_id, 'vehicle', state, serial, valid_until, 1 from vehicle_pass
where state <> 'active' or serial > 1;
insert into pass_list (compound_id, version) select distinct compound_id, 1 from pass_list_entry;

-- migrate:down
drop table pass_list_entry;
drop table pass_list;
drop index vehicle_pass_by_key;
alter table vehicle_pass drop constraint vehicle_pass_signed_by_a_key;
alter table vehicle_pass drop column key_id;
drop index entry_pass_by_key;
alter table entry_pass drop constraint entry_pass_signed_by_a_key;
alter table entry_pass drop column key_id;
drop index pass_key_one_signs;
create unique index pass_key_one_signs on pass_key ((true)) where retired_at is null;
alter table pass_key drop constraint pass_key_replaced_before_retired;
alter table pass_key drop constraint pass_key_request_once;
alter table pass_key drop column replaced_at;
alter table pass_key drop column request_id;
