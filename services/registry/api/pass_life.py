"""The life of a pass over HTTP: printed again, suspended, reinstated, revoked, each with its reason (R2.4)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from services.registry import metrics
from services.registry.api.common import Running, cause, roles_of
from services.registry.api.passes import IssuedAnswer, PassAnswer, pass_fields, require_reach
from services.registry.domain.pass_life import CommandReason, PrintReason, ReinstatementReason
from services.registry.domain.passes import PassKind, PassState
from services.registry.handlers import pass_life as handlers
from services.registry.handlers import passes as issuing
from services.registry.handlers.pass_life import RevocationReason
from services.registry.store import passes as store
from shared.audit.noting import note_reads
from shared.http.access import Caller, Role
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["passes"])
_AFTER = Cursor(UUID)
_FIRST = UUID(int=0)

Note = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class PrintBody(Body):
    """Ask for a new print. `request_id` is made by the client."""

    request_id: UUID
    reason: PrintReason


class SuspendBody(Body):
    """Why the pass does not admit for now. The note is sealed."""

    reason: CommandReason
    note: Note | None = None


class ReinstateBody(Body):
    """Why the pass admits again. The note is sealed."""

    reason: ReinstatementReason
    note: Note | None = None


class RevokeBody(Body):
    """Why the pass becomes void. `settled`: what suspended it is settled, and a new one is to be issued."""

    reason: RevocationReason


class StepAnswer(Answer):
    """One step of a pass's life. `by` is an account or a service's own name."""

    version: int
    step: Literal["issued", "printed", "suspended", "reinstated", "revoked"]
    reason: str | None
    note: str | None
    serial: int
    at: datetime
    by: str


class StepsAnswer(Answer):
    """A pass's life from its first step."""

    pass_id: UUID
    steps: list[StepAnswer]


@router.get("/v1/passes", summary="The passes of a compound")
async def list_passes(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    *,
    state: Annotated[PassState | None, Query()] = None,
    kind: Annotated[PassKind | None, Query()] = None,
    person_ref: Annotated[UUID | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[PassAnswer]:
    """List passes in the order in which they were issued; nothing in the list names a person."""
    last = _FIRST if after is None else _AFTER.read(after)[0]
    async with context.database.read() as conn:
        await require_reach(conn, compound, who)
        found = await store.page(
            conn, compound, state=state, kind=kind, person_ref=person_ref, after=last, limit=limit + 1
        )
    cut = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[PassAnswer.model_validate(pass_fields(one)) for one in found[:limit]],
        next=_AFTER.write(cut.pass_id) if cut else None,
    )


@router.get("/v1/passes/{pass_id}/steps", summary="The life of a pass")
async def read_steps(pass_id: UUID, who: Caller, context: Running) -> StepsAnswer:
    """Tell every step with who took it and why; the reading is recorded, because notes are free texts."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.existing(tx, pass_id)
        await require_reach(tx, found.compound, who)
        rows = await store.steps(tx, pass_id)
        await note_reads(
            tx, action="pass.steps", role=roles_of(who), refs=[found.person_ref], scope=f"pass:{pass_id}"
        )
    key = (await context.vault.keys([found.person_ref])).get(found.person_ref)
    return StepsAnswer(
        pass_id=pass_id,
        steps=[
            StepAnswer(
                version=row["version"],
                step=row["step"],
                reason=row["reason"],
                note=context.vault.open(key, handlers.NOTE, row["note_sealed"])
                if key and row["note_sealed"]
                else None,
                serial=row["serial"],
                at=row["taken_at"],
                by=row["taken_by"],
            )
            for row in rows
        ],
    )


@router.post("/v1/passes/{pass_id}/prints", summary="Print a pass again", status_code=201)
async def print_pass(
    pass_id: UUID, body: PrintBody, who: Caller, context: Running, response: Response
) -> IssuedAnswer:
    """Give a lost or damaged pass its next serial; every copy before it dies. Asked twice, printed once (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, pass_id)).compound, who)
        printed = await issuing.print_again(pass_id, body.request_id, body.reason, tx=tx, vault=context.vault)
    response.status_code = 201 if printed.new else 200
    return IssuedAnswer.model_validate({**pass_fields(printed.entry_pass), "token": printed.token})


@router.post("/v1/passes/{pass_id}/suspend", summary="Suspend a pass")
async def suspend_pass(pass_id: UUID, body: SuspendBody, who: Caller, context: Running) -> PassAnswer:
    """Stop a pass until somebody reinstates it; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, pass_id)).compound, who)
        found, _ = await handlers.suspend(pass_id, body.reason, body.note, tx=tx, vault=context.vault)
    return PassAnswer.model_validate(pass_fields(found))


@router.post("/v1/passes/{pass_id}/reinstate", summary="Reinstate a pass")
async def reinstate_pass(pass_id: UUID, body: ReinstateBody, who: Caller, context: Running) -> PassAnswer:
    """Let a suspended pass admit again. Under observation nobody can; after medical care or a contact only HQ can."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, pass_id)).compound, who)
        found = await handlers.reinstate(
            pass_id,
            body.reason,
            body.note,
            by_headquarters=who.has(Role.HQ_OFFICER),
            tx=tx,
            vault=context.vault,
        )
    return PassAnswer.model_validate(pass_fields(found))


@router.post("/v1/passes/{pass_id}/revoke", summary="Revoke a pass")
async def revoke_pass(pass_id: UUID, body: RevokeBody, who: Caller, context: Running) -> PassAnswer:
    """Make a pass void for good. A second time changes nothing, also not the reason."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, pass_id)).compound, who)
        found, changed = await handlers.revoke(pass_id, body.reason, tx=tx)
    if changed:
        metrics.PASSES_STOPPED.labels(body.reason).inc()
    return PassAnswer.model_validate(pass_fields(found))
