-- migrate:up

-- Something done for many cases: each item a transaction of its own. What is to be done is sealed: it holds a reason.
create table bulk_action (
  bulk_id uuid primary key,
  act text not null,
  order_sealed bytea not null,
  content_index bytea not null,
  asked_at timestamptz not null,
  asked_by text not null,
  correlation_id uuid not null,
  cancelled_at timestamptz,
  cancelled_by text,
  constraint bulk_action_act_known check (act in ('assign', 'withdraw', 'decide')),
  constraint bulk_action_cancelled_whole check ((cancelled_at is null) = (cancelled_by is null))
);

create table bulk_item (
  bulk_id uuid not null references bulk_action,
  case_id uuid not null,
  nth int not null,
  status text not null,
  code text,
  settled_at timestamptz,
  primary key (bulk_id, case_id),
  constraint bulk_item_status_known check (status in ('waiting', 'done', 'skipped')),
  constraint bulk_item_skipped_says_why check ((status = 'skipped') = (code is not null)),
  constraint bulk_item_settled_whole check ((status = 'waiting') = (settled_at is null))
);
create index bulk_item_waiting on bulk_item (bulk_id, nth) where status = 'waiting';

-- migrate:down
drop table bulk_item;
drop table bulk_action;
