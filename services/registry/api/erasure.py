"""Erasing somebody over HTTP (Data and law)."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from services.registry.api.common import Running, cause
from services.registry.api.people_scope import require_person
from services.registry.domain.erasure import ErasureReason
from services.registry.handlers import erasure as handlers
from services.registry.handlers.erasure import ErasePerson
from shared.http.access import Caller
from shared.http.models import Answer, Body

router = APIRouter(tags=["people"])


class ErasureBody(Body):
    """Why everything personal goes. `erasure_id` is made by the client and makes a repeat harmless."""

    erasure_id: UUID
    reason: ErasureReason


class ErasureAnswer(Answer):
    """The pseudonyms that nobody can be found by any more, and since when."""

    erasure_id: UUID
    people: list[UUID]
    erased_at: datetime


@router.post("/v1/people/{person_ref}/erasure", summary="Erase a person", status_code=201)
async def erase_person(
    person_ref: UUID, body: ErasureBody, who: Caller, context: Running, response: Response
) -> ErasureAnswer:
    """Destroy the person's key and every lookup value, in every service. It cannot be undone; figures stay.

    Refused while a dwelling, a pass or a case is open, and while the policy keeps what belongs to a release. The same
    erasure again changes nothing (200).
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        cmd = ErasePerson(erasure_id=body.erasure_id, person_ref=person_ref, reason=body.reason)
        done = await handlers.erase(cmd, tx=tx, vault=context.vault)
    response.status_code = 201 if done.new else 200
    return ErasureAnswer(erasure_id=body.erasure_id, people=list(done.people), erased_at=done.erased_at)
