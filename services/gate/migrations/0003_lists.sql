-- migrate:up

-- Devices ask what changed since a point, and points are transactions: whoever writes a row leaves its own number in
-- it, whichever statement it is. That is a property of the table, so the table sees to it.
alter table entry_pass add column changed xid8 not null default pg_current_xact_id();
alter table restriction add column changed xid8 not null default pg_current_xact_id();
alter table subject_card add column changed xid8 not null default pg_current_xact_id();
create function mark_changed() returns trigger language plpgsql as $$
begin
  new.changed := pg_current_xact_id();
  return new;
end $$;
create trigger entry_pass_changed before update on entry_pass for each row execute function mark_changed();
create trigger restriction_changed before update on restriction for each row execute function mark_changed();
create trigger subject_card_changed before update on subject_card for each row execute function mark_changed();
create index entry_pass_by_change on entry_pass (compound, changed);
create index restriction_by_change on restriction (changed);
create index subject_card_by_change on subject_card (changed);

-- Gate's own keys, which sign the lists of its devices; the private part is sealed.
create table list_key (
  key_id text primary key,
  key_ref uuid not null,
  public_jwk jsonb not null,
  private_sealed bytea not null,
  made_at timestamptz not null,
  retired_at timestamptz
);
create unique index list_key_one_signs on list_key ((true)) where retired_at is null;

-- migrate:down
drop table list_key;
drop index subject_card_by_change;
drop index restriction_by_change;
drop index entry_pass_by_change;
drop trigger subject_card_changed on subject_card;
drop trigger restriction_changed on restriction;
drop trigger entry_pass_changed on entry_pass;
drop function mark_changed();
alter table subject_card drop column changed;
alter table restriction drop column changed;
alter table entry_pass drop column changed;
