"""Counts by hour."""

ADD_TALLIES = """
insert into daily_tally (hour, compound, figure, number)
select hour, compound, figure, number
from unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[]) as row (hour, compound, figure, number)
order by hour, compound, figure
on conflict (hour, compound, figure) do update set number = daily_tally.number + excluded.number
"""
TALLIES_BETWEEN = """
select compound, figure, coalesce(sum(number) filter (where hour >= $1), 0)::int as new, sum(number)::int as total
from daily_tally where hour < $2 group by compound, figure order by compound, figure
"""
