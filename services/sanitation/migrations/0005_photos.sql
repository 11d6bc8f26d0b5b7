-- migrate:up

-- Photos as proof: the picture alone, sealed in parts under a key of its own (`key_ref`), kept as long as policy says.
create table photo (
  photo_id uuid not null,
  compound text not null references compound,
  key_ref uuid not null,
  content_index bytea not null,
  width int not null,
  height int not null,
  bytes int not null,
  added_at timestamptz not null,
  added_by text not null,
  used_at timestamptz,
  dropped_at timestamptz,
  constraint photo_once primary key (photo_id)
);
create index photo_kept on photo (added_at) where dropped_at is null;
create table photo_part (
  photo_id uuid not null references photo,
  nth int not null,
  part bytea not null,
  primary key (photo_id, nth)
);

-- Rounds of before could name any photo: those stay as they are, every new one has to be there.
alter table round_log
  add constraint round_log_photo_known foreign key (photo_id) references photo not valid;

-- migrate:down
alter table round_log drop constraint round_log_photo_known;
drop table photo_part;
drop table photo;
