"""Putting policy in force (R1.2)."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.registry.domain.policy import PolicyVersion, decide_revision
from services.registry.store import policy as store
from shared.db.pool import Conn, Database, Tx
from shared.events.policy import PolicyDocument
from shared.events.registry.rules import PolicyRevised
from shared.http.problem import PolicyUnknown
from shared.kernel.refusal import SameIdOtherContent

SEED = Path(__file__).parents[1] / "data" / "policy-2020-02-24.json"
SEEDED_BY = "seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisePolicy:
    """Put a document in force from a day on. `version` is the one after the newest."""

    version: int
    effective_from: date
    document: PolicyDocument


async def revise(cmd: RevisePolicy, *, tx: Tx) -> tuple[PolicyVersion, bool]:
    """Accept the next version; the same one twice is one. Returns it and whether it is new.

    Raises:
        SameIdOtherContent: the version exists with other content.
        NotTheNextVersion, EffectiveTooEarly, PolicyInconsistent: see `decide_revision`.
    """
    await store.lock(tx)
    known = await store.by_version(tx, cmd.version)
    if known is not None:
        kept = PolicyVersion(
            version=known["version"],
            effective_from=known["effective_from"],
            document=PolicyDocument.model_validate(known["document"]),
        )
        if (kept.effective_from, kept.document) != (cmd.effective_from, cmd.document):
            raise SameIdOtherContent(
                "该版本号已有其他内容。This version exists with other content.", field="version"
            )
        return kept, False
    decided = decide_revision(
        version=cmd.version,
        effective_from=cmd.effective_from,
        document=cmd.document,
        latest=await store.latest(tx),
        today=tx.today,
    )
    revised_by = tx.actor or SEEDED_BY
    await store.add(tx, decided, revised_by=revised_by)
    await tx.publish(
        PolicyRevised(
            version=decided.version,
            effective_from=decided.effective_from,
            revised_by=revised_by,
            document=decided.document,
        ),
        version=decided.version,
    )
    return decided, True


async def seed(database: Database) -> None:
    """At the very first start: version 1 from the file. Done once, whoever starts and however often."""
    content = json.loads(SEED.read_bytes())
    async with database.begin(actor=SEEDED_BY) as tx:
        await store.lock(tx)
        if await store.latest(tx) is None:
            await revise(
                RevisePolicy(
                    version=1,
                    effective_from=date.fromisoformat(content["effective_from"]),
                    document=PolicyDocument.model_validate(content["document"]),
                ),
                tx=tx,
            )


async def in_force(conn: Conn, day: date) -> PolicyVersion:
    """The policy of a business day.

    Raises:
        PolicyUnknown: none is in force.
    """
    found = await store.policy_at(conn, day)
    if found is None:
        raise PolicyUnknown
    return found
