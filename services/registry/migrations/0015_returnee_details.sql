-- migrate:up

-- ---- the rest of an intake (R2.7, R4.6): what policy proposed, places on the way, how they came, what they answered

alter table returnee_intake
  add column proposed text,
  add column via jsonb not null default '[]',
  add column proof_kind text,
  add column suzhou_code text,
  add column transport_number_sealed bytea,
  add column health_sealed bytea,
  add constraint returnee_proposed check (proposed in
    ('centralized_observation', 'home_quarantine', 'home_self_monitoring')),
  add constraint returnee_proof_kind check (proof_kind in
    ('ticket', 'toll_receipt', 'payment_record', 'carrier_record', 'other')),
  add constraint returnee_suzhou_code check (suzhou_code in ('green', 'yellow', 'red', 'green_pending', 'none'));

-- migrate:down
alter table returnee_intake
  drop column health_sealed,
  drop column transport_number_sealed,
  drop column suzhou_code,
  drop column proof_kind,
  drop column via,
  drop column proposed;
