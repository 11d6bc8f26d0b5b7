-- migrate:up

-- site_rounds: where a site's duty began in the middle of a day
alter table site add column on_duty_from timestamptz;

-- site_exemptions: a closure as it was told last
create table site_exemption (
  closure_id uuid primary key,
  site_id uuid not null,
  from_day date not null,
  last_day date
);
create index site_exemption_by_site on site_exemption (site_id, from_day);

-- sanitation_compliance: days of sites that closed short
create table round_missed (
  day date not null,
  site_id uuid not null,
  compound text not null,
  kind text not null,
  required int not null,
  counted int not null,
  shortfall int not null,
  primary key (day, site_id)
);

-- migrate:down
drop table round_missed;
drop table site_exemption;
alter table site drop column on_duty_from;
