-- migrate:up

-- A contact with a case that somebody tells of at the gate is a report that waits for its outcome.
alter table report_loop drop constraint report_loop_kind;
alter table report_loop
  add constraint report_loop_kind check (kind in ('first_return', 'focus_area', 'case_contact', 'application'));

-- migrate:down
delete from report_loop where kind = 'case_contact';
alter table report_loop drop constraint report_loop_kind;
alter table report_loop add constraint report_loop_kind check (kind in ('first_return', 'focus_area', 'application'));
