"""The call list over HTTP: people still away (R4.5, P12)."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints, model_validator

from services.registry.api.common import Day, Instant, PersonName, Phone, Running, cause, roles_of
from services.registry.domain.call_list import CallOutcome
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.people import masked_name, masked_phone
from services.registry.handlers import call_list as handlers
from services.registry.handlers.call_list import AddEntry, Callee, NoteCall
from services.registry.store import call_list as store
from services.registry.store import returnees as returnee_store
from shared.audit.noting import note_reads
from shared.db.pool import Conn
from shared.http.access import Caller, Principal, ScopeKind
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId

router = APIRouter(tags=["call list"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))

Division = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
State = Literal["away", "arrived"]


class CallEntryBody(Body):
    """Somebody still away. Where they are, or are registered, decides about a call and about nothing else.

    `entry_id` is made by the client and makes a repeat harmless.
    """

    entry_id: UUID
    name: PersonName
    phone: Phone
    compound: CompoundId = Field(description="Where they are expected.", examples=["lj-001"])
    grid: GridId | None = None
    present_code: Division | None = Field(default=None, examples=["420100"])
    registered_origin_code: Division | None = None
    planned_return: Day | None = None
    next_call_on: Day | None = Field(default=None, description="When to call first; else today.")

    @model_validator(mode="after")
    def _a_reason_to_call(self) -> Self:
        if self.present_code is None and self.registered_origin_code is None:
            raise ValueError("请填写现所在地或户籍地区划代码。Give present_code or registered_origin_code.")
        return self


class CallBody(Body):
    """A call. `returns_on` goes with the outcome `will_return_on`; `call_id` is made by the client."""

    call_id: UUID
    outcome: CallOutcome
    next_call_on: Day | None = None
    returns_on: Day | None = None
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class ArrivalBody(Body):
    """The intake that was registered when they came. `confirmed`: the same person, though name and phone differ."""

    intake_id: UUID
    confirmed: bool = False


class CallEntryLine(Answer):
    """An entry as lists show it: name and phone masked."""

    entry_id: UUID
    compound: str
    grid: str | None
    name: str | None
    phone: str | None
    present_code: str | None
    registered_origin_code: str | None
    planned_return: date | None
    state: State
    next_call_on: date | None
    last_outcome: CallOutcome | None
    calls: int
    intake_id: UUID | None
    arrived_at: datetime | None
    created_at: datetime


class CallAttempt(Answer):
    """A call that was made."""

    call_id: UUID
    outcome: CallOutcome
    next_call_on: date | None
    returns_on: date | None
    called_at: datetime


class CallEntryAnswer(CallEntryLine):
    """An entry for whoever calls: name and phone in full, with the calls made. Reading it is recorded."""

    attempts: list[CallAttempt]


class CallFigures(Answer):
    """People on the list; nobody here is counted as under observation. From `due` on only people still away."""

    total: int
    arrived: int
    away: int
    due: int
    not_called: int
    postponed: int
    unreachable: int
    refused: int
    will_return: int
    wrong_number: int
    said_to_be_here: int


@router.post("/v1/call-list", summary="Put somebody on the call list", status_code=201)
async def add_call_entry(
    body: CallEntryBody, who: Caller, context: Running, response: Response
) -> CallEntryLine:
    """Put somebody on the list who is still away; they are not under observation by it.

    The same entry sent again gets it as it is now (200).
    """
    cmd = AddEntry(**dict(body), content=body.model_dump_json(exclude={"entry_id"}))
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        who.require_compound(
            body.compound, neighbourhood=await _neighbourhood(tx, body.compound), grid=body.grid
        )
        row, new = await handlers.add(cmd, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return await _masked(row, context)


@router.get("/v1/call-list", summary="People to be called")
async def list_call_entries(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    due: Annotated[bool, Query(description="Only those to be called today or before.")] = False,
    state: Annotated[State, Query()] = "away",
    after: After = None,
    limit: Limit = 50,
) -> Page[CallEntryLine]:
    """Tell entries in the order of their recording, masked; of the caller's grids only where the grant is narrower.

    The reading is recorded.
    """
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        neighbourhood = await _neighbourhood(tx, compound)
        whole = who.reaches(compound=compound, neighbourhood=neighbourhood)
        grids = None if whole else [s.id for s in who.scopes_for() if s.kind is ScopeKind.GRID and s.id]
        if grids == []:
            who.require_compound(compound, neighbourhood=neighbourhood)
        rows = await store.entries(
            tx,
            compound,
            grids=grids,
            state=state,
            due_on=tx.today if due else None,
            after=(last[0], last[1]),
            limit=limit + 1,
        )
        shown = rows[:limit]
        await note_reads(
            tx,
            action="call_list.list",
            role=roles_of(who),
            refs=[row["entry_id"] for row in shown],
            scope=f"compound:{compound}",
        )
    keys = await context.vault.keys([row["entry_id"] for row in shown])
    return Page(
        items=[
            CallEntryLine(**_entry(row, handlers.callee(row, keys.get(row["entry_id"])), masked=True))
            for row in shown
        ],
        next=_AFTER.write(shown[-1]["created_at"], shown[-1]["entry_id"]) if len(rows) > limit else None,
    )


@router.get("/v1/call-list/figures", summary="Figures of the call list")
async def read_call_figures(
    who: Caller, context: Running, compound: Annotated[CompoundId | None, Query()] = None
) -> CallFigures:
    """Tell how many people are away, due, and what they said: of a compound, or of the whole town."""
    async with context.database.read() as conn:
        if compound is None:
            who.require_town()
        else:
            who.require_compound(compound, neighbourhood=await _neighbourhood(conn, compound))
        today = context.clock.today()
        return CallFigures(**await store.figures(conn, compound, today))


@router.get("/v1/call-list/{entry_id}", summary="Somebody to be called")
async def read_call_entry(entry_id: UUID, who: Caller, context: Running) -> CallEntryAnswer:
    """Tell name, phone and calls in full, to call them. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await handlers.entry(tx, entry_id)
        _require(who, row)
        attempts = await store.attempts(tx, entry_id)
        await note_reads(
            tx,
            action="call_list.read",
            role=roles_of(who),
            refs=[entry_id],
            scope=f"compound:{row['compound_id']}",
        )
    keys = await context.vault.keys([entry_id])
    return CallEntryAnswer(
        **_entry(row, handlers.callee(row, keys.get(entry_id)), masked=False),
        attempts=[
            CallAttempt(**{name: attempt[name] for name in CallAttempt.model_fields}) for attempt in attempts
        ],
    )


