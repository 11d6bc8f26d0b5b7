-- migrate:up

-- Somebody in home quarantine at a gate's way out is looked into like an opened door, and no device told it.
alter table door_task alter column device_id drop not null;
alter table door_task drop constraint door_task_kind_known;
alter table door_task
  add constraint door_task_kind_known check (kind in ('opened', 'heartbeat_lost', 'at_gate')),
  add constraint door_task_has_a_device check ((device_id is null) = (kind = 'at_gate'));
create unique index door_task_one_exit on door_task (case_id) where kind = 'at_gate' and ended_at is null;

-- migrate:down
drop index door_task_one_exit;
delete from door_task where kind = 'at_gate';
alter table door_task drop constraint door_task_has_a_device;
alter table door_task drop constraint door_task_kind_known;
alter table door_task add constraint door_task_kind_known check (kind in ('opened', 'heartbeat_lost'));
alter table door_task alter column device_id set not null;
