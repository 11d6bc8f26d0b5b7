"""Counts for the gauges: of places, never of anybody."""

OPEN_SURVEYS = """
select t.compound_id, case when t.conflict then 'conflict' else coalesce(t.outcome, 'open') end as state,
  count(*)::int as dwellings
from survey_compound c join survey_target t using (round_id, compound_id) where not c.closed
group by 1, 2
"""
