"""What waits for a second person, over HTTP: the same routes in every service that has such acts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from pydantic import StringConstraints

from shared.context import Context
from shared.http.access import AccessTable, Caller, Principal, Role
from shared.http.models import Answer, Body
from shared.http.problem import refusing
from shared.second_person import requests
from shared.second_person.requests import Acts, OwnRequest, RequestDecided, RequestUnknown

Because = Annotated[str, StringConstraints(min_length=2, max_length=200)]


class SecondPersonBody(Body):
    """Whether it may happen, and why."""

    outcome: Literal["approved", "refused"]
    reason: Because


class SecondPersonRequest(Answer):
    """An act that waits, or what became of it. `facts` are codes and numbers; `own`: the caller asked for it."""

    request_id: UUID
    act: str
    facts: dict[str, Any]
    reason: str
    asked_by: str
    asked_at: datetime
    lapses_at: datetime
    outcome: Literal["approved", "refused", "lapsed", "withdrawn"] | None
    decided_by: str | None
    decided_because: str | None
    decided_at: datetime | None
    own: bool


class SecondPersonRequests(Answer):
    """What waits for the caller's roles."""

    items: list[SecondPersonRequest]


def access_of(deciders: frozenset[Role]) -> AccessTable:
    """The cells of these routes in a service where these roles decide."""
    return dict.fromkeys(("GET /v1/second-person", "POST /v1/second-person/{request_id}/decision"), deciders)


def router_of(acts: Acts) -> APIRouter:
    """The routes of a service with these acts."""
    router = APIRouter(tags=["second person"])

    @router.get("/v1/second-person", summary="Acts that wait for a second person")
    async def waiting(request: Request, who: Caller) -> SecondPersonRequests:
        """Tell what waits for somebody with the caller's roles; what lapses first comes first."""
        return SecondPersonRequests(items=await waiting_for(request.app.state.context, acts, who))

    @router.post(
        "/v1/second-person/{request_id}/decision",
        summary="Let an act happen, or refuse it",
        responses=refusing(RequestUnknown, OwnRequest, RequestDecided),
    )
    async def decide(
        request_id: UUID, body: SecondPersonBody, request: Request, who: Caller
    ) -> SecondPersonRequest:
        """Decide about what somebody else asked for; whoever asked is refused. Both are in the log of reads."""
        return await decided(request.app.state.context, acts, request_id, body, who)

    return router


async def waiting_for(context: Context, acts: Acts, who: Principal) -> list[SecondPersonRequest]:
    """What waits for somebody of the whole town."""
    who.require_town()
    async with context.database.read() as conn:
        found = await requests.waiting(conn, acts, who, context.clock.now())
    return [await _told(row, who, context) for row in found]


async def decided(
    context: Context, acts: Acts, request_id: UUID, body: SecondPersonBody, who: Principal
) -> SecondPersonRequest:
    """A decision, for somebody of the whole town."""
    who.require_town()
    async with context.database.begin(actor=who.subject) as tx:
        row = await requests.decide(
            tx, acts, request_id, body.outcome, body.reason, who=who, vault=context.vault
        )
    return await _told(row, who, context)


async def _told(row: asyncpg.Record, who: Principal, context: Context) -> SecondPersonRequest:
    reason, because = await requests.reasons(row, context.vault)
    plain = {name: row[name] for name in SecondPersonRequest.model_fields if name in row.keys()}  # noqa: SIM118 -- a record's `in` looks at values
    own = row["asked_by"] == who.subject
    return SecondPersonRequest(**plain, reason=reason, decided_because=because, own=own)
