"""Entry passes: issued once, printed again with a new serial (R2.4, R2.7, P5)."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.registry.domain.errors import PersonUnknown
from services.registry.domain.pass_life import PrintReason, decide_print
from services.registry.domain.passes import NUMBER_DIGITS, Holder, Validity, decide_issue, pass_number
from services.registry.domain.temporary_passes import Terms, decide_temporary
from services.registry.handlers import pass_keys, pass_life, policy
from services.registry.store import merges as merge_store
from services.registry.store import passes as store
from services.registry.store import people as people_store
from services.registry.store import returnees as returnee_store
from services.registry.store.passes import EntryPass
from shared.db.pool import Conn, Tx
from shared.events.registry.passes import EntryPassIssued
from shared.kernel import pass_token
from shared.kernel.identities import sought_numbers
from shared.kernel.ids import CompoundId, PersonRef, uuid7
from shared.kernel.pass_token import PassClaims
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

TOKEN, ASKED = "pass_token", "pass_asked"
"""Names of a sealed field and of a keyed index, part of what is stored: never renamed."""
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


async def issue(cmd: IssueEntryPass, *, tx: Tx, vault: Vault) -> Issued:
    """Issue one pass per person and compound; asked twice, also at the same moment, answered once (R2.7, P5).

    Raises:
        PersonUnknown: nobody has this reference.
        SameIdOtherContent: the id was used for another person or compound.
        NotAResident, PassNotYet, PassSuspended: see `decide_issue`.
        PolicyUnknown: no policy is in force today.
    """
    roots = await merge_store.roots_of(tx, [cmd.person_ref])
    cmd = replace(cmd, person_ref=roots[cmd.person_ref])
    if not await returnee_store.lock_person(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    if (
        again := await _answered(tx, cmd.request_id, (cmd.person_ref, cmd.compound, None), vault)
    ) is not None:
        return again
    held = [one for one in await store.passes_for_update(tx, cmd.person_ref) if one.compound == cmd.compound]
    active = next((one for one in held if one.held.admits_at(tx.now)), None)
    if active is not None and active.kind == "resident":
        await store.add_request(tx, cmd.request_id, active)
        return await _again(active, vault)
    rules = await policy.in_force(tx, tx.today)
    validity = decide_issue(
        await _holder(tx, cmd.person_ref, cmd.compound, held),
        rules.document.passes,
        now=tx.now.replace(microsecond=0),
        today=tx.today,
    )
    for old in held:
        await pass_life.stop(tx, old, "replaced")
    issued = await _add(tx, cmd, validity, rules.version, vault)
    await store.add_request(tx, cmd.request_id, issued.entry_pass)
    return issued


async def _holder(tx: Tx, person_ref: UUID, compound: str, held: Sequence[EntryPass]) -> Holder:
    known = await pass_life.holder_of(tx, person_ref)
    return replace(
        known,
        resident=await store.lives_in(tx, person_ref, compound),
        held_back=next((one.held_back for one in held if one.held_back and tx.now < one.validity.ends), None),
    )


async def print_again(
    pass_id: UUID, request_id: UUID, reason: PrintReason, *, tx: Tx, vault: Vault
) -> Issued:
    """Give a lost or damaged pass its next serial; every copy before it dies. Asked twice, printed once (R2.4).

    Raises:
        PassUnknown, PassRevokedAlready, PassExpired, PassSuspended: see `decide_print`.
        SameIdOtherContent: the id was used for another request.
    """
    one = await pass_life.locked(tx, pass_id)
    asked = f"print {reason} {pass_id}"
    if (again := await _answered(tx, request_id, (one.person_ref, one.compound, asked), vault)) is not None:
        return again
    decide_print(one.held, now=tx.now)
    printed = replace(one, serial=one.serial + 1)
    private = await pass_keys.signing_key(tx, vault)
    token = pass_token.sign(claims_of(printed), private)
    sealed = vault.seal(await vault.key(one.person_ref, create=True), TOKEN, token)
    version = await store.print_again(tx, one, sealed, reason, key_id=private["kid"])
    await store.add_request(tx, request_id, one, asked)
    await _tell_issued(tx, printed, version)
    return Issued(entry_pass=await pass_life.existing(tx, pass_id), token=token, new=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueTemporaryPass:
    """Somebody needs to come in for a while. `request_id` is made by the client; `content` is the whole request."""

    request_id: UUID
    person_ref: UUID
    compound: str
    terms: Terms
    reason: str
    roles: tuple[str, ...]
    content: str


async def issue_temporary(cmd: IssueTemporaryPass, *, tx: Tx, vault: Vault) -> Issued:
    """Issue a pass for a purpose, some days and hours of the day, with the reason kept sealed (gate rules).

    Raises:
        PersonUnknown, SameIdOtherContent: as in `issue`.
        PassActiveAlready: the person has a pass of this compound that admits.
        TemporaryPassesUnruled, TemporaryPassNotAllowed, PurposeNotYours, PassNotYet, PassSuspended: see
            `decide_temporary`.
    """
    if not await returnee_store.lock_person(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    asked = vault.index(ASKED, cmd.content).hex()
    if (
        again := await _answered(tx, cmd.request_id, (cmd.person_ref, cmd.compound, asked), vault)
    ) is not None:
        return again
    held = [one for one in await store.passes_for_update(tx, cmd.person_ref) if one.compound == cmd.compound]
    if any(one.held.admits_at(tx.now) for one in held):
        raise store.REJECTIONS["entry_pass_one_active"]
    rules = await policy.in_force(tx, tx.today)
    validity = decide_temporary(
        cmd.terms,
        await _holder(tx, cmd.person_ref, cmd.compound, held),
        rules.document.temporary_passes,
        roles=cmd.roles,
        now=tx.now.replace(microsecond=0),
        today=tx.today,
    )
    for old in held:
        await pass_life.stop(tx, old, "replaced")
    issued = await _add(tx, cmd, validity, rules.version, vault)
    await store.add_request(tx, cmd.request_id, issued.entry_pass, asked)
    return issued


async def _answered(
    tx: Tx, request_id: UUID, asked: tuple[UUID, str, str | None], vault: Vault
) -> Issued | None:
    """The first answer to a request that was made before: the same person, compound and content; None for a new one."""
    known = await store.request(tx, request_id)
    if known is None:
        return None
    if (known["person_ref"], known["compound_id"], known["asked"]) != asked:
        raise SameIdOtherContent(
            "该编号已用于另一次办证。This id was used for another request.", field="request_id"
        )
    return await _again(await pass_life.existing(tx, known["pass_id"]), vault)


async def _add(
    tx: Tx, cmd: IssueEntryPass | IssueTemporaryPass, validity: Validity, policy_version: int, vault: Vault
) -> Issued:
    temporary = cmd if isinstance(cmd, IssueTemporaryPass) else None
    terms = temporary.terms if temporary else None
    given = EntryPass(
        pass_id=uuid7(),
        number=await free_number(tx, store.number_taken),
        serial=1,
        person_ref=cmd.person_ref,
        compound=cmd.compound,
        kind="temporary" if terms else "resident",
        state="active",
        reason=None,
        validity=validity,
        policy_version=policy_version,
        token_sealed=b"",
        changed_at=tx.now,
        version=1,
        purpose=terms.purpose if terms else None,
        daily_from=terms.daily_from if terms else None,
        daily_until=terms.daily_until if terms else None,
    )
    private = await pass_keys.signing_key(tx, vault)
    token = pass_token.sign(claims_of(given), private)
    key = await vault.key(cmd.person_ref, create=True)
    given = replace(given, token_sealed=vault.seal(key, TOKEN, token))
    await store.add_pass(
        tx,
        given,
        key_id=private["kid"],
        role=",".join(temporary.roles) if temporary else None,
        note=vault.seal(key, pass_life.NOTE, temporary.reason) if temporary else None,
    )
    await _tell_issued(tx, given, given.version)
    return Issued(entry_pass=given, token=token, new=True)


def claims_of(one: EntryPass) -> PassClaims:
    """What a pass's token says."""
    return PassClaims(
        pass_id=one.pass_id,
        serial=one.serial,
        number=one.number,
        compound=one.compound,
        not_before=one.validity.starts,
        expires=one.validity.ends,
    )


