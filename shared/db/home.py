"""Which database this is: one that was restored, promoted from a copy or moved is another, whoever did it and how."""

from typing import Any

import structlog

log = structlog.get_logger(__name__)

# Which database this is: of which cluster, on which of its timelines, under which number there. A restore or a failover
# to a copy changes at least one of them. Answers true when it is another one than last time.
COME_HOME = """
with here as (
  select format('%s/%s/%s', c.system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), d.oid) as home
  from pg_control_system() c, pg_database d where d.datname = current_database()
), first as (
  insert into outbox_home (home) select home from here on conflict do nothing returning home
), moved as (
  update outbox_home o set home = here.home, since = clock_timestamp() from here where o.home <> here.home returning 1
)
select exists (select from moved)
"""


async def moved(connection: Any) -> bool:
    """Whether this is another database than when somebody asked last; inside a transaction, where it is noted."""
    another = bool(await connection.fetchval(COME_HOME))
    if another:
        log.warning("database_was_moved")
    return another
