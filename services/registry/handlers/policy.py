"""Putting policy in force (R1.2)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from services.registry.domain.errors import NotTheNextVersion, VersionUnknown
from services.registry.domain.policy import PolicyVersion, decide_revision
from services.registry.domain.policy_completion import decide_completion
from services.registry.domain.policy_drafts import Draft, check_draft, with_musts
from services.registry.domain.versions import Difference, differences
from services.registry.store import policy as store
from shared.db.pool import Conn, Database, Tx
from shared.events.policy import PolicyDocument
from shared.events.registry.rules import PolicyRevised
from shared.http.problem import PolicyUnknown
from shared.kernel.refusal import SameIdOtherContent

log = structlog.get_logger(__name__)

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
    await _put_in_force(tx, decided)
    return decided, True


async def revise_musts(
    musts: tuple[str, ...], *, version: int, effective_from: date, tx: Tx
) -> tuple[PolicyVersion, bool]:
    """Put the policy of a day in force again from that day on, with another list of musts (R2.6).

    Raises:
        NotTheNextVersion: somebody else revised it meanwhile.
        SameIdOtherContent, EffectiveTooEarly, PolicyInconsistent: see `revise`.
    """
    await store.lock(tx)
    before = await store.policy_at(tx, effective_from) or await store.latest(tx)
    if before is None:
        raise NotTheNextVersion("版本号不连续。That is not the next version.", field="version", next=1)
    document = with_musts(before.document, musts)
    return await revise(
        RevisePolicy(version=version, effective_from=effective_from, document=document), tx=tx
    )


async def check(given: Mapping[str, Any], *, effective_from: date, conn: Conn, today: date) -> Draft:
    """What would be wrong with a document, and what it would change; nothing is put in force (R1.2)."""
    return check_draft(
        given,
        effective_from=effective_from,
        latest=await store.latest(conn),
        holding=await store.in_force_from(conn, effective_from),
        today=today,
    )


async def changes(conn: Conn, *, since: int, to: int) -> list[Difference]:
    """What lies between two versions, field by field.

    Raises:
        VersionUnknown: one of them does not exist.
    """
    rows = {number: await store.by_version(conn, number) for number in (since, to)}
    old, new = (rows[number] for number in (since, to))
    if old is None or new is None:
        raise VersionUnknown("没有这个版本。There is no such version.", field="since" if new else "version")
    before, after = (PolicyDocument.model_validate(row["document"]) for row in (old, new))
    return list(differences(before.model_dump(mode="json"), after.model_dump(mode="json")))


async def seed(database: Database) -> None:
    """At each start: version 1 from the file when there is none, else what newer rules need and versions lack.

    Whoever starts, however often and at the same moment: it is done once.
    """
    content = json.loads(SEED.read_bytes())
    document = PolicyDocument.model_validate(content["document"])
    async with database.begin(actor=SEEDED_BY) as tx:
        await store.lock(tx)
        latest = await store.latest(tx)
        if latest is None:
            first_day = date.fromisoformat(content["effective_from"])
            await revise(RevisePolicy(version=1, effective_from=first_day, document=document), tx=tx)
            return
        holding = await store.in_force_from(tx, tx.today)
        completion = decide_completion(holding, seed=document, latest=latest.version, today=tx.today)
        for version in completion.versions:
            await _put_in_force(tx, version)
    if completion.left_out:
        log.warning("policy_not_completed", sections=sorted(completion.left_out))


async def _put_in_force(tx: Tx, policy: PolicyVersion) -> None:
    revised_by = tx.actor or SEEDED_BY
    await store.add(tx, policy, revised_by=revised_by)
    await tx.publish(
        PolicyRevised(
            version=policy.version,
            effective_from=policy.effective_from,
            revised_by=revised_by,
            document=policy.document,
        ),
        version=policy.version,
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
