-- migrate:up

-- post_needs: what officers set for a place; null: as policy says
create table post_need (
  post text primary key,
  compound text not null,
  place_kind text not null,
  place_id text not null,
  kind text not null,
  number int
);
create index post_need_of_compound on post_need (compound);

-- checkpoints: those in use have posts; a temporary gate has none
create table checkpoint (
  checkpoint text primary key,
  compound text not null,
  has_posts boolean not null
);

-- migrate:down
drop table checkpoint;
drop table post_need;
