"""Inspections by checklist."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.sanitation.api.common import Code, InContext, Instant, Words, cause, roles_of
from services.sanitation.domain.inspections import Found, InspectionUnknown, Verdict
from services.sanitation.handlers import inspections as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.inspections import Item, Recorded, RecordInspection
from services.sanitation.handlers.policy import in_force, inspection_rules
from services.sanitation.store import inspections as store
from shared.events.policy_inspections import Inspected
from shared.http.access import IDENTIFIED, Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["inspections"])

_AFTER = Cursor(Instant, UUID)
_MOST_ITEMS = 60
Subject = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="A site's code, a venue's id, a compound (its property company), or a checkpoint.",
    ),
]


class ItemBody(Body):
    """One item of the checklist. What is flagged or fails is shown by words or a photo."""

    code: Code
    verdict: Verdict
    note: Words | None = None
    photo_id: UUID | None = None


class InspectionBody(Body):
    """What somebody looked at. `found` is of venues, and of nothing else.

    Every item of the checklist is answered; a venue that is shut, or open without an approval, has none to answer.
    """

    inspection_id: UUID
    inspected: Literal["site", "venue", "property_company", "post"]
    subject: Subject
    found: Found | None = None
    items: Annotated[tuple[ItemBody, ...], Field(max_length=_MOST_ITEMS)] = ()
    note: Words | None = None
    photo_id: UUID | None = None
    inspected_at: Instant
    sent_at: Instant | None = None


class ItemAnswer(Answer):
    """One item as it was found."""

    code: str
    verdict: Verdict
    note: str | None
    photo_id: UUID | None


class InspectionAnswer(Answer):
    """An inspection. `orders` began with it; what is under order already is that order, found again."""

    inspection_id: UUID
    compound: CompoundId
    inspected: Inspected
    subject: str
    found: Found | None
    result: Verdict
    items: list[ItemAnswer]
    note: str | None
    photo_id: UUID | None
    orders: list[UUID]
    inspected_at: datetime
    inspected_by: str
    recorded_at: datetime
    policy_version: int


class InspectionLine(Answer):
    """A line of the list: what was looked at, and what of it was not in order."""

    inspection_id: UUID
    compound: CompoundId
    inspected: Inspected
    subject: str
    found: Found | None
    result: Verdict
    failed: list[str]
    flagged: list[str]
    inspected_at: datetime
    inspected_by: str


class ItemLine(Answer):
    """An item of a checklist: what is asked, on which clause it rests, and how long mending may take."""

    code: str
    title: str
    basis: str
    mend_within_hours: int


class ChecklistAnswer(Answer):
    """What is looked at in one kind of thing today."""

    inspected: Inspected
    items: list[ItemLine]


class ChecklistsAnswer(Answer):
    """Today's checklists, and the findings that no list names."""

    policy_version: int
    checklists: list[ChecklistAnswer]
    findings: list[ItemLine]


@router.get("/v1/checklists", summary="Today's checklists", dependencies=IDENTIFIED)
async def checklists(context: InContext) -> ChecklistsAnswer:
    """Tell what inspectors look at, as the policy in force has it."""
    async with context.database.read() as conn:
        policy = await in_force(conn, context.clock.today())
    rules = inspection_rules(policy.document)
    return ChecklistsAnswer(
        policy_version=policy.version,
        checklists=[
            ChecklistAnswer(
                inspected=one.inspected, items=[ItemLine(**item.model_dump()) for item in one.items]
            )
            for one in rules.checklists
        ],
        findings=[ItemLine(**item.model_dump()) for item in rules.findings],
    )


@router.post("/v1/inspections", status_code=201, summary="Record an inspection")
async def record_inspection(
    body: InspectionBody, who: Caller, context: InContext, response: Response
) -> InspectionAnswer:
    """Keep what was found; what fails is ordered to be put right. A repeat gets the first answer (200)."""
    said = body.model_dump(exclude={"items"})
    cmd = RecordInspection(**said, items=tuple(Item(**item.model_dump()) for item in body.items))
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.record(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if found.fresh else 200
    return await answer(found, context.vault)


@router.get("/v1/inspections", summary="Inspections in a compound")
async def inspections(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    inspected: Annotated[Inspected | None, Query()] = None,
    result: Annotated[Verdict | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[InspectionLine]:
    """List inspections and spot checks, the newest first."""
    seen: Sequence[object] = _AFTER.read(after) if after else (None, None)
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        rows = await conn.fetch(store.INSPECTIONS, compound, inspected, result, *seen, limit + 1)
    items = [InspectionLine(**dict(row)) for row in rows[:limit]]
    return Page(
        items=items,
        next=_AFTER.write(items[-1].inspected_at, items[-1].inspection_id) if len(rows) > limit else None,
    )


@router.get("/v1/inspections/{inspection_id}", summary="One inspection")
async def inspection(inspection_id: UUID, who: Caller, context: InContext) -> InspectionAnswer:
    """Tell everything about an inspection."""
    async with context.database.read() as conn:
        row = await store.inspection(conn, inspection_id)
        if row is None:
            raise InspectionUnknown("没有这次检查。There is no such inspection.", field="inspection_id")
        await sites_handlers.require_compound(conn, who, row["compound"])
        found = await handlers.recorded(conn, inspection_id, fresh=False)
    return await answer(found, context.vault)


async def answer(found: Recorded, vault: Vault) -> InspectionAnswer:
    """An inspection with its texts."""
    row = found.row
    return InspectionAnswer(
        inspection_id=row["inspection_id"],
        compound=row["compound"],
        inspected=row["inspected"],
        subject=row["subject"],
        found=row["found"],
        result=row["result"],
        items=[
            ItemAnswer(
                code=item["code"],
                verdict=item["verdict"],
                note=await unseal(vault, row["key_ref"], handlers.NOTE, item["note_sealed"]),
                photo_id=item["photo_id"],
            )
            for item in found.items
        ],
        note=await unseal(vault, row["key_ref"], handlers.NOTE, row["note_sealed"]),
        photo_id=row["photo_id"],
        orders=list(found.orders),
        inspected_at=row["inspected_at"],
        inspected_by=row["inspected_by"],
        recorded_at=row["recorded_at"],
        policy_version=row["policy_version"],
    )
