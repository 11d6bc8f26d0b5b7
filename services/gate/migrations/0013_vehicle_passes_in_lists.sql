-- migrate:up

-- Devices are told of vehicle passes, and what changed of them since a point, as of entry passes.
alter table vehicle_pass add column changed xid8 not null default pg_current_xact_id();
create trigger vehicle_pass_changed before update on vehicle_pass for each row execute function mark_changed();
create index vehicle_pass_by_change on vehicle_pass (compound, changed);

-- migrate:down
drop index vehicle_pass_by_change;
drop trigger vehicle_pass_changed on vehicle_pass;
alter table vehicle_pass drop column changed;
