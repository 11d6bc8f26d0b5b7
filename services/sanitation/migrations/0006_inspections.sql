-- migrate:up

-- The registry's checkpoints: posts that are inspected.
create table checkpoint (
  checkpoint text primary key,
  compound text not null,
  version bigint not null
);

-- Non-essential indoor venues. `status_at`: the instant of which the status was said.
create table venue (
  venue_id uuid not null,
  compound text not null references compound,
  kind text not null,
  name text not null,
  place text,
  status text not null,
  status_at timestamptz not null,
  content_index bytea not null,
  registered_at timestamptz not null,
  registered_by text not null,
  version int not null,
  constraint venue_once primary key (venue_id),
  constraint venue_status_known check (status in ('closed', 'approved_open', 'found_open'))
);
create index venue_by_compound on venue (compound, venue_id);

-- Free texts of an approval, inspection, order or report are sealed under a key of their own (`key_ref`).
create table venue_approval (
  approval_id uuid not null,
  venue_id uuid not null references venue,
  from_day date not null,
  last_day date not null,
  key_ref uuid not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  approved_at timestamptz not null,
  approved_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  constraint venue_approval_once primary key (approval_id),
  constraint venue_approval_in_order check (last_day >= from_day),
  constraint venue_approval_revoked_whole check ((revoked_at is null) = (revoked_by is null))
);
create index venue_approval_by_venue on venue_approval (venue_id, from_day);

-- `subject`: a site's, venue's, compound's, checkpoint's or round's code or id.
create table inspection (
  inspection_id uuid not null,
  compound text not null references compound,
  inspected text not null,
  subject text not null,
  found text,
  result text not null,
  key_ref uuid not null,
  note_sealed bytea,
  photo_id uuid constraint inspection_photo_known references photo,
  content_index bytea not null,
  inspected_at timestamptz not null,
  device_at timestamptz not null,
  inspected_by text not null,
  recorded_at timestamptz not null,
  policy_version int not null,
  constraint inspection_once primary key (inspection_id),
  constraint inspection_inspected_known check (inspected in ('site', 'venue', 'property_company', 'post', 'round')),
  constraint inspection_result_known check (result in ('pass', 'flag', 'fail')),
  constraint inspection_found_known check (found in ('open', 'closed') and (found is null or inspected = 'venue'))
);
create index inspection_by_compound on inspection (compound, inspected_at desc, inspection_id desc);
create unique index inspection_round_once on inspection (subject) where inspected = 'round';

create table inspection_item (
  inspection_id uuid not null references inspection,
  nth int not null,
  code text not null,
  verdict text not null,
  note_sealed bytea,
  photo_id uuid constraint inspection_item_photo_known references photo,
  constraint inspection_item_once primary key (inspection_id, code),
  constraint inspection_item_verdict_known check (verdict in ('pass', 'flag', 'fail'))
);

-- An order to put something right. `title`, `basis`: as policy said when it was ordered. `level`: of escalation.
create table rectification_order (
  order_id uuid not null,
  compound text not null references compound,
  source text not null,
  inspection_id uuid references inspection,
  inspected text,
  subject text,
  item text not null,
  title text not null,
  basis text not null,
  key_ref uuid not null,
  note_sealed bytea,
  photo_id uuid constraint rectification_order_photo_known references photo,
  content_index bytea,
  ordered_at timestamptz not null,
  found_by text,
  due_at timestamptz not null,
  state text not null,
  level int not null,
  mended_at timestamptz,
  mended_by text,
  settled_at timestamptz,
  settled_by text,
  version int not null,
  constraint rectification_order_once primary key (order_id),
  constraint rectification_order_source_known check (source in ('inspection', 'spot_check', 'report', 'manual')),
  constraint rectification_order_state_known
    check (state in ('ordered', 'mended', 'rectified', 'withdrawn', 'handed_to_discipline')),
  constraint rectification_order_settled_whole
    check ((state in ('ordered', 'mended')) = (settled_at is null) and (settled_at is null) = (settled_by is null)),
  constraint rectification_order_closed_by_another check (state <> 'rectified' or settled_by <> mended_by)
);
create index rectification_order_by_compound on rectification_order (compound, due_at, order_id);
create index rectification_order_by_due on rectification_order (due_at, order_id);
create index rectification_order_waiting on rectification_order (due_at, order_id) where state = 'ordered';
-- What is found again while its order is open is the same order.
create unique index rectification_order_open_once on rectification_order (inspected, subject, item)
  where state in ('ordered', 'mended') and source <> 'manual';

-- What was done with an order, by whom and when: its custody. Never changed.
create table order_act (
  act_id uuid not null,
  order_id uuid not null references rectification_order,
  kind text not null,
  at timestamptz not null,
  by text not null,
  role text not null,
  note_sealed bytea,
  photo_id uuid constraint order_act_photo_known references photo,
  due_at timestamptz,
  content_index bytea not null,
  nth bigint generated always as identity,
  constraint order_act_once primary key (act_id),
  constraint order_act_kind_known check (kind in
    ('found_again', 'mended', 'replied', 'sent_back', 'rectified', 'withdrawn', 'handed_to_discipline'))
);
create index order_act_by_order on order_act (order_id, nth);

-- migrate:down
drop table order_act;
drop table rectification_order;
drop table inspection_item;
drop table inspection;
drop table venue_approval;
drop table venue;
drop table checkpoint;
