-- migrate:up

-- Windows that were told as missed and that a corrected day 0 leaves outside the period: they are nobody's miss. They
-- come with the cases and the misses with the declarations, in whatever order, so they meet when somebody reads.
create table declaration_void (
  case_id uuid not null,
  day date not null,
  part text not null,
  primary key (case_id, day, part),
  constraint declaration_void_part_known check (part in ('morning', 'evening'))
);
create view declaration_seen as
select w.case_id, w.day, w.part, w.declared_at,
  case when w.state = 'missed' and v.case_id is not null then 'void' else w.state end as state
from declaration_window w left join declaration_void v using (case_id, day, part);

create view streak_seen as
select s.case_id,
  case when not exists (select from declaration_void v where v.case_id = s.case_id) then s.streak
    else least(s.streak, (
      select count(*)::int from declaration_seen w
      where w.case_id = s.case_id and w.state = 'missed' and not exists (
        select from declaration_window said
        where said.case_id = w.case_id and said.state <> 'missed'
          and (said.day, said.part = 'evening') > (w.day, w.part = 'evening'))))
  end as streak
from declaration_streak s;

-- migrate:down
drop view streak_seen;
drop view declaration_seen;
drop table declaration_void;
