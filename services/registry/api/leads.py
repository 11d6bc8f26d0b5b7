"""Leads over HTTP (R6.3, P13). Lists and leads never say whether or who a reporter is."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Instant, Phone, Running, cause, roles_of
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.leads import (
    Assignee,
    AssigneeKind,
    ClosingReason,
    Erasure,
    LeadChannel,
    LeadState,
    LeadUnknown,
    RewardState,
    alike_between,
)
from services.registry.handlers import lead_erasure, policy
from services.registry.handlers import leads as handlers
from services.registry.handlers.leads import Reporter, TellLead
from services.registry.store import leads as store
from services.registry.store import premises as premises_store
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import Conn
from shared.events.policy import LeadCategory
from shared.http.access import IDENTIFIED, Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import PLACE_CODE, CompoundId, NeighbourhoodId

router = APIRouter(tags=["leads"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))

Code = Annotated[str, StringConstraints(pattern=PLACE_CODE)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class ReporterBody(Body):
    """Who tells it, as far as they like to say. Stored apart and sealed."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    phone: Phone | None = None


class LeadBody(Body):
    """Something that was seen. `lead_id` is made by the client and makes a repeat harmless."""

    lead_id: UUID
    request_secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22,64}$")] = Field(
        description="128 random bits or more that the client keeps: only a repeat with them gets the receipt again.",
        examples=["q5bV0c1mR8eJ3xT7yZ2uKw"],
    )
    channel: LeadChannel = Field(examples=["gate_code"])
    category: LeadCategory = Field(examples=["unregistered_outsider"])
    compound: CompoundId = Field(examples=["lj-001"])
    place: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(examples=["3幢门口"])
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    observed_at: Instant
    complained_about: Code | None = Field(
        default=None, description="The checkpoint, grid or unit it is about."
    )
    reporter: ReporterBody | None = None


class ReceiptAnswer(Answer):
    """Keep `receipt`: it is the only way to ask later."""

    lead_id: UUID
    receipt: str


class ReceiptBody(Body):
    """A receipt code; small letters and dashes do not matter."""

    code: Annotated[str, StringConstraints(min_length=16, max_length=40)]


class StandingAnswer(Answer):
    """How what was told stands. `valid` is known once it is closed."""

    state: LeadState
    label: Literal["处理中", "已办结"]
    valid: bool | None
    reward: RewardState
    erasure: Erasure = Field(
        description="Whether its holder asked that what was told goes, and whether it went."
    )


class LeadLine(Answer):
    """A lead as lists show it. `possible_duplicates` counts those of the same kind and place at about the time."""

    lead_id: UUID
    compound: str
    channel: LeadChannel
    category: LeadCategory
    complained_about: str | None
    observed_at: datetime
    received_at: datetime
    state: LeadState
    assignee_kind: AssigneeKind | None
    assignee: str | None
    assigned_at: datetime | None
    due_at: datetime | None
    valid: bool | None
    closing_reason: ClosingReason | None
    closed_at: datetime | None
    merged_into: UUID | None
    rewarded: bool
    erasure_asked_at: datetime | None = Field(description="Whoever told it asked that what was told goes.")
    erased_at: datetime | None
    possible_duplicates: int


class LeadAnswer(LeadLine):
    """A lead with what was told; null once the time for which that is kept is over. Reading it is recorded."""

    place: str | None
    text: str | None
    alike: list[UUID]
    duplicates: list[UUID]


class AssignmentBody(Body):
    """Who is to look into it: a grid of the compound, or a unit by its code (police station, office)."""

    kind: AssigneeKind
    code: Code = Field(examples=["lj-001-w01"])
    complained_about: Code | None = Field(default=None, description="Where the lead did not name it.")


class ClosureBody(Body):
    """What was found."""

    valid: bool
    reason: ClosingReason


class MergeBody(Body):
    """The lead that stands for the fact."""

    kept_lead_id: UUID


class RewardAnswer(Answer):
    """One reward at most for a fact."""

    lead_id: UUID
    decided_at: datetime


class OpenReporterBody(Body):
    """Why the reporter must be known; it is recorded."""

    reason: Reason


class ErasureBody(Body):
    """Why what was told goes; it is recorded."""

    reason: Reason


class ErasureAnswer(Answer):
    """What was told, where, and by whom is gone; that there was a lead, and its result, stays."""

    lead_id: UUID
    erased_at: datetime


class ReporterAnswer(Answer):
    """Who told it; `known` is false when they did not say."""

    known: bool
    name: str | None
    phone: str | None


