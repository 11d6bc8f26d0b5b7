-- migrate:up

-- The compounds that are reached. Of a grant for a checkpoint, the compound where it lies, for rows that name no
-- checkpoint: the service's own check is narrower there. Nobody here works by grids.
create function reach_compounds(setting text, of_grids boolean, of_checkpoints boolean) returns text[]
language sql stable security definer set search_path = pg_catalog as $$
  select array(
  select unnest(public.reach_names(setting, 'compound'))
  union all
  select compound from public.compound
    where neighbourhood = any (public.reach_names(setting, 'neighbourhood'))
  union all
  select compound from public.checkpoint
    where of_checkpoints and checkpoint = any (public.reach_names(setting, 'checkpoint'))
  )
$$;

-- What devices decide by is about people wherever they live, so devices reach the town; staff see what lies at their own
-- posts, and of people those who live there or have a pass for it.
select reach_by_place('check_override', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('device', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('duty_gap', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('duty_handover', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('duty_shift', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('duty_turn', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('enrolment_code', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('entry_check', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('entry_pass', compound => 'compound');
select reach_by_place('quarantined_item', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('report_loop', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('restriction', compound => 'compound');
select reach_by_place('vehicle_check', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_place('vehicle_pass', compound => 'compound');
select reach_policies('subject_card', seen, written) from (values (
  '(select public.reach_is_town(''fangkong.reads''))'
    ' or compounds && (select public.reach_compounds(''fangkong.reads'', true, true))',
  '(select public.reach_is_town(''fangkong.writes''))'
    ' or compounds && (select public.reach_compounds(''fangkong.writes'', true, true))'
)) as reached (seen, written);

-- What belongs to a row of another table is seen with it, and written where that may be written.
select reach_by_owner('check_correction', 'entry_check', 'check_id', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_owner('device_report', 'device', 'device_id', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_owner('duty_swap', 'duty_shift', 'shift_id', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_owner(
  'override_review', 'check_override', 'check_id', compound => 'compound', checkpoint => 'checkpoint');
select reach_by_owner('paper_entry', 'entry_check', 'check_id', compound => 'compound', checkpoint => 'checkpoint');
-- A flag may stand at the earlier of two checks, which lies elsewhere.
select reach_by_owner('check_flag', 'entry_check', 'check_id', written => false);
-- Whose card it is, only the program that keeps cards writes.
select reach_by_owner('card_index', 'subject_card', 'person_ref', written => false);
select reach_by_owner('vehicle_plate', 'subject_card', 'person_ref', written => false);

-- migrate:down
select reach_lifted('vehicle_plate');
select reach_lifted('card_index');
select reach_lifted('check_flag');
select reach_lifted('paper_entry');
select reach_lifted('override_review');
select reach_lifted('duty_swap');
select reach_lifted('device_report');
select reach_lifted('check_correction');
select reach_lifted('subject_card');
select reach_lifted('vehicle_pass');
select reach_lifted('vehicle_check');
select reach_lifted('restriction');
select reach_lifted('report_loop');
select reach_lifted('quarantined_item');
select reach_lifted('entry_pass');
select reach_lifted('entry_check');
select reach_lifted('enrolment_code');
select reach_lifted('duty_turn');
select reach_lifted('duty_shift');
select reach_lifted('duty_handover');
select reach_lifted('duty_gap');
select reach_lifted('device');
select reach_lifted('check_override');
drop function reach_compounds(text, boolean, boolean);
