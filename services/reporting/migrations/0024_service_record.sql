-- migrate:up

-- service_record: what was done under whose sign-in
create table service_day (
  worker_ref uuid not null,
  day date not null,
  compound text not null,
  kind text not null,
  done int not null,
  primary key (worker_ref, day, compound, kind),
  constraint service_day_kind_known
    check (kind in ('household_visits', 'observation_visits', 'rounds', 'pickups', 'leads_closed'))
);
create index service_day_by_day on service_day (day);

-- migrate:down
drop table service_day;