@router.post("/v1/leads", summary="Tell something", status_code=201)
async def tell_lead(body: LeadBody, who: Caller, context: Running, response: Response) -> ReceiptAnswer:
    """Take a lead from anybody; the receipt code lets them ask for its state. The same one again is no second (200).

    The receipt is told again only to whoever repeats the request with its secret. 429 to whoever is too fast.
    """
    named = body.reporter if body.reporter and (body.reporter.name or body.reporter.phone) else None
    cmd = TellLead(
        lead_id=body.lead_id,
        channel=body.channel,
        category=body.category,
        compound=body.compound,
        place=body.place,
        text=body.text,
        observed_at=body.observed_at,
        complained_about=body.complained_about,
        reporter=Reporter(name=named.name, phone=named.phone) if named else None,
        content=body.model_dump_json(),
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        receipt, new = await handlers.tell(cmd, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return ReceiptAnswer(lead_id=body.lead_id, receipt=receipt)


@router.post("/v1/leads/receipts", summary="Ask how a lead stands", dependencies=IDENTIFIED)
async def ask_receipt(body: ReceiptBody, context: Running) -> StandingAnswer:
    """Tell state, result and reward to whoever holds the receipt code; 404 `receipt_unknown`."""
    async with context.database.read() as conn:
        return _standing(await handlers.standing(conn, body.code, context.vault))


@router.post("/v1/leads/receipts/erasure", summary="Ask that what was told goes")
async def ask_erasure(body: ReceiptBody, who: Caller, context: Running) -> StandingAnswer:
    """Erase at once who told it, and ask headquarters to erase what was told; the same again changes nothing.

    Whoever holds the receipt code may ask; the lead is looked into all the same. 404 `receipt_unknown`.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await lead_erasure.ask(body.code, tx=tx, vault=context.vault)
        return _standing(await handlers.standing(tx, body.code, context.vault))


@router.get("/v1/leads", summary="The leads of a compound")
async def list_leads(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    *,
    state: Annotated[LeadState | None, Query()] = None,
    category: Annotated[LeadCategory | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only open ones past their clock.")] = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[LeadLine]:
    """List leads in the order in which they came, without texts."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        place = await premises_store.compound(conn, compound)
        if place is None:
            raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
        who.require_compound(compound, neighbourhood=place.neighbourhood_id)
        rules = (await policy.in_force(conn, context.clock.today())).document.leads
        rows = await store.inbox(
            conn,
            compound,
            duplicate_hours=rules.duplicate_hours,
            state=state,
            category=category,
            overdue_at=context.clock.now() if overdue else None,
            after=(last[0], last[1]),
            limit=limit + 1,
        )
    cut = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[_line(row, row["alike"]) for row in rows[:limit]],
        next=_AFTER.write(cut["received_at"], cut["lead_id"]) if cut else None,
    )


@router.get("/v1/leads/{lead_id}", summary="A lead")
async def read_lead(lead_id: UUID, who: Caller, context: Running) -> LeadAnswer:
    """Tell a lead with its texts and what may be the same; the reading is recorded."""
    return await _told(lead_id, who, context)


@router.post("/v1/leads/{lead_id}/assignment", summary="Assign a lead")
async def assign_lead(lead_id: UUID, body: AssignmentBody, who: Caller, context: Running) -> LeadLine:
    """Start the clock of its kind, or pass it on within the first clock; never to those complained about (409)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        assignee = Assignee(kind=body.kind, code=body.code)
        await handlers.assign(lead_id, assignee, complained_about=body.complained_about, tx=tx)
        return await _one_line(tx, lead_id, context)


@router.post("/v1/leads/{lead_id}/closure", summary="Close a lead")
async def close_lead(lead_id: UUID, body: ClosureBody, who: Caller, context: Running) -> LeadLine:
    """Say whether it was true, with a reason; what was merged into it is closed with it."""
    async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        await handlers.close(lead_id, valid=body.valid, reason=body.reason, tx=tx)
        return await _one_line(tx, lead_id, context)


@router.post("/v1/leads/{lead_id}/merge", summary="Keep a lead as a duplicate")
async def merge_lead(lead_id: UUID, body: MergeBody, who: Caller, context: Running) -> LeadLine:
    """Put a lead under another that tells the same fact (并案); the fact is worked on and rewarded once."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        await handlers.merge(lead_id, body.kept_lead_id, tx=tx)
        return await _one_line(tx, lead_id, context)


@router.delete("/v1/leads/{lead_id}/merge", summary="Undo a merge")
async def unmerge_lead(lead_id: UUID, who: Caller, context: Running) -> LeadLine:
    """Make a duplicate a lead of its own again, in the state it had; not the one that was rewarded (409)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        await handlers.unmerge(lead_id, tx=tx)
        return await _one_line(tx, lead_id, context)


@router.post("/v1/leads/{lead_id}/reward", summary="Reward a lead", status_code=201)
async def reward_lead(lead_id: UUID, who: Caller, context: Running, response: Response) -> RewardAnswer:
    """Decide the one reward of a fact that was found to be true; 409 `rewarded_already` for its other leads."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        decided_at, new = await handlers.reward(lead_id, tx=tx)
    response.status_code = 201 if new else 200
    return RewardAnswer(lead_id=lead_id, decided_at=decided_at)


@router.post("/v1/leads/{lead_id}/reporter", summary="Open who told a lead")
async def open_reporter(
    lead_id: UUID, body: OpenReporterBody, who: Caller, context: Running
) -> ReporterAnswer:
    """Tell who told it, with a reason; who asked, when and why is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        found = await handlers.open_reporter(
            lead_id, reason=body.reason, role=roles_of(who), tx=tx, vault=context.vault
        )
    return ReporterAnswer(
        known=found is not None,
        name=found.name if found else None,
        phone=found.phone if found else None,
    )


@router.post("/v1/leads/{lead_id}/erasure", summary="Erase what was told")
async def erase_lead(lead_id: UUID, body: ErasureBody, who: Caller, context: Running) -> ErasureAnswer:
    """Erase the texts of a closed lead and who told it, with a reason; 409 `lead_open` while it is looked into."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        erased_at = await lead_erasure.erase(
            lead_id, reason=body.reason, role=roles_of(who), tx=tx, vault=context.vault
        )
    return ErasureAnswer(lead_id=lead_id, erased_at=erased_at)


