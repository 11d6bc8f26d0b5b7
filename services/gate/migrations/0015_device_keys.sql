-- migrate:up

-- The public part of a device's own key pair, as `x.y`; the private part never leaves the device. Null: it is of a time
-- before devices had keys.
alter table device add column public_key text;

-- migrate:down
alter table device drop column public_key;
