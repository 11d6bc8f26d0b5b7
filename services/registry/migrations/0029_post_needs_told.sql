-- migrate:up

-- A need that is as policy says again keeps its row: the version goes on, so that readers tell old news from new.
alter table post_need alter column number drop not null;

-- migrate:down
delete from post_need where number is null;
alter table post_need alter column number set not null;
