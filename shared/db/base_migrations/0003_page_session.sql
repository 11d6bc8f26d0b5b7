-- migrate:up

-- Who is signed in at a browser. The cookie's value is known to the browser alone; here is its hash. Times are real.
create table page_session (
  id_hash bytea primary key,
  subject text not null,
  grants jsonb not null,
  begun_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null,
  constraint page_session_hash check (octet_length(id_hash) = 32),
  constraint page_session_order check (begun_at <= seen_at and begun_at < ends_at)
);
create index page_session_ending on page_session (ends_at);

-- migrate:down
drop table page_session;
