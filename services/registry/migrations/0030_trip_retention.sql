-- migrate:up

-- Intakes that still say more of a trip or of somebody's health than the figures need: few, and gone some days after
-- the release.
create index returnee_intake_to_forget on returnee_intake (recorded_at)
where transport_number_sealed is not null or health_sealed is not null or reason_sealed is not null
  or suzhou_code is not null or via <> '[]';

-- migrate:down
drop index returnee_intake_to_forget;
