"""The end of the measures over HTTP: count, ask, withdraw, look, and the certificate (Data and law, 0063)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter
from pydantic import Field, StringConstraints

from services.registry.api.common import Running, cause, roles_of
from services.registry.domain.closing import (
    SERVICES,
    ClosingBegun,
    ClosingDropped,
    ClosingGoesOn,
    ClosingNotCounted,
    ClosingUnknown,
    NoCertificate,
    NotYourClosing,
    State,
    Told,
)
from services.registry.handlers import closing as handlers
from services.registry.store import closing as store
from services.registry.store import pass_keys as key_store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.problem import refusing

router = APIRouter(tags=["closing"])


class ClosingBody(Body):
    """Count what there is. `closing_id` is made by the client and makes a repeat harmless."""

    closing_id: UUID


class ClosingRequestBody(Body):
    """Why the town is closed down now; kept sealed until that goes as well."""

    reason: Annotated[str, StringConstraints(min_length=2, max_length=200)] = Field(examples=["响应终止"])


class ServiceClosing(Answer):
    """A service's part. `found`: data keys, sessions, and by table the rows with something sealed."""

    service: str
    counted_at: datetime | None
    destroyed_at: datetime | None
    found: dict[str, int]
    keys_left: int | None


class TownClosing(Answer):
    """How far the closing is. `own`: the caller can withdraw it."""

    closing_id: UUID
    state: State
    dropped: Literal["refused", "lapsed", "withdrawn"] | None
    own: bool
    begun_at: datetime
    asked_at: datetime | None
    approved_at: datetime | None
    certified_at: datetime | None
    services: Annotated[list[ServiceClosing], Field(max_length=len(SERVICES))]


class ClosingStatus(Answer):
    """The closing that matters now; none: nobody has begun one."""

    closing: TownClosing | None


class CertificateAnswer(Answer):
    """The signed certificate (JWS, ES256), and the public key that it was signed with."""

    certificate: str
    key_id: str
    jwk: dict[str, str]


@router.get("/v1/closing", summary="How far closing down is")
async def read_closing(who: Caller, context: Running) -> ClosingStatus:
    """Tell what was asked, what each service counted, and what is destroyed."""
    who.require_town()
    async with context.database.read() as conn:
        return await status(conn, who)


@router.post("/v1/closing", summary="Count what closing down would destroy", responses=refusing(ClosingBegun))
async def begin_closing(body: ClosingBody, who: Caller, context: Running) -> ClosingStatus:
    """Let every service count. Nothing is changed; ask for the closing itself when all have told."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.begin(body.closing_id, tx=tx)
        return await status(tx, who)


@router.post(
    "/v1/closing/{closing_id}/request",
    summary="Ask for the town to be closed down",
    responses=refusing(ClosingUnknown, ClosingNotCounted, ClosingDropped),
)
async def ask_closing(
    closing_id: UUID, body: ClosingRequestBody, who: Caller, context: Running
) -> ClosingStatus:
    """Let it wait for a second person (`/v1/second-person`), who destroys everything personal for good."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.ask(closing_id, body.reason, role=roles_of(who), tx=tx, vault=context.vault)
        return await status(tx, who)


@router.post(
    "/v1/closing/{closing_id}/withdrawal",
    summary="Take a closing back",
    responses=refusing(ClosingUnknown, ClosingGoesOn, NotYourClosing),
)
async def withdraw_closing(closing_id: UUID, who: Caller, context: Running) -> ClosingStatus:
    """Take it back before a second person approved; whoever asked may, and nobody else."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.withdraw(closing_id, role=roles_of(who), tx=tx)
        return await status(tx, who)


@router.get(
    "/v1/closing/certificate", summary="The certificate of destruction", responses=refusing(NoCertificate)
)
async def read_certificate(who: Caller, context: Running) -> CertificateAnswer:
    """Give what proves that everything personal is destroyed; `./fangkong closing --verify` checks it."""
    who.require_town()
    return await certificate(context)


async def certificate(context: Context) -> CertificateAnswer:
    """The certificate and its key.

    Raises:
        NoCertificate: there is none (yet).
    """
    async with context.database.read() as conn:
        found = await store.latest(conn)
        keys = await key_store.every(conn)
    current = [key for key in keys if key["replaced_at"] is None]
    if found is None or found["certificate"] is None or not current:
        raise NoCertificate("还没有销毁证书。There is no certificate yet.")
    return CertificateAnswer(
        certificate=found["certificate"], key_id=current[0]["key_id"], jwk=current[0]["public_jwk"]
    )


async def status(conn: Conn, who: Principal) -> ClosingStatus:
    """The closing that matters now, as the caller sees it."""
    found = await store.latest(conn)
    if found is None:
        return ClosingStatus(closing=None)
    closing_id = found["closing_id"]
    counted = await store.answers(conn, closing_id, "counted")
    destroyed = await store.answers(conn, closing_id, "destroyed")
    request = await store.request(conn, closing_id)
    plain: dict[str, Any] = {
        name: found[name] for name in ("dropped", "begun_at", "asked_at", "approved_at", "certified_at")
    }
    state = _state(found, counted)
    asker = request["asked_by"] if request else found["begun_by"]
    told = TownClosing(
        closing_id=closing_id,
        state=state,
        own=asker == who.subject and state in {"counting", "counted", "asked"},
        services=[_part(service, counted, destroyed) for service in SERVICES],
        **plain,
    )
    return ClosingStatus(closing=told)


def _part(service: str, counted: Mapping[str, Told], destroyed: Mapping[str, Told]) -> ServiceClosing:
    before, after = counted.get(service), destroyed.get(service)
    told = after or before
    return ServiceClosing(
        service=service,
        counted_at=before.at if before else None,
        destroyed_at=after.at if after else None,
        found=dict(told.found) if told else {},
        keys_left=after.keys_left if after else None,
    )


def _state(found: asyncpg.Record, counted: Mapping[str, Told]) -> State:
    if found["dropped_at"] is not None:
        return "dropped"
    if found["certified_at"] is not None:
        return "certified"
    if found["approved_at"] is not None:
        return "approved"
    if found["asked_at"] is not None:
        return "asked"
    return "counted" if len(counted) == len(SERVICES) else "counting"
