"""Policy versions as the gate reads them, and the public keys that passes are signed with."""

from datetime import date

from services.gate.domain.entry import GateRules
from services.gate.domain.lists import ListRules
from shared.db.pool import Conn, Tx
from shared.events.policy import PolicyDocument

POLICY_FOR_DAY = """
select version from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
# For a group of checks. Its statements take arrays, whose length tells PostgreSQL nothing worth planning for: to plan
# them anew each time costs more than to run them. They find everything by an index, and their plans say so from the
# first check on: one that was made for an empty table would read all of it, and would be kept while the table fills.
# The settings end with the transaction.
POLICY_FOR_GROUP = """
select version, set_config('plan_cache_mode', 'force_generic_plan', true) as planned,
  set_config('enable_seqscan', 'off', true) as by_index
from (values (true)) as one (row) left join lateral (
  select version from policy_version where effective_from <= $1
  order by effective_from desc, version desc limit 1) p on true
"""
POLICY_DOCUMENT = "select document from policy_version where version = $1"
PASS_KEYS = "select key_id, jwk from pass_key order by key_id"  # noqa: S105 -- public keys


async def rules_version(conn: Conn, day: date) -> int | None:
    """The policy version in force on a business day; None before any is known."""
    version: int | None = await conn.fetchval(POLICY_FOR_DAY, day)
    return version


async def rules_version_for_group(tx: Tx, day: date) -> int | None:
    """The same, at the beginning of a transaction for many checks, which keeps the plans of its statements."""
    version: int | None = await tx.fetchval(POLICY_FOR_GROUP, day)
    return version


async def list_rules(conn: Conn, version: int) -> ListRules:
    """What a device needs to decide by itself under a policy version that is known to exist."""
    document = PolicyDocument.model_validate(await conn.fetchval(POLICY_DOCUMENT, version))
    rules_in_force = GateRules.of(version, document)
    return ListRules(
        rules=rules_in_force,
        table=rules_in_force.table,
        answer_within_ms=document.gate.offline.online_answer_within_ms,
        keys=tuple(row["jwk"] for row in await conn.fetch(PASS_KEYS)),
    )


async def rules(conn: Conn, version: int) -> GateRules:
    """Gate's part of a policy version that is known to exist."""
    return GateRules.of(version, PolicyDocument.model_validate(await conn.fetchval(POLICY_DOCUMENT, version)))
