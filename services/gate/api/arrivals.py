"""Arrivals over HTTP, and the reports that wait for an outcome (R2.4, R2.5, G4, G17)."""

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from services.gate.api.batches import take_each
from services.gate.api.checks import answer_of
from services.gate.api.commands import command_of
from services.gate.api.devices import Working, command_cause
from services.gate.api.models import (
    AskedBody,
    BatchAnswer,
    BatchBody,
    BatchItem,
    DecidedBody,
    Document,
    DwellingSurname,
    EntryCheckAnswer,
    EntryCheckBody,
    QueuedBody,
    Yes,
)
from services.gate.api.proofs import CallingStation
from services.gate.desk import Desk, Station, desk
from services.gate.domain.arrivals import Arrival, ArrivalKind, Paper, SuzhouCode, Ticket, category_of
from services.gate.domain.rulings import Direction
from services.gate.handlers.arrivals import CheckArrival, check_arrival
from services.gate.handlers.checks import Rejected
from services.gate.handlers.roster import places_of
from services.gate.store import arrivals as store
from shared.db.pool import Tx
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

router = APIRouter(tags=["arrivals"])

_AFTER = Cursor(datetime, UUID)
_OLDEST = datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)

Line = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class ArrivalBody(QueuedBody):
    """Somebody who comes back from elsewhere, or who is new. An entry check of its own, with the same steps.

    What is only for the registry (name, phone, document, answers) is sealed for it and not kept here.
    """

    kind: ArrivalKind
    subject: Annotated[Document | DwellingSurname, Field(discriminator="kind")]
    mask: Yes = None
    temperature_c: Annotated[Decimal, Field(max_digits=7, decimal_places=2)] | None = None
    origin_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{5}$")] = Field(
        description="Where they have been in the last 14 days (GB/T 2260), never where they are registered."
    )
    ticket: Ticket | None = Field(default=None, description="Proof of the trip that was shown.")
    arrived_on: Annotated[date, Field(ge=date(2019, 12, 1), lt=date(2200, 1, 1))] | None = None
    papers: Annotated[tuple[Paper, ...], Field(max_length=6)] = ()
    suzhou_code: SuzhouCode = "none"
    answers: AskedBody | None = None
    name: Line | None = Field(default=None, repr=False)
    phone: Annotated[str, StringConstraints(min_length=3, max_length=30)] | None = Field(
        default=None, repr=False
    )
    offline: DecidedBody | None = Field(
        default=None,
        description="Only for what the device had to decide itself; it lets nobody in who comes from elsewhere.",
    )

    def as_check(self) -> EntryCheckBody:
        """The entry check in it."""
        return EntryCheckBody(
            check_id=self.check_id,
            seq=self.seq,
            direction=Direction.ENTRY,
            subject=self.subject,
            mask=self.mask,
            temperature_c=self.temperature_c,
            checked_at=self.checked_at,
            answers=self.answers,
            offline=self.offline,
        )

    def journey(self) -> str:
        """What makes a repeat a repeat, besides the entry check in it; never when or how often it was sent."""
        said = {"check_id", "seq", "checked_at", "offline", "subject", "mask", "temperature_c", "answers"}
        return json.dumps(self.model_dump(mode="json", exclude=said), sort_keys=True)

    def for_registry(self) -> dict[str, object]:
        """What the registry needs for the intake."""
        return self.model_dump(mode="json", exclude={"check_id", "seq", "mask", "offline"})


class OpenReport(Answer):
    """A report without an outcome. `answered_at`: the application was received; it is settled later."""

    check_id: UUID
    kind: Literal["first_return", "focus_area", "case_contact", "application", "fever"]
    compound: CompoundId
    checkpoint: CheckpointId
    person_ref: PersonRef | None
    opened_at: datetime
    answered_at: datetime | None
    age_minutes: int


@router.post(
    "/v1/arrivals",
    status_code=HTTPStatus.CREATED,
    summary="Check somebody who comes back from elsewhere, or who is new",
    responses={200: {"model": EntryCheckAnswer, "description": "A repeat: the first answer again."}},
)
async def check_one_arrival(
    body: ArrivalBody, station: CallingStation, context: Working, request: Request, response: Response
) -> EntryCheckAnswer:
    """Decide, record and report in one step (查、测、问、记、报).

    Where they have been decides by policy: home by themselves, or held for transfer. The Suzhou code never admits
    anybody; red or yellow holds. A newcomer is not admitted: with papers their application is opened.
    """
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        created, answer = await take_arrival(desk(request.app), station, body, tx)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return answer


@router.post("/v1/arrivals/batch", summary="Send queued arrivals, at most 200")
async def check_arrivals_queued(body: BatchBody, station: CallingStation, request: Request) -> BatchAnswer:
    """Record arrivals that the device queued, each by itself, in their order; as for entry checks.

    What the device decided stays; what has to be reported is reported now.
    """
    mine = desk(request.app)

    async def take(arrival: ArrivalBody, tx: Tx) -> tuple[bool, Answer]:
        return await take_arrival(mine, station, arrival, tx)

    items = await take_each(mine, station, body.checks, read=ArrivalBody, as_item=BatchItem, take=take)
    return BatchAnswer(items=items)


async def take_arrival(
    mine: Desk, station: Station, body: ArrivalBody, tx: Tx
) -> tuple[bool, EntryCheckAnswer]:
    """Decide, keep and report one, in the transaction; tells whether it is new.

    Raises:
        SameIdOtherContent: the id was used for another check.
    """
    command = await command_of(mine, station, body.as_check())
    if body.kind is ArrivalKind.NEWCOMER and body.subject.kind == "dwelling_surname":
        # Who moves in is not whoever of that surname lives there already.
        command = dataclasses.replace(command, lookup=dataclasses.replace(command.lookup, indexes=()))
    rules = await mine.rules(tx, tx.today)
    category = category_of(body.origin_code, await tx.fetchval(store.RISK_ON, tx.today) or {})
    if command.answers.been_to_focus_area:  # also where the journey's last place was another one
        category = "focus"
    arrival = Arrival(
        kind=body.kind,
        origin_code=body.origin_code,
        category=category,
        measure=rules.measures[category],
        suzhou_code=body.suzhou_code,
        papers=body.papers,
        ticket=body.ticket,
        arrived_on=body.arrived_on,
    )
    check = dataclasses.replace(
        command, arrival=arrival, content=json.dumps([command.content, body.journey()])
    )
    outcome = await check_arrival(
        CheckArrival(check=check, arrival=arrival, answers=body.for_registry()),
        tx=tx,
        rules=rules,
        vault=mine.context.vault,
        cards=mine.context.cards,
    )
    if isinstance(outcome, Rejected):
        raise outcome.refusal
    return outcome.created, answer_of(body.check_id, outcome)


@router.get("/v1/reports/open", summary="Reports that wait for an outcome")
async def open_reports(
    who: Caller, context: Working, limit: Limit = 100, after: After = None
) -> Page[OpenReport]:
    """List what was reported at the caller's posts and has no outcome yet, oldest first, with its age."""
    key = _AFTER.read(after) if after else _OLDEST
    now = context.clock.now()
    async with context.database.read() as conn:
        rows = await conn.fetch(store.OPEN_LOOPS, await places_of(conn, who), *key, limit + 1)
    return Page(
        items=[
            OpenReport(**row, age_minutes=max(0, int((now - row["opened_at"]).total_seconds() // 60)))
            for row in rows[:limit]
        ],
        next=_AFTER.write(rows[limit - 1]["opened_at"], rows[limit - 1]["check_id"])
        if len(rows) > limit
        else None,
    )
