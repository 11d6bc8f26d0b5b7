"""Entries by compound and hour."""

ADD_FLOW = """
insert into entry_flow
  (day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline)
select day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline
from unnest($1::date[], $2::text[], $3::smallint[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[],
            $9::int[], $10::int[])
  as row (day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline)
order by day, compound, hour
on conflict (day, compound, hour) do update
  set checks = entry_flow.checks + excluded.checks,
      entries = entry_flow.entries + excluded.entries,
      exits = entry_flow.exits + excluded.exits,
      refused = entry_flow.refused + excluded.refused,
      cannot_verify = entry_flow.cannot_verify + excluded.cannot_verify,
      fever = entry_flow.fever + excluded.fever,
      offline = entry_flow.offline + excluded.offline
"""
FLOW_OF_DAY = """
select compound, sum(checks)::int as checks, sum(entries)::int as entries, sum(exits)::int as exits,
       sum(refused)::int as refused, sum(cannot_verify)::int as cannot_verify, sum(fever)::int as fever
from entry_flow where day = $1 group by compound
"""
FLOW_OF_COMPOUND = """
select hour, checks, entries, exits, refused, cannot_verify, fever, offline
from entry_flow where day = $1 and compound = $2 order by hour
"""
HOURS_OF_DAY = """
select hour, sum(entries)::int as entries, sum(exits)::int as exits, sum(refused)::int as refused
from entry_flow where day = $1 and compound = any($2::text[]) group by hour order by hour
"""