@router.post("/v1/call-list/{entry_id}/calls", summary="Write down a call")
async def note_call(entry_id: UUID, body: CallBody, who: Caller, context: Running) -> CallEntryLine:
    """Write down a call, its outcome and the day of the next one. The same call sent again changes nothing."""
    cmd = NoteCall(entry_id=entry_id, **dict(body), content=body.model_dump_json(exclude={"call_id"}))
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        known = await handlers.locked(tx, entry_id)
        _require(who, known)
        row = await handlers.note_call(cmd, known, tx=tx, vault=context.vault)
    return await _masked(row, context)


@router.post("/v1/call-list/{entry_id}/arrival", summary="Take somebody off the list who arrived")
async def note_arrival(entry_id: UUID, body: ArrivalBody, who: Caller, context: Running) -> CallEntryLine:
    """Link the intake that `POST /v1/returnees` made; only by that intake observation begins."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        known = await handlers.locked(tx, entry_id)
        _require(who, known)
        row, _ = await handlers.arrive(
            known, body.intake_id, confirmed=body.confirmed, tx=tx, vault=context.vault
        )
    return await _masked(row, context)


async def _neighbourhood(conn: Conn, compound: CompoundId) -> NeighbourhoodId:
    found = await returnee_store.neighbourhood_of(conn, compound)
    if found is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    return found


def _require(who: Principal, row: asyncpg.Record) -> None:
    who.require_compound(row["compound_id"], neighbourhood=row["neighbourhood_id"], grid=row["grid_id"])


async def _masked(row: asyncpg.Record, context: Running) -> CallEntryLine:
    keys = await context.vault.keys([row["entry_id"]])
    return CallEntryLine(**_entry(row, handlers.callee(row, keys.get(row["entry_id"])), masked=True))


def _entry(row: asyncpg.Record, callee: Callee | None, *, masked: bool) -> dict[str, Any]:
    kept = (
        *("entry_id", "present_code", "registered_origin_code", "planned_return", "state", "next_call_on"),
        *("last_outcome", "calls", "intake_id", "arrived_at", "created_at"),
    )
    name = phone = None
    if callee is not None:
        name = masked_name(callee.name) if masked else callee.name
        phone = masked_phone(callee.phone) if masked else callee.phone
    return {
        **{field: row[field] for field in kept},
        "compound": row["compound_id"],
        "grid": row["grid_id"],
        "name": name,
        "phone": phone,
    }
