-- migrate:up

-- Since when no key is made here any more, and by which closing.
create table closed (
  one boolean primary key default true,
  closing_id uuid not null,
  approved_at timestamptz not null,
  constraint closed_one check (one)
);

-- migrate:down
drop table closed;
