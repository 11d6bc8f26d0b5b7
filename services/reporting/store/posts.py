"""What places need, where posts are, and who serves at them, as the registry told it (R3.2, R3.3)."""

PUT_NEEDS = """
insert into post_need (post, compound, place_kind, place_id, kind, number)
select post, compound, place_kind, place_id, kind, number
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
  as row (post, compound, place_kind, place_id, kind, number)
order by post
on conflict (post) do update set number = excluded.number
"""
PUT_CHECKPOINTS = """
insert into checkpoint (checkpoint, compound, has_posts)
select checkpoint, compound, has_posts from unnest($1::text[], $2::text[], $3::boolean[])
  as row (checkpoint, compound, has_posts)
order by checkpoint
on conflict (checkpoint) do update set compound = excluded.compound, has_posts = excluded.has_posts
"""
NEEDS_SET = """
select place_kind, place_id, kind, number from post_need where number is not null order by post
"""
PLACES = """
select compound, 'compound' as place_kind, compound as place_id from compound
union all
select compound, 'checkpoint', checkpoint from checkpoint where has_posts
union all
select compound, 'grid', grid from grid_addresses
order by 1, 2, 3
"""
SERVING_AT = """
select case when checkpoint is not null then 'checkpoint' when grid is not null then 'grid' else 'compound' end
    as place_kind,
  coalesce(checkpoint, grid, compound) as place_id, kind, count(*)::int as workers
from posting
where compound is not null and from_day <= $1 and (until_day is null or until_day >= $1)
group by 1, 2, 3 order by 1, 2, 3
"""
