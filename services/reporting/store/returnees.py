"""Intakes of people who came back, and counts of them."""

PUT_INTAKES = """
insert into returnee_intake (intake_id, person_ref, compound, category, measure, origin_code, registered_at)
select intake_id, person_ref, compound, category, measure, origin_code, registered_at
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as row (intake_id, person_ref, compound, category, measure, origin_code, registered_at)
order by intake_id
on conflict (intake_id) do update
  set person_ref = excluded.person_ref, compound = excluded.compound, category = excluded.category,
      measure = excluded.measure, origin_code = excluded.origin_code,
      registered_at = least(returnee_intake.registered_at, excluded.registered_at)
"""
INTAKES_BETWEEN = """
select compound, category, (count(*) filter (where registered_at >= $1))::int as new, count(*)::int as total
from returnee_intake where registered_at < $2 group by compound, category order by compound, category
"""
# People of focus areas, for whoever asks from above: counts by area, measure and compound, and nobody's name.
FOCUS_BETWEEN = """
select origin_code, measure, compound, (count(*) filter (where registered_at >= $1))::int as new,
       count(*)::int as total
from returnee_intake where registered_at < $2 and category = 'focus'
group by origin_code, measure, compound order by origin_code, measure, compound
"""
