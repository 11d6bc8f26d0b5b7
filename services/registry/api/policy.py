"""Policy versions over HTTP (R1.2)."""

from datetime import date, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Path, Response
from pydantic import Field, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from services.registry.api.common import Day, Number, Running, cause
from services.registry.api.versions import Since, VersionLine, compared_with, held
from services.registry.domain.errors import VersionUnknown
from services.registry.domain.policy import MUST_CODE, PolicyVersion
from services.registry.domain.policy_drafts import MUSTS_OF_THE_PLAN, unknown_fields
from services.registry.domain.versions import Difference, tenures_by_day
from services.registry.handlers import policy as handlers
from services.registry.handlers.policy import RevisePolicy
from services.registry.store import policy as store
from shared.events.policy import PolicyDocument
from shared.http.access import Caller
from shared.http.models import Answer, Body

router = APIRouter(tags=["policy"])


def _no_unknown_fields(given: Any, handler: ValidatorFunctionWrapHandler) -> PolicyDocument:
    document: PolicyDocument = handler(given)
    if unknown := sorted(unknown_fields(given, document.model_dump(mode="json"))):
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


class PolicyLine(VersionLine):
    """A version without its document; one is `replaced` when another was put in force from the same day."""

    version: int
    revised_by: str
    revised_at: datetime
    text_reference: str


class ChangeAnswer(Answer):
    """A field that one version says otherwise than another; null where it says nothing."""

    field: str
    old: Any
    new: Any


class ChangesAnswer(Answer):
    """What lies between two versions."""

    since: int
    version: int
    changes: list[ChangeAnswer]


class DraftBody(Body):
    """A document to look at. It need not be right, nor even readable: that is what is asked."""

    effective_from: Day
    document: dict[str, Any]


class FaultAnswer(Answer):
    """What is wrong, and where."""

    field: str
    fault: str


class DraftAnswer(Answer):
    """Whether the document could be put in force as this version; every fault; what it would change on that day."""

    version: int
    acceptable: bool
    in_force_until: date | None = Field(
        description="The last day before a version that is planned takes over; null: until another follows."
    )
    faults: list[FaultAnswer]
    changes: list[ChangeAnswer]


MustCode = Annotated[str, StringConstraints(pattern=f"^{MUST_CODE}$")]


class MustAnswer(Answer):
    """A must. `text` is known, and the gates check it, where the plan itself states it."""

    code: str
    text: str | None
    checked_at_gates: bool


class MustsAnswer(Answer):
    """The musts of a policy version."""

    version: int
    effective_from: date
    musts: list[MustAnswer]


class MustsBody(Body):
    """Another list of musts. `version` is the one after the newest: all else stays as it holds on that day."""

    version: Number
    effective_from: Day
    musts: Annotated[tuple[MustCode, ...], Field(max_length=50)]


@router.get("/v1/policies", summary="The policy versions")
async def list_policies(_who: Caller, context: Running) -> list[PolicyLine]:
    """List all versions, the newest first: which is in force, which are planned and from when."""
    async with context.database.read() as conn:
        rows = await store.lines(conn)
    tenures = tenures_by_day((row["version"], row["effective_from"]) for row in rows)
    today = context.clock.today()
    return [
        PolicyLine(
            version=row["version"],
            effective_from=row["effective_from"],
            **held(tenures, row["version"], today),
            revised_by=row["revised_by"],
            revised_at=row["revised_at"],
            text_reference=row["text_reference"],
        )
        for row in rows
    ]


@router.post("/v1/policies/drafts", summary="Check a policy before it is put in force")
async def check_policy(body: DraftBody, _who: Caller, context: Running) -> DraftAnswer:
    """Say everything that would be refused, with its field, and what would change. Nothing is put in force."""
    async with context.database.read() as conn:
        draft = await handlers.check(
            body.document, effective_from=body.effective_from, conn=conn, today=context.clock.today()
        )
    return DraftAnswer(
        version=draft.version,
        acceptable=not draft.faults,
        in_force_until=draft.until,
        faults=[FaultAnswer(field=field, fault=fault) for field, fault in draft.faults],
        changes=[_change(change) for change in draft.changes],
    )


@router.get("/v1/musts", summary="The musts in force today")
async def read_musts(_who: Caller, context: Running) -> MustsAnswer:
    """Tell the list of musts (十个一律). It begins with exactly those that the plan states (R2.6)."""
    async with context.database.read() as conn:
        return _musts(await handlers.in_force(conn, context.clock.today()))


@router.post("/v1/musts", summary="Put another list of musts in force", status_code=201)
async def revise_musts(body: MustsBody, who: Caller, context: Running, response: Response) -> MustsAnswer:
    """Make the next policy version, which differs in its musts only. Sent twice it is one (200)."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        version, new = await handlers.revise_musts(
            body.musts, version=body.version, effective_from=body.effective_from, tx=tx
        )
    response.status_code = 201 if new else 200
    return _musts(version)


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


@router.get("/v1/policies/{version}/changes", summary="What a version changed")
async def read_changes(
    version: Annotated[Number, Path()],
    _who: Caller,
    context: Running,
    since: Since = None,
) -> ChangesAnswer:
    """Tell field by field what a version says otherwise than another."""
    before = compared_with(version, since)
    async with context.database.read() as conn:
        found = await handlers.changes(conn, since=before, to=version)
    return ChangesAnswer(since=before, version=version, changes=[_change(change) for change in found])


def _change(change: Difference) -> ChangeAnswer:
    return ChangeAnswer(field=change.field, old=change.old, new=change.new)


def _musts(policy: PolicyVersion) -> MustsAnswer:
    texts = {must.code: must.text for must in MUSTS_OF_THE_PLAN}
    return MustsAnswer(
        version=policy.version,
        effective_from=policy.effective_from,
        musts=[
            MustAnswer(code=code, text=texts.get(code), checked_at_gates=code in texts)
            for code in policy.document.gate.musts
        ],
    )


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
