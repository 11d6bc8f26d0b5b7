-- migrate:up

-- A session's rights are proved at the issuer again and again. What proves them is sealed under the cookie's value, which
-- is not here. Sessions from before end: nothing could prove them.
delete from page_session;
alter table page_session
  add column refresh_sealed bytea,
  add column proved_at timestamptz not null,
  add column tried_at timestamptz not null;

-- migrate:down
alter table page_session drop column refresh_sealed, drop column proved_at, drop column tried_at;
