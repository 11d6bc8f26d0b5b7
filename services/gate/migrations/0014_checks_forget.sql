-- migrate:up

-- A reading is sealed with the person's key; one of nobody in particular is not kept. What lay here in the clear is not
-- carried over: nobody ever asked for it.
alter table entry_check add column temperature_sealed bytea;
alter table entry_check drop column temperature_c;

-- The checks' channel names nobody any more. Positions and all that is counted stay.
update outbox set document = jsonb_set(document::jsonb, '{data}', document::jsonb -> 'data'
  || case when subject like '%.EntryChecked.%' then '{"person_ref": null, "temperature_c": null}'::jsonb
    else '{"vehicle_ref": null}'::jsonb end)::text
where channel = 'checks';

-- Up to which day of receipt what checks tell of people was forgotten, by kind.
create table check_retention (
  kind text primary key,
  through timestamptz not null,
  constraint check_retention_kind check (kind in ('reading', 'person'))
);

-- What was decided about is not needed for ever.
alter table quarantined_item alter column item_sealed drop not null;

-- migrate:down
update quarantined_item set item_sealed = '' where item_sealed is null;
alter table quarantined_item alter column item_sealed set not null;
drop table check_retention;
alter table entry_check add column temperature_c numeric(4, 2);
alter table entry_check drop column temperature_sealed;
