"""The end of the measures: counted, asked for, approved by a second person, destroyed everywhere, certified (0063)."""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import asyncpg

from services.registry.domain.closing import (
    ClosingBegun,
    ClosingDropped,
    ClosingGoesOn,
    ClosingUnknown,
    NotYourClosing,
    Signature,
    certificate,
    decide_asking,
    missing,
    pseudonym,
    sign,
)
from services.registry.handlers import pass_keys, policy
from services.registry.store import closing as store
from services.registry.store import pass_keys as key_store
from services.registry.store import survey_links
from shared.bus.reactor import Reactor
from shared.db.erasures import destroy_keys
from shared.db.pool import Conn, Database, Tx
from shared.events.closing import ANSWERS, AnswerEvent, ClosingApproved, ClosingPrepared, TownClosed
from shared.http.access import Role
from shared.http.problem import PolicyUnknown
from shared.kernel.sealed import Vault
from shared.second_person import requests
from shared.second_person.requests import Act, Acts

ACT = "closing"
DECIDERS = frozenset({Role.HQ_OFFICER})
NAME = "registry.certificate"


async def begin(closing_id: UUID, *, tx: Tx) -> bool:
    """Let every service count what there is to destroy. Nothing is changed; the same twice is one (False).

    Raises:
        ClosingBegun: another one is open or done.
    """
    if await store.add(tx, closing_id):
        await tx.publish(ClosingPrepared(closing_id=closing_id, prepared_at=tx.now), version=1)
        return True
    if await store.one(tx, closing_id) is None:
        raise ClosingBegun(
            "已有一次关停在办理。Another closing is under way.",
            remedy="先撤回，或等它办结。Withdraw it first, or see it through.",
        )
    return False


async def ask(closing_id: UUID, reason: str, *, role: str, tx: Tx, vault: Vault) -> None:
    """Let it wait for a second person, with what all services counted; the same twice is one.

    Raises:
        ClosingUnknown, ClosingDropped, ClosingNotCounted, PolicyUnknown: as their names say.
    """
    found = await _held(tx, closing_id)
    if found["asked_at"] is not None:
        return
    facts = decide_asking(await store.answers(tx, closing_id, "counted"))
    rules = (await policy.in_force(tx, tx.today)).document.second_person
    if rules is None:
        raise PolicyUnknown
    within = timedelta(hours=rules.hours)
    await requests.ask(tx, closing_id, ACT, facts=facts, reason=reason, role=role, within=within, vault=vault)
    await store.ask(tx, closing_id)


async def withdraw(closing_id: UUID, *, role: str, tx: Tx) -> None:
    """Take it back before a second person decided; again: the same.

    Raises:
        ClosingUnknown, ClosingGoesOn, NotYourClosing: as their names say.
    """
    found = await store.one(tx, closing_id)
    if found is None:
        raise ClosingUnknown("没有这次关停。There is no such closing.")
    if found["dropped_at"] is not None:
        return
    if found["approved_at"] is not None:
        raise ClosingGoesOn(
            "已经批准，销毁不能撤回。It was approved; what is destroyed cannot be called back."
        )
    request = await store.request(tx, closing_id)
    if tx.actor != (request["asked_by"] if request else found["begun_by"]):
        raise NotYourClosing(
            "只有提出人能撤回。Only who asked takes it back.",
            remedy="可在待第二人审批中不同意。Refuse it where it waits for a second person.",
        )
    if request is not None:
        await requests.withdraw(tx, ACT, closing_id, role=role)
    await store.drop(tx, closing_id, "withdrawn")


async def _held(tx: Tx, closing_id: UUID) -> asyncpg.Record:
    found = await store.one(tx, closing_id)
    if found is None:
        raise ClosingUnknown("没有这次关停。There is no such closing.")
    if found["dropped_at"] is not None:
        raise ClosingDropped(
            "这次关停已撤回或未获批准。It was withdrawn or not approved.",
            remedy="重新清点后再提出。Count again, then ask.",
        )
    return found


async def _approved(tx: Tx, closing_id: UUID) -> None:
    await store.approve(tx, closing_id)
    await tx.publish(ClosingApproved(closing_id=closing_id, approved_at=tx.now), version=2)


async def _dropped(tx: Tx, closing_id: UUID, why: str | None) -> None:
    await store.drop(tx, closing_id, "lapsed" if why is None else "refused")


ACTS: Acts = {ACT: Act(deciders=DECIDERS, approved=_approved, dropped=_dropped)}
"""What needs two people here."""


def answers() -> Reactor:
    """Hears what the services tell, also what the registry tells itself."""
    reactor = Reactor("registry.closing_answers", after_closing=True)

    async def hear(event: AnswerEvent, /, *, tx: Tx) -> None:
        await store.hear(tx, event.service, event)

    for kind in ANSWERS.values():
        reactor.on(kind)(hear)
    return reactor


async def end_links(tx: Tx) -> None:
    """No household opens a form by its link any more."""
    await tx.execute(survey_links.REVOKE_ALL, tx.now)


async def spared(conn: Conn) -> Collection[UUID]:
    """The key that signs passes, until it has signed the certificate."""
    found = await store.latest(conn)
    if found is None or found["approved_at"] is None or found["certified_at"] is not None:
        return ()
    key = await key_store.current_key(conn)
    return () if key is None else (key["key_ref"],)


async def certify(database: Database, *, vault: Vault) -> None:
    """Sign the certificate once all have answered, then destroy the key that signed it. Run twice, it acts once.

    In two transactions: a key that is destroyed before what it signed is kept could not sign again.
    """
    async with database.read() as conn:
        found = await store.latest(conn)
    if found is None or found["approved_at"] is None or found["last_key_destroyed_at"] is not None:
        return
    closing_id = found["closing_id"]
    if found["certified_at"] is None:
        async with database.begin(actor=NAME) as tx:
            await _certify(tx, closing_id, vault)
    async with database.begin(actor=NAME) as tx:
        found = await store.one(tx, closing_id)
        key = await key_store.current_key(tx)
        if found is not None and found["certified_at"] is not None and found["last_key_destroyed_at"] is None:
            await store.last_key_destroyed(tx, closing_id, tx.now)
            await destroy_keys(tx, vault, [key["key_ref"]] if key else [])


async def _certify(tx: Tx, closing_id: UUID, vault: Vault) -> None:
    found = await store.one(tx, closing_id)
    destroyed = await store.answers(tx, closing_id, "destroyed")
    request = await store.request(tx, closing_id)
    if found is None or found["certified_at"] is not None or request is None or missing(destroyed):
        return
    roles = await store.roles(tx, closing_id)
    content = certificate(
        closing_id,
        asked=Signature(
            account=pseudonym(closing_id, request["asked_by"]),
            roles=roles["closing.asked"],
            at=request["asked_at"],
        ),
        approved=Signature(
            account=pseudonym(closing_id, request["decided_by"]),
            roles=roles["closing.approved"],
            at=request["decided_at"],
        ),
        destroyed=destroyed,
        policy_version=(await policy.in_force(tx, tx.today)).version,
        at=tx.now,
    )
    text = sign(content, await pass_keys.signing_key(tx, vault))
    await store.certify(tx, closing_id, text)
    told = TownClosed(
        closing_id=closing_id,
        certificate_sha256=hashlib.sha256(text.encode()).hexdigest(),
        closed_at=tx.now,
    )
    await tx.publish(told, version=3)
