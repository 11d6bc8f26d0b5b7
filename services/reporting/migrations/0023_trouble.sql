-- migrate:up

-- what the board and the rules of supervision ask of leads, and whether anything happened to a finding
create index lead_open on lead (compound) where closed_at is null;
create index lead_by_close on lead (closed_at);
create index finding_act_newest on finding_act (nth);

-- what was known of a compound's trouble
do $$
declare
  kept text;
begin
  foreach kept in array array['lead', 'responsibility', 'finding'] loop
    perform known_keep(kept);
  end loop;
end $$;

-- migrate:down
drop view known.finding;
drop view known.responsibility;
drop view known.lead;
drop trigger known_delete on finding;
drop trigger known_update on finding;
drop trigger known_insert on finding;
drop trigger known_delete on responsibility;
drop trigger known_update on responsibility;
drop trigger known_insert on responsibility;
drop trigger known_delete on lead;
drop trigger known_update on lead;
drop trigger known_insert on lead;
drop index finding_act_newest;
drop index lead_by_close;
drop index lead_open;
