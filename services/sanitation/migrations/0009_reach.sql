-- migrate:up

-- The compounds that are reached. Of a grant for a grid or checkpoint, the compound where it lies, for rows that name no
-- grid or checkpoint: the service's own check is narrower there.
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

select reach_by_place('day_close', compound => 'compound');
select reach_by_place('inspection', compound => 'compound');
select reach_by_place('photo', compound => 'compound');
select reach_by_place('property_company', compound => 'compound');
select reach_by_place('quarantine_case', compound => 'compound');
select reach_by_place('rectification_order', compound => 'compound');
select reach_by_place('room_card', compound => 'compound');
select reach_by_place('site', compound => 'compound');
select reach_by_place('site_day', compound => 'compound');
select reach_by_place('site_report', compound => 'compound');
select reach_by_place('venue', compound => 'compound');
select reach_by_place('waste_pickup', compound => 'compound');

-- What belongs to a row of another table is seen with it, and written where that may be written.
select reach_by_owner('inspection_item', 'inspection', 'inspection_id', compound => 'compound');
select reach_by_owner('mask_bin_collection', 'site', 'site_id', compound => 'compound');
select reach_by_owner('order_act', 'rectification_order', 'order_id', compound => 'compound');
select reach_by_owner('pickup_act', 'waste_pickup', 'pickup_id', compound => 'compound');
select reach_by_owner('photo_part', 'photo', 'photo_id', compound => 'compound');
select reach_by_owner('round_log', 'site', 'site_id', compound => 'compound');
select reach_by_owner('site_closure', 'site', 'site_id', compound => 'compound');
select reach_by_owner('venue_approval', 'venue', 'venue_id', compound => 'compound');
select reach_by_owner('ventilation', 'site', 'site_id', compound => 'compound');

-- migrate:down
select reach_lifted('ventilation');
select reach_lifted('venue_approval');
select reach_lifted('site_closure');
select reach_lifted('round_log');
select reach_lifted('photo_part');
select reach_lifted('pickup_act');
select reach_lifted('order_act');
select reach_lifted('mask_bin_collection');
select reach_lifted('inspection_item');
select reach_lifted('waste_pickup');
select reach_lifted('venue');
select reach_lifted('site_report');
select reach_lifted('site_day');
select reach_lifted('site');
select reach_lifted('room_card');
select reach_lifted('rectification_order');
select reach_lifted('quarantine_case');
select reach_lifted('property_company');
select reach_lifted('photo');
select reach_lifted('inspection');
select reach_lifted('day_close');
drop function reach_compounds(text, boolean, boolean);
