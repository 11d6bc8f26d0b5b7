-- migrate:up

-- How many have declared in a window so far, compared with the days before.
create index declaration_by_day on declaration (day, window_name, received_at) where standing = 'in_time';

-- migrate:down
drop index declaration_by_day;
