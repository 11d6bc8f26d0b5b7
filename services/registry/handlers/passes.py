"""Entry passes: issued once, stopped at once (R2.4, R2.7, P5)."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.registry import metrics
from services.registry.domain.errors import PassUnknown, PersonUnknown
from services.registry.domain.passes import (
    NUMBER_DIGITS,
    Holder,
    Suspension,
    SuspensionReason,
    Validity,
    decide_issue,
    pass_number,
)
from services.registry.handlers import policy
from services.registry.store import passes as store
from services.registry.store import people as people_store
from services.registry.store import returnees as returnee_store
from services.registry.store.passes import EntryPass
from shared.db.pool import Conn, Database, Tx
from shared.events.registry.passes import EntryPassIssued, EntryPassRevoked, EntryPassSuspended
from shared.events.registry.rules import PassKeyAnnounced
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId, PersonRef, uuid7
from shared.kernel.pass_token import PassClaims
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

RevocationReason = Literal["lost", "moved_away", "deceased", "misused", "issued_in_error", "settled", "other"]

TOKEN, SIGNING = "pass_token", "pass_signing_key"
_DRAWS = 50
"""Numbers drawn before giving up; with 200,000 of 10,000,000 taken two draws are rare."""


class NumbersExhaustedError(Exception):
    """No free pass number was found; the numbers are nearly used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueEntryPass:
    """A clerk has checked the papers and asks for a pass. `request_id` is made by the client."""

    request_id: UUID
    person_ref: UUID
    compound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A pass with its token; `new` is False when it was there before."""

    entry_pass: EntryPass
    token: str
    new: bool


async def ensure_key(database: Database, vault: Vault) -> None:
    """At the very first start: make the key that signs passes and announce its public part. Done once."""
    async with database.begin(actor=policy.SEEDED_BY) as tx:
        await store.lock_keys(tx)
        if await store.signing_key(tx) is not None:
            return
        private, key_ref = pass_token.make_key(), uuid7()
        public = pass_token.public_part(private)
        sealing = await vault.key(key_ref, create=True)
        await store.add_key(
            tx,
            key_id=private["kid"],
            key_ref=key_ref,
            public_jwk=public,
            private_sealed=vault.seal(sealing, SIGNING, json.dumps(private)),
        )
        await tx.publish(PassKeyAnnounced(key_id=private["kid"], jwk=public, valid_from=tx.now), version=1)


async def issue(cmd: IssueEntryPass, *, tx: Tx, vault: Vault) -> Issued:
    """Issue one pass per person and compound; asked twice, also at the same moment, answered once (R2.7, P5).

    Raises:
        PersonUnknown: nobody has this reference.
        SameIdOtherContent: the id was used for another person or compound.
        NotAResident, PassNotYet, PassSuspended: see `decide_issue`.
        PolicyUnknown: no policy is in force today.
    """
    if not await returnee_store.lock_person(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    if (asked := await store.request(tx, cmd.request_id)) is not None:
        if (asked["person_ref"], asked["compound_id"]) != (cmd.person_ref, cmd.compound):
            raise SameIdOtherContent(
                "该编号已用于另一次办证。This id was used for another request.", field="request_id"
            )
        return await _again(await existing(tx, asked["pass_id"]), vault)
    everywhere = await store.passes_for_update(tx, cmd.person_ref)
    held = [one for one in everywhere if one.compound == cmd.compound]
    active = next((one for one in held if one.state == "active" and tx.now < one.validity.ends), None)
    if active is not None:
        await store.add_request(tx, cmd.request_id, active)
        return await _again(active, vault)
    rules = await policy.in_force(tx, tx.today)
    validity = decide_issue(
        await _holder(tx, cmd, everywhere),
        rules.document.passes,
        now=tx.now.replace(microsecond=0),
        today=tx.today,
    )
    for old in held:
        await _revoke(tx, old, "replaced")
    issued = await _add(tx, cmd, validity, rules.version, vault)
    await store.add_request(tx, cmd.request_id, issued.entry_pass)
    return issued


async def _holder(tx: Tx, cmd: IssueEntryPass, everywhere: Sequence[EntryPass]) -> Holder:
    return Holder(
        resident=await store.lives_in(tx, cmd.person_ref, cmd.compound),
        observations=[seen.known for seen in await returnee_store.observations_of(tx, cmd.person_ref)],
        suspensions=[
            Suspension(reason=one.reason or "", since=one.changed_at)
            for one in everywhere
            if one.state == "suspended"
        ],
    )


async def _add(tx: Tx, cmd: IssueEntryPass, validity: Validity, policy_version: int, vault: Vault) -> Issued:
    pass_id, number = uuid7(), await _free_number(tx)
    claims = PassClaims(
        pass_id=pass_id,
        serial=1,
        number=number,
        compound=cmd.compound,
        not_before=validity.starts,
        expires=validity.ends,
    )
    token = pass_token.sign(claims, await _signing_key(tx, vault))
    key = await vault.key(cmd.person_ref, create=True)
    given = EntryPass(
        pass_id=pass_id,
        number=number,
        serial=claims.serial,
        person_ref=cmd.person_ref,
        compound=cmd.compound,
        kind="resident",
        state="active",
        reason=None,
        validity=validity,
        policy_version=policy_version,
        token_sealed=vault.seal(key, TOKEN, token),
        changed_at=tx.now,
        version=1,
    )
    await store.add_pass(tx, given)
    await tx.publish(
        EntryPassIssued(
            pass_id=pass_id,
            number=number,
            serial=claims.serial,
            person_ref=PersonRef(cmd.person_ref),
            compound=CompoundId(cmd.compound),
            kind="resident",
            valid_from=validity.starts,
            valid_until=validity.ends,
            policy_version=policy_version,
        ),
        version=given.version,
    )
    return Issued(entry_pass=given, token=token, new=True)


async def _again(given: EntryPass, vault: Vault) -> Issued:
    """The first answer: the same pass with the same token."""
    key = await vault.key(given.person_ref)
    return Issued(entry_pass=given, token=vault.open(key, TOKEN, given.token_sealed), new=False)


async def _free_number(tx: Tx) -> str:
    for _ in range(_DRAWS):
        number = pass_number(secrets.randbelow(10**NUMBER_DIGITS))
        if not await store.number_taken(tx, number):
            return number
    raise NumbersExhaustedError


async def _signing_key(conn: Conn, vault: Vault) -> dict[str, str]:
    row = await store.signing_key(conn)
    if row is None:
        raise LookupError("no key signs passes: the service was not prepared")
    opened = vault.open(await vault.key(row["key_ref"]), SIGNING, row["private_sealed"])
    private: dict[str, str] = json.loads(opened)
    return private


async def revoke(pass_id: UUID, reason: RevocationReason, *, tx: Tx) -> tuple[EntryPass, bool]:
    """Make a pass void for good; a second time changes nothing. Returns it and whether this changed it.

    Raises:
        PassUnknown: there is no such pass.
    """
    known = await existing(tx, pass_id)
    await returnee_store.lock_person(tx, known.person_ref)
    held = {one.pass_id: one for one in await store.passes_for_update(tx, known.person_ref)}
    if pass_id not in held:
        return await existing(tx, pass_id), False
    await _revoke(tx, held[pass_id], reason)
    return await existing(tx, pass_id), True


async def _revoke(tx: Tx, one: EntryPass, reason: str) -> None:
    version = await store.change(tx, one.pass_id, "revoked", reason)
    await tx.publish(
        EntryPassRevoked(
            pass_id=one.pass_id,
            person_ref=PersonRef(one.person_ref),
            compound=CompoundId(one.compound),
            reason=reason,
        ),
        version=version,
    )


async def suspend_all(tx: Tx, person_ref: UUID, reason: SuspensionReason) -> int:
    """Suspend every active pass of a person, in whatever compound; returns how many.

    One that is suspended already keeps its reason. The person's row is held first, so that no pass is issued
    beside this.
    """
    await returnee_store.lock_person(tx, person_ref)
    suspended = 0
    for one in await store.passes_for_update(tx, person_ref):
        if one.state != "active":
            continue
        version = await store.change(tx, one.pass_id, "suspended", reason)
        await tx.publish(
            EntryPassSuspended(
                pass_id=one.pass_id,
                person_ref=PersonRef(person_ref),
                compound=CompoundId(one.compound),
                reason=reason,
            ),
            version=version,
        )
        suspended += 1
    metrics.PASSES_STOPPED.labels(reason).inc(suspended)
    return suspended


async def person_of_document(conn: Conn, number: str, vault: Vault) -> UUID:
    """Whose document this is.

    Args:
        conn: where to look.
        number: the number in its one spelling.
        vault: makes the lookup values.

    Raises:
        PersonUnknown: nobody's, or more than one person's.
    """
    found = await conn.fetch(people_store.BY_DOCUMENT, vault.index_all("document", number), 2)
    if len(found) != 1:
        detail = (
            "没有登记该证件。Nobody has this document."
            if not found
            else "该证件登记在多人名下。Several people have it."
        )
        raise PersonUnknown(detail, field="document", remedy="请用人员编号办理。Use the person's reference.")
    ref: UUID = found[0]["person_ref"]
    return ref


async def existing(conn: Conn, pass_id: UUID) -> EntryPass:
    """A pass by its id.

    Raises:
        PassUnknown: there is no such pass.
    """
    found = await store.entry_pass(conn, pass_id)
    if found is None:
        raise PassUnknown("没有这个出入证。There is no such pass.")
    return found
