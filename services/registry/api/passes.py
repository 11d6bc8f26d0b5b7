"""Entry passes over HTTP (R2.4, R2.7, P5)."""

from datetime import datetime, time
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints, model_validator

from services.registry import metrics
from services.registry.api.common import Day, Running, cause
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.passes import PassKind, PassState
from services.registry.domain.temporary_passes import Terms
from services.registry.handlers import pass_life
from services.registry.handlers import passes as handlers
from services.registry.handlers.passes import IssueEntryPass, IssueTemporaryPass
from services.registry.store import returnees
from services.registry.store.passes import EntryPass
from shared.context import Context
from shared.db.pool import Conn, Tx
from shared.events.policy_part import LocalTime
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["passes"])


class PassBody(Body):
    """Ask for a pass after checking the papers. Name the person by reference or by document number, not both."""

    request_id: UUID
    person_ref: UUID | None = None
    document: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    compound: CompoundId = Field(examples=["lj-001"])

    @model_validator(mode="after")
    def _one_way_of_naming(self) -> Self:
        if (self.person_ref is None) == (self.document is None):
            raise ValueError("填写人员编号或证件号码（二选一）。Name either person_ref or document.")
        return self


class PassAnswer(Answer):
    """A pass. `number` is what a guard can type; nothing in it names the person."""

    pass_id: UUID
    number: str
    serial: int
    person_ref: UUID
    compound: str
    kind: PassKind
    state: PassState
    reason: str | None
    held_back: str | None = Field(description="Why it was suspended by command; only a command lifts that.")
    valid_from: datetime
    valid_until: datetime
    policy_version: int
    purpose: str | None = None
    daily_from: time | None = None
    daily_until: time | None = None


class IssuedAnswer(PassAnswer):
    """A pass with the text of its QR code."""

    token: str = Field(description="`EP1:` and the signed pass in base45: the text of the QR code.")


class TemporaryPassBody(PassBody):
    """Ask for a temporary pass: what for, from which day, how many days, at which hours of a day, and why."""

    purpose: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(examples=["repair"])
    first_day: Day
    days: Annotated[int, Field(ge=1, le=366)]
    daily_from: LocalTime = Field(examples=["08:00"])
    daily_until: LocalTime = Field(examples=["18:00"])
    reason: Annotated[str, StringConstraints(min_length=2, max_length=500)]


async def require_reach(conn: Conn, compound: str, who: Principal) -> None:
    """The compound exists and a grant of the caller covers it."""
    neighbourhood = await returnees.neighbourhood_of(conn, compound)
    if neighbourhood is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    who.require_compound(CompoundId(compound), neighbourhood=neighbourhood)


@router.post("/v1/passes", summary="Issue an entry pass", status_code=201)
async def issue_pass(body: PassBody, who: Caller, context: Running, response: Response) -> IssuedAnswer:
    """Issue one pass per person and compound, never before the day after the full observation period.

    Asked twice, with the same id or another one, also at the same moment, the answer is the same pass (200).
    `pass_not_yet` names the first possible day where it is known.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, body.compound, who)
        person_ref = await _person(tx, body, context)
        cmd = IssueEntryPass(request_id=body.request_id, person_ref=person_ref, compound=body.compound)
        issued = await handlers.issue(cmd, tx=tx, vault=context.vault)
    if issued.new:
        metrics.PASSES_ISSUED.labels(issued.entry_pass.kind).inc()
    response.status_code = 201 if issued.new else 200
    return IssuedAnswer.model_validate({**pass_fields(issued.entry_pass), "token": issued.token})


async def _person(tx: Tx, body: PassBody, context: Context) -> UUID:
    if body.document is not None:
        return await handlers.person_of_document(tx, body.document, context.vault)
    return body.person_ref or UUID(int=0)  # the body names one of the two


@router.post("/v1/temporary-passes", summary="Issue a temporary pass", status_code=201)
async def issue_temporary_pass(
    body: TemporaryPassBody, who: Caller, context: Running, response: Response
) -> IssuedAnswer:
    """Issue a pass for a purpose that policy names, never to somebody under observation; asked twice, issued once."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, body.compound, who)
        cmd = IssueTemporaryPass(
            request_id=body.request_id,
            person_ref=await _person(tx, body, context),
            compound=body.compound,
            terms=Terms(
                purpose=body.purpose,
                first_day=body.first_day,
                days=body.days,
                daily_from=body.daily_from,
                daily_until=body.daily_until,
            ),
            reason=body.reason,
            roles=tuple(sorted({grant.role for grant in who.grants})),
            content=body.model_dump_json(),
        )
        issued = await handlers.issue_temporary(cmd, tx=tx, vault=context.vault)
    if issued.new:
        metrics.PASSES_ISSUED.labels(issued.entry_pass.kind).inc()
    response.status_code = 201 if issued.new else 200
    return IssuedAnswer.model_validate({**pass_fields(issued.entry_pass), "token": issued.token})


@router.get("/v1/passes/{pass_id}", summary="A pass")
async def read_pass(pass_id: UUID, who: Caller, context: Running) -> PassAnswer:
    """Tell a pass and its state, without the text of its QR code."""
    async with context.database.read() as conn:
        found = await pass_life.existing(conn, pass_id)
        await require_reach(conn, found.compound, who)
    return PassAnswer.model_validate(pass_fields(found))


def pass_fields(found: EntryPass) -> dict[str, object]:
    """What every answer about a pass shows."""
    return {
        "pass_id": found.pass_id,
        "number": found.number,
        "serial": found.serial,
        "person_ref": found.person_ref,
        "compound": found.compound,
        "kind": found.kind,
        "state": found.state,
        "reason": found.reason,
        "held_back": found.held_back,
        "valid_from": found.validity.starts,
        "valid_until": found.validity.ends,
        "policy_version": found.policy_version,
        "purpose": found.purpose,
        "daily_from": found.daily_from,
        "daily_until": found.daily_until,
    }
