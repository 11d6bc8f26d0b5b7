-- migrate:up

-- The next day of each compound to be closed: every day before it is.
create table day_close (
  compound text primary key references compound,
  next_day date not null
);
create index day_close_by_day on day_close (next_day, compound);
insert into day_close (compound, next_day)
select s.compound, min(d.from_day) from site s join site_state d using (site_id) group by s.compound;

-- What a closed day left of each site: as closed, or as late logs and closures changed it since.
create table site_day (
  day date not null,
  compound text not null,
  site_id uuid not null references site,
  kind text not null,
  on_duty boolean not null,
  required int not null,
  counted int not null,
  done int not null,
  on_time int not null,
  shortfall int not null,
  logged int not null,
  outside_range int not null,
  constraint site_day_once primary key (day, compound, site_id),
  constraint site_day_adds_up check (done + shortfall = required and on_time <= done)
);

-- migrate:down
drop table site_day;
drop table day_close;
