-- migrate:up

-- The compounds that are reached. Of a grant for a grid or checkpoint, the compound where it lies, for rows that name no
-- grid or checkpoint: the service's own check is narrower there.
create function reach_compounds(setting text, of_grids boolean, of_checkpoints boolean) returns text[]
language sql stable security definer set search_path = pg_catalog as $$
  select array(
  select unnest(public.reach_names(setting, 'compound'))
  union all
  select compound_id from public.compound
    where neighbourhood_id = any (public.reach_names(setting, 'neighbourhood'))
  union all
  select compound_id from public.grid
    where of_grids and grid_id = any (public.reach_names(setting, 'grid'))
  union all
  select compound_id from public.checkpoint
    where of_checkpoints and checkpoint_id = any (public.reach_names(setting, 'checkpoint'))
  )
$$;

select reach_by_place('business', compound => 'compound_id');
select reach_by_place('call_entry', compound => 'compound_id', grid => 'grid_id');
select reach_by_place('dwelling', compound => 'compound_id', grid => 'grid_id');
select reach_by_place('entry_pass', compound => 'compound_id');
select reach_by_place('export_job', compound => 'compound_id');
select reach_by_place('intake_task', compound => 'compound_id', grid => 'grid_id', checkpoint => 'checkpoint');
select reach_by_place('lead', compound => 'compound_id');
select reach_by_place('notice_posting', compound => 'compound_id');
select reach_by_place('observation_state', compound => 'compound_id');
select reach_by_place('pass_application', compound => 'compound_id');
select reach_by_place('pass_list', compound => 'compound_id');
select reach_by_place('pass_list_entry', compound => 'compound_id');
select reach_by_place('pass_request', compound => 'compound_id');
select reach_by_place('place_history', compound => 'compound_id');
select reach_by_place('post_claim', compound => 'compound_id');
select reach_by_place('post_need', compound => 'compound_id');
select reach_by_place('responsibility', compound => 'compound_id', grid => 'grid_id');
select reach_by_place('returnee_intake', compound => 'compound_id', grid => 'grid_id');
select reach_by_place('survey_compound', compound => 'compound_id');
select reach_by_place('survey_target', compound => 'compound_id');
select reach_by_place('vehicle_pass', compound => 'compound_id');
select reach_by_place('volunteer_application', compound => 'home_compound_id');

-- What belongs to a row of another table is seen with it, and written where that may be written; acts upon people follow
-- them, to wherever they lived or live.
select reach_by_owner('call_attempt', 'call_entry', 'entry_id', written => false);
select reach_by_owner('intake_correction', 'returnee_intake', 'intake_id', written => false);
select reach_by_owner('lead_reporter', 'lead', 'lead_id', written => false);
select reach_by_owner('pass_application_code', 'pass_application', 'application_id', written => false);
select reach_by_owner('pass_application_paper', 'pass_application', 'application_id', written => false);
select reach_by_owner('pass_step', 'entry_pass', 'pass_id', written => false);
select reach_by_owner('residence', 'dwelling', 'dwelling_id', written => false);
select reach_by_owner('residence_period', 'dwelling', 'dwelling_id', written => false);
select reach_by_owner('survey_link', 'dwelling', 'dwelling_id', compound => 'compound_id', grid => 'grid_id');
select reach_by_owner('survey_resolution', 'dwelling', 'dwelling_id', compound => 'compound_id', grid => 'grid_id');
select reach_by_owner('survey_submission', 'dwelling', 'dwelling_id', compound => 'compound_id', grid => 'grid_id');
select reach_by_owner('vehicle', 'dwelling', 'dwelling_id', written => false);

-- Somebody is seen where they are or were, where their return was entered and where they have a pass, under each of
-- their pseudonyms. Entering somebody is no act at a place: what puts them there is.
create function reach_sees_person(asked uuid) returns boolean language sql stable set search_path = public, pg_temp as $$
  select exists (select from residence where person_ref = asked)
    or exists (select from residence_period where person_ref = asked)
    or exists (select from returnee_intake where person_ref = asked)
    or exists (select from entry_pass where person_ref = asked)
    or exists (select from residence where person_ref in (select pseudonyms_of(asked)))
$$;
select reach_policies(
  'person', '(select public.reach_is_town(''fangkong.reads'')) or public.reach_sees_person(person.person_ref)', 'true');
select reach_policies(
  'person_document', '(select public.reach_is_town(''fangkong.reads'')) or public.reach_sees_person(person_document.person_ref)',
  'true');

-- A watch list is for headquarters and for the places where somebody lives whom one of its lines may mean. What it says
-- and counts there is about those lines.
select reach_policies(
  'watch_line',
  '(select public.reach_is_town(''fangkong.reads'')) or exists ('
  'select from public.residence r where r.person_ref = any (watch_line.matched) and r.ended_on is null)',
  'true');
select reach_by_owner('watch_list', 'watch_line', 'list_id', written => false);
select reach_by_owner('watch_settlement', 'watch_line', 'line_id', written => false);
-- A notice is for the compounds where it is to hang.
select reach_by_owner('notice', 'notice_posting', 'notice_id', written => false);

-- migrate:down
select reach_lifted('notice');
select reach_lifted('watch_settlement');
select reach_lifted('watch_list');
select reach_lifted('watch_line');
select reach_lifted('person_document');
select reach_lifted('person');
select reach_lifted('vehicle');
select reach_lifted('survey_submission');
select reach_lifted('survey_resolution');
select reach_lifted('survey_link');
select reach_lifted('residence_period');
select reach_lifted('residence');
select reach_lifted('pass_step');
select reach_lifted('pass_application_paper');
select reach_lifted('pass_application_code');
select reach_lifted('lead_reporter');
select reach_lifted('intake_correction');
select reach_lifted('call_attempt');
select reach_lifted('volunteer_application');
select reach_lifted('vehicle_pass');
select reach_lifted('survey_target');
select reach_lifted('survey_compound');
select reach_lifted('returnee_intake');
select reach_lifted('responsibility');
select reach_lifted('post_need');
select reach_lifted('post_claim');
select reach_lifted('place_history');
select reach_lifted('pass_request');
select reach_lifted('pass_list_entry');
select reach_lifted('pass_list');
select reach_lifted('pass_application');
select reach_lifted('observation_state');
select reach_lifted('notice_posting');
select reach_lifted('lead');
select reach_lifted('intake_task');
select reach_lifted('export_job');
select reach_lifted('entry_pass');
select reach_lifted('dwelling');
select reach_lifted('call_entry');
select reach_lifted('business');
drop function reach_sees_person(uuid);
drop function reach_compounds(text, boolean, boolean);
