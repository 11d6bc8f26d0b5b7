-- migrate:up

-- Found often: photos that prove nothing yet, apart from those that are kept for months.
create index photo_unused on photo (added_at) where dropped_at is null and used_at is null;

-- migrate:down
drop index photo_unused;
