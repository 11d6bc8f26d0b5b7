"""Odd reading: an account that opened the records of more people within an hour than the policy finds usual.

A list tells of many people at once and masks them; who pages through lists does their work. Counted is whom an account
looked at one by one, or a few at a time: requests that told of fewer people than the policy's `list_from`.

What is noticed is a line of the log itself, under the account that it is about, and so a link of the chain.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shared.audit import metrics
from shared.db.pool import Conn, Database
from shared.http.access import STAFF
from shared.leader import Ticker, each_minute

log = structlog.get_logger(__name__)

NAME = "audit_browsing"
HOUR = timedelta(hours=1)

RULES = """
select document -> 'audit' as audit from policy_version
where effective_from <= $1 order by effective_from desc, version desc limit 1
"""
BROWSERS = """
select actor, count(distinct person_ref)::int as records from (
  select actor, person_ref, count(*) over (partition by actor, coalesce(correlation_id::text, id::text)) as together
  from audit_read
  where at > $1 and at <= $2 and person_ref is not null and string_to_array(role, ',') && $3::text[]) as opened
where together < $4
group by actor having count(distinct person_ref) > $5 order by actor
"""
# Once an account and hour: the reason is how many were opened, and how many are usual.
NOTE_BROWSER = """
insert into audit_read (at, actor, role, action, scope, reason)
select $1, $2::text, 'system', 'audit.browsing', 'town', $3
where not exists (select from audit_read where actor = $2::text and action = 'audit.browsing' and at > $4)
returning id
"""
NOTICED_SINCE = """
select at, actor, reason from audit_read where action = 'audit.browsing' and at >= $1 order by id desc limit $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """An account, when it was noticed, how many records it had opened within an hour, and how many are usual."""

    at: datetime
    actor: str
    records: int
    usual: int


def browsing() -> Ticker:
    """Look at the last hour once a minute."""
    return Ticker(name=NAME, act=each_minute(look))


async def look(database: Database) -> None:
    """Note who opened too many records in the last hour; where the policy has no number nobody did."""
    async with database.begin(actor=NAME) as tx:
        rules = await tx.fetchval(RULES, tx.today)
        if rules is None:
            return
        usual, since = int(rules["records_per_hour"]), tx.now - HOUR
        new = 0
        for row in await tx.fetch(BROWSERS, since, tx.now, sorted(STAFF), int(rules["list_from"]), usual):
            reason = f"{row['records']}/{usual}"
            new += await tx.fetchval(NOTE_BROWSER, tx.now, row["actor"], reason, since) is not None
    if new:
        metrics.BROWSING_NOTICED.inc(new)
        log.warning("browsing_noticed", accounts=new)


async def noticed(conn: Conn, since: datetime, *, limit: int) -> list[Noticed]:
    """Who was noticed since an instant, the newest first."""
    found: list[Noticed] = []
    for row in await conn.fetch(NOTICED_SINCE, since, limit):
        records, usual = row["reason"].split("/")
        found.append(Noticed(at=row["at"], actor=row["actor"], records=int(records), usual=int(usual)))
    return found