async def _tell_issued(tx: Tx, one: EntryPass, version: int) -> None:
    await tx.publish(
        EntryPassIssued(
            pass_id=one.pass_id,
            number=one.number,
            serial=one.serial,
            person_ref=PersonRef(one.person_ref),
            compound=CompoundId(one.compound),
            kind=one.kind,
            valid_from=one.validity.starts,
            valid_until=one.validity.ends,
            policy_version=one.policy_version,
            purpose=one.purpose,
            daily_from=one.daily_from,
            daily_until=one.daily_until,
        ),
        version=version,
    )


async def _again(given: EntryPass, vault: Vault) -> Issued:
    """The first answer: the same pass with the same token."""
    key = await vault.key(given.person_ref)
    return Issued(entry_pass=given, token=vault.open(key, TOKEN, given.token_sealed), new=False)


async def free_number(tx: Tx, taken: Callable[[Conn, str], Awaitable[bool]]) -> str:
    """A number that nobody holds.

    Raises:
        NumbersExhaustedError: they are nearly used up.
    """
    for _ in range(_DRAWS):
        number = pass_number(secrets.randbelow(10**NUMBER_DIGITS))
        if not await taken(tx, number):
            return number
    raise NumbersExhaustedError


async def person_of_document(conn: Conn, number: str, vault: Vault) -> UUID:
    """Whose document this is.

    Args:
        conn: where to look.
        number: the number as somebody reads it off the document.
        vault: makes the lookup values.

    Raises:
        PersonUnknown: nobody's, or more than one person's.
    """
    keys = [key for sought in sought_numbers(number) for key in vault.index_all("document", sought)]
    found = await conn.fetch(people_store.BY_DOCUMENT, keys, 2)
    if len(found) != 1:
        detail = (
            "没有登记该证件。Nobody has this document."
            if not found
            else "该证件登记在多人名下。Several people have it."
        )
        raise PersonUnknown(detail, field="document", remedy="请用人员编号办理。Use the person's reference.")
    ref: UUID = found[0]["person_ref"]
    return ref
