-- migrate:up

-- entry_passes: by how much the number of good passes changes up to the end of an hour and of a Shanghai day. A pass that
-- is active adds one where it begins and takes one away where it ends; who reads adds the days up to today, the hours up
-- to now, and the few of the hour that goes on.
create table pass_change (
  grain text not null,
  upto timestamptz not null,
  compound text not null,
  change int not null,
  primary key (grain, upto, compound),
  constraint pass_change_grain_known check (grain in ('hour', 'day'))
);
create index pass_change_none on pass_change (grain) where change = 0;
insert into pass_change (grain, upto, compound, change)
select grain.name,
  date_bin(grain.span, point.at + grain.span - interval '1 microsecond', timestamptz '2020-01-01 00:00+08'),
  point.compound, sum(point.change)
from (
  select compound, valid_from as at, 1 as change from entry_pass where state = 'active' and valid_from < valid_until
  union all
  select compound, valid_until, -1 from entry_pass where state = 'active' and valid_from < valid_until
) point cross join (values ('hour', interval '1 hour'), ('day', interval '1 day')) as grain (name, span)
group by 1, 2, 3 having sum(point.change) <> 0;
drop index entry_pass_active;
create index entry_pass_begins on entry_pass (valid_from, valid_until, compound) where state = 'active';
create index entry_pass_ends on entry_pass (valid_until, valid_from, compound) where state = 'active';

-- survey: how many dwellings of a compound have a final result in a round, and how many have forms that disagree
create table survey_progress (
  round_id uuid not null,
  compound text not null,
  final int not null,
  conflicts int not null,
  primary key (round_id, compound)
);
insert into survey_progress (round_id, compound, final, conflicts)
select round_id, compound, count(*) filter (where final), count(*) filter (where conflict)
from survey_dwelling group by round_id, compound having bool_or(final or conflict);

-- migrate:down
drop table survey_progress;
drop index entry_pass_ends;
drop index entry_pass_begins;
create index entry_pass_active on entry_pass (compound, valid_until, valid_from) where state = 'active';
drop table pass_change;
