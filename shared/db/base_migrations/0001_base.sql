-- migrate:up

-- Events leave a service through here. Kept for the life of the data: replays and rebuilds read it.
create table outbox (
  id bigint generated always as identity,
  recorded_at timestamptz not null default clock_timestamp(),
  channel text not null,
  epoch int,
  pos bigint,
  subject text not null,
  document text not null,
  traceparent text,
  primary key (id, recorded_at),
  constraint outbox_numbered_whole check ((epoch is null) = (pos is null))
) partition by range (recorded_at);
create index outbox_unnumbered on outbox (id) where pos is null;
create index outbox_by_pos on outbox (channel, epoch, pos) where pos is not null;
create table outbox_default partition of outbox default;

-- The application role owns nothing, so months are added through this function, with its owner's rights.
create function outbox_ensure_months(ahead int) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first date := date_trunc('month', clock_timestamp() at time zone 'UTC')::date;
  month date;
begin
  for i in 0..ahead loop
    month := (first + make_interval(months => i))::date;
    execute format(
      'create table if not exists %I partition of outbox for values from (%L) to (%L)',
      'outbox_' || to_char(month, 'YYYYMM'),
      month::timestamp at time zone 'UTC',
      (month + interval '1 month') at time zone 'UTC');
  end loop;
end $$;
select outbox_ensure_months(2);

-- One row a channel: how far it is numbered and how far it is published.
create table outbox_channel (
  channel text primary key,
  epoch int not null default 1,
  max_pos bigint not null default 0,
  published_pos bigint not null default 0,
  constraint outbox_channel_order check (published_pos <= max_pos)
);

-- Each epoch of a channel and the position after which it starts in the one it continues.
create table outbox_epoch (
  channel text not null references outbox_channel,
  epoch int not null,
  starts_after bigint not null,
  begun_at timestamptz not null default clock_timestamp(),
  primary key (channel, epoch)
);

-- How far each consumer has come: written in the same transaction as the effect.
create table bus_position (
  consumer text not null,
  producer text not null,
  channel text not null,
  epoch int not null default 1,
  last_pos bigint not null default 0,
  moved_at timestamptz not null default clock_timestamp(),
  primary key (consumer, producer, channel)
);

-- What a consumer holds of an epoch beyond the point from which a restored producer continued.
create table bus_beyond (
  consumer text not null,
  producer text not null,
  channel text not null,
  epoch int not null,
  from_pos bigint not null,
  to_pos bigint not null,
  noticed_at timestamptz not null default clock_timestamp(),
  primary key (consumer, producer, channel, epoch)
);

create table dead_letter (
  id bigint generated always as identity primary key,
  consumer text not null,
  producer text not null,
  channel text not null,
  epoch int not null,
  pos bigint not null,
  event_type text,
  partition_key text,
  document text not null,
  reason text not null,
  error text not null,
  state text not null default 'waiting',
  created_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  note text,
  constraint dead_letter_once unique (consumer, producer, channel, epoch, pos),
  constraint dead_letter_reason check (reason in ('undecodable', 'poison', 'parked')),
  constraint dead_letter_state check (state in ('waiting', 'replayed', 'discarded')),
  constraint dead_letter_settled check ((state = 'waiting') = (settled_at is null))
);
create index dead_letter_waiting on dead_letter (consumer, partition_key) where state = 'waiting';

-- Work that happens once a day or once a window, whoever starts it and however often.
create table job_run (
  job text not null,
  slot text not null,
  finished_at timestamptz not null,
  primary key (job, slot)
);

-- Up to which business time a service has done what falls due: a stepped run waits for it.
create table ticked (
  ticker text primary key,
  through timestamptz not null
);

-- Who read personal data, when and why. Append only.
create table audit_read (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  role text not null,
  action text not null,
  person_ref uuid,
  scope text,
  reason text,
  correlation_id uuid
);
create function audit_read_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_read is append only';
end $$;
create trigger audit_read_no_change before update or delete on audit_read
  for each row execute function audit_read_is_append_only();

-- migrate:down
drop table audit_read;
drop function audit_read_is_append_only();
drop table ticked;
drop table job_run;
drop table dead_letter;
drop table bus_beyond;
drop table bus_position;
drop table outbox_epoch;
drop table outbox_channel;
drop table outbox;
drop function outbox_ensure_months(int);
