-- migrate:up

-- ---- what a household form changes in the book of people is an act with a history, as any other (R4.1, R4.3)

alter table people_change
  drop constraint people_change_kind,
  add constraint people_change_kind check (kind in ('registered', 'corrected', 'document_added', 'document_withdrawn',
    'phone_changed', 'residence_set', 'moved', 'left_town', 'died', 'tenants_changed', 'occupancy_set', 'surveyed',
    'undone'));

-- An offer to serve becomes an application as a volunteer once (R3.3).
alter table survey_offer
  add column application_id uuid,
  add constraint survey_offer_became foreign key (application_id) references volunteer_application;
create index volunteer_by_person on volunteer_application (person_ref) where person_ref is not null;

-- migrate:down
drop index volunteer_by_person;
alter table survey_offer drop column application_id;
alter table people_change
  drop constraint people_change_kind,
  add constraint people_change_kind check (kind in ('registered', 'corrected', 'document_added', 'document_withdrawn',
    'phone_changed', 'residence_set', 'moved', 'left_town', 'died', 'tenants_changed', 'occupancy_set', 'undone'));
