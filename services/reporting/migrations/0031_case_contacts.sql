-- migrate:up

-- report_loops: who told of contact with a confirmed case is reported as well, and has an outcome in the end
alter table gate_report drop constraint gate_report_kind_known,
  add constraint gate_report_kind_known check (kind in ('fever', 'focus_person', 'first_return', 'case_contact'));
-- The board counts some flags, also as it was known at a time.
select known_keep('check_flag');

-- migrate:down
drop view known.check_flag;
drop view known_whole.check_flag;
drop trigger known_delete on check_flag;
drop trigger known_update on check_flag;
drop trigger known_insert on check_flag;
drop function known.check_flag_note();
delete from gate_report where kind = 'case_contact';
alter table gate_report drop constraint gate_report_kind_known,
  add constraint gate_report_kind_known check (kind in ('fever', 'focus_person', 'first_return'));
