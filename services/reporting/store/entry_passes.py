"""Entry passes as they stand."""

PUT_PASSES = """
insert into entry_pass (pass_id, compound, kind, state, valid_from, valid_until)
select pass_id, compound, kind, state, valid_from, valid_until
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
  as row (pass_id, compound, kind, state, valid_from, valid_until)
order by pass_id
on conflict (pass_id) do update
  set compound = excluded.compound, kind = excluded.kind, state = excluded.state,
      valid_from = excluded.valid_from, valid_until = excluded.valid_until
"""
CHANGE_PASSES = """
update entry_pass set state = row.state
from unnest($1::uuid[], $2::text[]) as row (pass_id, state) where entry_pass.pass_id = row.pass_id
"""
ACTIVE_PASSES = """
select compound, count(*)::int as passes from entry_pass
where state = 'active' and valid_from <= $1 and valid_until > $1 group by compound
"""
