"""Property companies, and what they answer for."""

NAME_COMPANY = """
insert into property_company (compound, from_day, name, entered_at, entered_by) values ($1, $2, $3, $4, $5)
on conflict (compound, from_day) do update
  set name = excluded.name, entered_at = excluded.entered_at, entered_by = excluded.entered_by
  where property_company.name <> excluded.name
"""
# The company that held on the first day, and those that came within the period.
COMPANIES = """
select name, from_day from property_company
where compound = $1 and from_day <= $3 and from_day >= coalesce(
  (select max(from_day) from property_company where compound = $1 and from_day <= $2), $2)
order by from_day
"""
ORDERS = """
select count(*)::int as ordered, (count(*) filter (where state in ('ordered', 'mended')))::int as open,
       (count(*) filter (where state = 'ordered' and due_at <= $4))::int as overdue,
       (count(*) filter (where level > 0))::int as gone_up,
       (count(*) filter (where state = 'rectified'))::int as rectified,
       (count(*) filter (where mended_at <= due_at))::int as mended_in_time,
       (count(*) filter (where state = 'withdrawn'))::int as withdrawn,
       (count(*) filter (where state = 'handed_to_discipline'))::int as handed_to_discipline
from rectification_order where compound = $1 and ordered_at >= $2 and ordered_at < $3
"""
ITEMS = """
select item, max(title) as title, count(*)::int as ordered,
       (count(*) filter (where state in ('ordered', 'mended')))::int as open
from rectification_order where compound = $1 and ordered_at >= $2 and ordered_at < $3
group by item order by count(*) desc, item
"""
ROUNDS = """
select coalesce(sum(required), 0)::int as required, coalesce(sum(done), 0)::int as done,
       coalesce(sum(on_time), 0)::int as on_time, coalesce(sum(shortfall), 0)::int as missed,
       count(distinct day) filter (where shortfall > 0)::int as days_short
from site_day where compound = $1 and day between $2 and $3
"""
INSPECTIONS = """
select inspected, count(*)::int as inspections, (count(*) filter (where result = 'pass'))::int as passed,
       (count(*) filter (where result = 'flag'))::int as flagged,
       (count(*) filter (where result = 'fail'))::int as failed
from inspection where compound = $1 and inspected_at >= $2 and inspected_at < $3
group by inspected order by inspected
"""
REPORTS = """
select count(*)::int as reported, (count(*) filter (where state = 'upheld'))::int as upheld,
       (count(*) filter (where state = 'dismissed'))::int as dismissed
from site_report where compound = $1 and reported_at >= $2 and reported_at < $3
"""
