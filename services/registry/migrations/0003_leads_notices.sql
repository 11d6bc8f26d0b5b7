-- migrate:up

-- ---- leads: what residents tell (R6.3). Texts are free and may name people, so they are sealed.

create table lead (
  lead_id uuid primary key,
  compound_id text not null,
  channel text not null,
  category text not null,
  key_ref uuid not null,
  place_sealed bytea not null,
  text_sealed bytea not null,
  complained_about text,
  observed_at timestamptz not null,
  received_at timestamptz not null,
  receipt_sealed bytea not null,
  receipt_index bytea not null,
  content_index bytea not null,
  state text not null default 'received',
  assignee_kind text,
  assignee text,
  assigned_at timestamptz,
  due_at timestamptz,
  valid boolean,
  closing_reason text,
  closed_at timestamptz,
  closed_by text,
  merged_into uuid,
  version int not null default 1,
  constraint lead_about_a_compound foreign key (compound_id) references compound,
  constraint lead_merged_into_a_lead foreign key (merged_into) references lead,
  constraint lead_key_ref_once unique (key_ref),
  constraint lead_receipt_once unique (receipt_index),
  constraint lead_channel check (channel in ('phone', 'wechat', 'gate_code', 'desk', 'other')),
  constraint lead_category check (category in
    ('unregistered_outsider', 'gathering', 'hidden_travel', 'gate_unattended', 'other')),
  constraint lead_state check (state in ('received', 'assigned', 'closed')),
  constraint lead_assignee_kind check (assignee_kind in ('grid', 'unit')),
  constraint lead_gate_named check
    (category <> 'gate_unattended' or complained_about is not null or assignee is null),
  constraint lead_not_to_the_accused check (assignee <> complained_about),
  constraint lead_assigned_whole check
    (num_nulls(assignee_kind, assignee, assigned_at, due_at) in (0, 4) and (state <> 'assigned' or assignee is not null)),
  constraint lead_closed_whole check
    (num_nulls(valid, closing_reason, closed_at, closed_by) = case when state = 'closed' then 0 else 4 end),
  constraint lead_not_its_own_duplicate check (merged_into <> lead_id)
) with (fillfactor = 90);
create index lead_in_order on lead (received_at, lead_id);
create index lead_alike on lead (compound_id, category, observed_at);
create index lead_by_merge on lead (merged_into) where merged_into is not null;

-- Who told it, apart from what was told: sealed under a key of its own, read only with a recorded reason.
create table lead_reporter (
  lead_id uuid primary key,
  reporter_ref uuid not null,
  name_sealed bytea,
  phone_sealed bytea,
  constraint lead_reporter_of_a_lead foreign key (lead_id) references lead,
  constraint lead_reporter_ref_once unique (reporter_ref),
  constraint lead_reporter_says_something check (num_nonnulls(name_sealed, phone_sealed) > 0)
);

-- One fact, one reward: the fact is the lead that the others are duplicates of, or the lead itself.
create table lead_reward (
  fact_id uuid primary key,
  lead_id uuid not null,
  decided_by text not null,
  decided_at timestamptz not null,
  constraint lead_reward_for_a_fact foreign key (fact_id) references lead,
  constraint lead_reward_for_a_lead foreign key (lead_id) references lead,
  constraint lead_reward_once_a_lead unique (lead_id)
);

-- ---- notices and where they hang (R6.1)

create table notice (
  notice_id uuid primary key,
  title text not null,
  text text not null,
  published_at timestamptz not null,
  published_by text not null,
  constraint notice_says_something check (title <> '' and text <> '')
);
create index notice_in_order on notice (published_at, notice_id);

create table notice_posting (
  notice_id uuid not null,
  compound_id text not null,
  channel text not null,
  posted_at timestamptz,
  posted_by text,
  primary key (notice_id, compound_id, channel),
  constraint notice_posting_of_a_notice foreign key (notice_id) references notice,
  constraint notice_posting_in_a_compound foreign key (compound_id) references compound,
  constraint notice_posting_channel check (channel in
    ('broadcast', 'screen', 'poster', 'group', 'wechat_account_one', 'wechat_account_two')),
  constraint notice_posting_confirmed_whole check ((posted_at is null) = (posted_by is null))
);

-- migrate:down
drop table notice_posting;
drop table notice;
drop table lead_reward;
drop table lead_reporter;
drop table lead;
