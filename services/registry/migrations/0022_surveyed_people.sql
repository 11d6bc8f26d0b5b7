-- migrate:up

-- ---- what a household form changes in the book of people is an act with a history, as any other (R4.1, R4.3)

alter table people_change
  drop constraint people_change_kind,
  add constraint people_change_kind check (kind in ('registered', 'corrected', 'document_added', 'document_withdrawn',
    'phone_changed', 'residence_set', 'moved', 'left_town', 'died', 'tenants_changed', 'occupancy_set', 'surveyed',
    'undone'));

-- migrate:down
alter table people_change
  drop constraint people_change_kind,
  add constraint people_change_kind check (kind in ('registered', 'corrected', 'document_added', 'document_withdrawn',
    'phone_changed', 'residence_set', 'moved', 'left_town', 'died', 'tenants_changed', 'occupancy_set', 'undone'));
