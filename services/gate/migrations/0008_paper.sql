-- migrate:up

-- Checks that were written on paper while a device was away, and keyed in later: by whom, and from which line.
create table paper_entry (
  check_id uuid primary key references entry_check,
  checkpoint text not null,
  sheet text not null,
  line int not null,
  keyed_by uuid not null,
  keyed_at timestamptz not null,
  constraint paper_entry_once unique (checkpoint, sheet, line)
);

-- migrate:down
drop table paper_entry;
