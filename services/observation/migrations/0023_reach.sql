-- migrate:up

-- The compounds that are reached. Of a grant for a grid or checkpoint, the compound where it lies, for rows that name no
-- grid or checkpoint: the service's own check is narrower there.
create function reach_compounds(setting text, of_grids boolean, of_checkpoints boolean) returns text[]
language sql stable security definer set search_path = pg_catalog as $$
  select array(
  select unnest(public.reach_names(setting, 'compound'))
  union all
  select compound from public.compound_place
    where neighbourhood = any (public.reach_names(setting, 'neighbourhood'))
  union all
  select compound from public.household
    where of_grids and grid = any (public.reach_names(setting, 'grid'))
  )
$$;

-- A view reads with the rights of whoever made it, and so past all policies, unless it says otherwise.
alter view case_on_desk set (security_invoker = true);
alter view case_not_told set (security_invoker = true);
select reach_by_place('confirmation', compound => 'compound');
select reach_by_place('contact_card', compound => 'compound');
select reach_by_place('fever_episode', compound => 'compound', grid => 'grid');
select reach_by_place('household', compound => 'compound', grid => 'grid');
select reach_by_place('observation_case', compound => 'compound', grid => 'grid');

-- What belongs to a row of another table is seen with it, and written where that may be written.
select reach_by_owner('contact_attempt', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('decision', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('declaration', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('door_device', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('door_task', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('escalation_step', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('follow_up', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('group_change', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('interruption', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('link_member', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('measure_change', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('message', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('missed_window', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('pattern_flag', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('rescheduling', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('resident_link', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');
select reach_by_owner('risk_proposal', 'observation_case', 'case_id', compound => 'compound', grid => 'grid');

-- migrate:down
select reach_lifted('risk_proposal');
select reach_lifted('resident_link');
select reach_lifted('rescheduling');
select reach_lifted('pattern_flag');
select reach_lifted('missed_window');
select reach_lifted('message');
select reach_lifted('measure_change');
select reach_lifted('link_member');
select reach_lifted('interruption');
select reach_lifted('group_change');
select reach_lifted('follow_up');
select reach_lifted('escalation_step');
select reach_lifted('door_task');
select reach_lifted('door_device');
select reach_lifted('declaration');
select reach_lifted('decision');
select reach_lifted('contact_attempt');
select reach_lifted('observation_case');
select reach_lifted('household');
select reach_lifted('fever_episode');
select reach_lifted('contact_card');
select reach_lifted('confirmation');
alter view case_not_told reset (security_invoker);
alter view case_on_desk reset (security_invoker);
drop function reach_compounds(text, boolean, boolean);
