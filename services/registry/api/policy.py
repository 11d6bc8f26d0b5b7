"""Policy versions over HTTP (R1.2)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Path, Response
from pydantic import ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from services.registry.api.common import Day, Number, Running, cause
from services.registry.domain.errors import VersionUnknown
from services.registry.handlers import policy as handlers
from services.registry.handlers.policy import RevisePolicy
from services.registry.store import policy as store
from shared.events.policy import PolicyDocument
from shared.http.access import Caller
from shared.http.models import Answer, Body

router = APIRouter(tags=["policy"])


def _unknown_fields(given: object, kept: object, at: str = "") -> Iterator[str]:
    """Fields that the document's readers would silently leave out."""
    if isinstance(given, Mapping) and isinstance(kept, Mapping):
        for name, value in given.items():
            if name not in kept:
                yield f"{at}{name}"
            else:
                yield from _unknown_fields(value, kept[name], f"{at}{name}.")
    elif isinstance(given, list) and isinstance(kept, list):
        for number, (value, twin) in enumerate(zip(given, kept, strict=False)):
            yield from _unknown_fields(value, twin, f"{at}{number}.")


def _no_unknown_fields(given: Any, handler: ValidatorFunctionWrapHandler) -> PolicyDocument:
    document: PolicyDocument = handler(given)
    if unknown := sorted(_unknown_fields(given, document.model_dump(mode="json"))):
        raise PydanticCustomError("extra_forbidden", "unknown fields: {names}", {"names": ", ".join(unknown)})
    return document


class PolicyBody(Body):
    """A policy to put in force. `version` is the one after the newest, so two authors never overwrite each other."""

    version: Number
    effective_from: Day
    document: Annotated[PolicyDocument, WrapValidator(_no_unknown_fields)]


class PolicyAnswer(Answer):
    """A policy version. Nothing in it is personal."""

    version: int
    effective_from: date
    revised_by: str
    revised_at: datetime
    document: PolicyDocument


@router.post("/v1/policies", summary="Put a policy version in force", status_code=201)
async def revise_policy(body: PolicyBody, who: Caller, context: Running, response: Response) -> PolicyAnswer:
    """Accept the next version and tell every service. Sent twice it is one (200); other content is 422."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        cmd = RevisePolicy(version=body.version, effective_from=body.effective_from, document=body.document)
        _, new = await handlers.revise(cmd, tx=tx)
        row = await store.by_version(tx, body.version)
    response.status_code = 201 if new else 200
    return _answer(row)


@router.get("/v1/policies/current", summary="The policy in force today")
async def current_policy(_who: Caller, context: Running) -> PolicyAnswer:
    """Tell the version of the business day; 503 while none is in force."""
    async with context.database.read() as conn:
        found = await handlers.in_force(conn, context.clock.today())
        row = await store.by_version(conn, found.version)
    return _answer(row)


@router.get("/v1/policies/{version}", summary="A policy version")
async def read_policy(version: Annotated[Number, Path()], _who: Caller, context: Running) -> PolicyAnswer:
    """Tell a version, whenever it was or will be in force."""
    async with context.database.read() as conn:
        row = await store.by_version(conn, version)
    return _answer(row)


def _answer(row: asyncpg.Record | None) -> PolicyAnswer:
    if row is None:
        raise VersionUnknown("没有这个版本。There is no such version.", field="version")
    return PolicyAnswer(
        version=row["version"],
        effective_from=row["effective_from"],
        revised_by=row["revised_by"],
        revised_at=row["revised_at"],
        document=PolicyDocument.model_validate(row["document"]),
    )
