"""Policy versions, as copied from the registry."""

from datetime import date

from shared.db.pool import Conn
from shared.events.policy import PolicyDocument

COPY_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3)
on conflict (version) do nothing
"""
POLICY_OF_DAY = """
select version, document from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""


async def of_day(conn: Conn, day: date) -> tuple[int, PolicyDocument] | None:
    """The version in force on a day, and what it says; None before the first."""
    row = await conn.fetchrow(POLICY_OF_DAY, day)
    return (row["version"], PolicyDocument.model_validate(row["document"])) if row else None
