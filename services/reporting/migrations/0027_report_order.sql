-- migrate:up

-- In which order units spoke: business time may stand still between two words.
alter table daily_report_act add column nth bigint generated always as identity;
create index declaration_window_by_day on declaration_window (day, part);
create index declaration_window_late on declaration_window (declared_at) where state = 'late';

-- migrate:down
drop index declaration_window_late;
drop index declaration_window_by_day;
alter table daily_report_act drop column nth;