def _standing(found: handlers.Standing) -> StandingAnswer:
    return StandingAnswer(
        state=found.state,
        label="已办结" if found.state == "closed" else "处理中",
        valid=found.valid,
        reward=found.reward,
        erasure=found.erasure,
    )


async def _reach(conn: Conn, lead_id: UUID, who: Principal) -> None:
    place = await store.place_of(conn, lead_id)
    if place is None:
        raise LeadUnknown("没有这条线索。There is no such lead.")
    who.require_compound(
        CompoundId(place["compound_id"]), neighbourhood=NeighbourhoodId(place["neighbourhood_id"])
    )


async def _told(lead_id: UUID, who: Principal, context: Context) -> LeadAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _reach(tx, lead_id, who)
        row = await _row(tx, lead_id)
        alike = await _alike(tx, row, context)
        duplicates = await store.duplicates(tx, lead_id)
        await note_reads(tx, action="lead.read", role=roles_of(who), refs=[], scope=f"lead:{lead_id}")
    key = (await context.vault.keys([row["key_ref"]])).get(row["key_ref"])
    return LeadAnswer(
        **dict(_line(row, len(alike))),
        place=context.vault.open(key, handlers.PLACE, row["place_sealed"]) if key else None,
        text=context.vault.open(key, handlers.TEXT, row["text_sealed"]) if key else None,
        alike=alike,
        duplicates=duplicates,
    )


async def _one_line(conn: Conn, lead_id: UUID, context: Context) -> LeadLine:
    row = await _row(conn, lead_id)
    return _line(row, len(await _alike(conn, row, context)))


async def _row(conn: Conn, lead_id: UUID) -> asyncpg.Record:
    row = await store.one(conn, lead_id)
    if row is None:
        raise LeadUnknown("没有这条线索。There is no such lead.")
    return row


async def _alike(conn: Conn, row: asyncpg.Record, context: Context) -> list[UUID]:
    rules = (await policy.in_force(conn, context.clock.today())).document.leads
    return await store.alike(
        conn,
        row["compound_id"],
        row["category"],
        alike_between(row["observed_at"], rules),
        fact_id=row["merged_into"] or row["lead_id"],
    )


_OTHERWISE = {"compound", "possible_duplicates"}
_SAME = tuple(name for name in LeadLine.model_fields if name not in _OTHERWISE)


def _line(row: asyncpg.Record, alike: int) -> LeadLine:
    return LeadLine(
        **{name: row[name] for name in _SAME}, compound=row["compound_id"], possible_duplicates=alike
    )
