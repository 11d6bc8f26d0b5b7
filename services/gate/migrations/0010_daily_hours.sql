-- migrate:up

-- What a temporary pass is for, and the hours of each day, local, in which it admits; null: at any hour.
alter table entry_pass add column purpose text;
alter table entry_pass add column daily_from time;
alter table entry_pass add column daily_until time;
alter table entry_pass add constraint entry_pass_hours_whole check ((daily_from is null) = (daily_until is null));

-- Is the person of a case in medical hands? A measure that is changed meanwhile does not replace that.
alter table restriction add column interrupted boolean not null default false;
update restriction set interrupted = true where source = 'observation' and measure = 'medical';

-- migrate:down
alter table restriction drop column interrupted;
alter table entry_pass drop column daily_until;
alter table entry_pass drop column daily_from;
alter table entry_pass drop column purpose;
