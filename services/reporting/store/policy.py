"""Policy versions, as copied from the registry."""

COPY_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3)
on conflict (version) do nothing
"""
POLICY_OF_DAY = """
select version, document from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
