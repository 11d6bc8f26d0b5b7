-- migrate:up

-- ---- temporary passes: a purpose, hours of each day, and the role that issued it (gate rules)

alter table entry_pass add column purpose text;
alter table entry_pass add column daily_from time;
alter table entry_pass add column daily_until time;
alter table entry_pass add column issued_role text;
alter table entry_pass add constraint entry_pass_temporary_whole
  check (num_nulls(purpose, daily_from, daily_until, issued_role) = case when kind = 'temporary' then 0 else 4 end);
alter table entry_pass add constraint entry_pass_hours check (daily_from < daily_until);

-- What was asked besides person and compound: why a print, or a keyed digest of a temporary pass's terms.
alter table pass_request rename column reason to asked;

-- migrate:down
alter table pass_request rename column asked to reason;
alter table entry_pass drop constraint entry_pass_hours;
alter table entry_pass drop constraint entry_pass_temporary_whole;
alter table entry_pass drop column issued_role;
alter table entry_pass drop column daily_until;
alter table entry_pass drop column daily_from;
alter table entry_pass drop column purpose;
