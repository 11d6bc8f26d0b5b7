"""Findings of supervision: listed with clocks, told with their history, entered, answered, settled, reviewed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of, cause, roles_of
from services.reporting.domain.finding_custody import ActKind, Outcome
from services.reporting.domain.finding_texts import RULES
from services.reporting.domain.findings import CLOSED_BY_PEOPLE, ClosedBy, State, escalations
from services.reporting.domain.owners import Measure
from services.reporting.handlers import finding_acts, finding_lists
from services.reporting.handlers.facts import SOURCES
from services.reporting.handlers.finding_acts import NOTE, ActOnFinding, FindByHand
from services.reporting.handlers.finding_lists import Filter, ListState
from shared.context import Context
from shared.events.policy_supervision import EscalatedTo, EscalationStep, FindingRule
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body, BodyRuleError
from shared.http.paging import After, Cursor, Limit
from shared.kernel.ids import CompoundId, NeighbourhoodId
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["findings"])

_AFTER = Cursor(datetime, UUID)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[
    AwareDatetime, Field(ge=_FIRST, lt=_LAST), AfterValidator(lambda instant: instant.astimezone(UTC))
]
Words = Annotated[str, Field(min_length=2, max_length=500)]
"""What somebody found, did, or has to say; kept sealed. Two characters say it in Chinese."""
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
NoHistory = Literal["opened", "changed", "closed", "reopened", "owner_changed"]


class FindingBody(Body):
    """What somebody found: in a compound or, where it is in none, with a unit (a neighbourhood).

    `item` is one of the checklists or findings of today's policy, which say its clause and, where `due_at` is null, its
    deadline. `measure`: what it is about; whoever answers for that owns it.
    """

    finding_id: UUID
    compound: CompoundId | None = None
    unit: NeighbourhoodId | None = None
    item: Code
    measure: Measure | None = None
    inspection_id: UUID | None = None
    note: Words
    due_at: Instant | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "FindingBody":
        if (self.compound is None) == (self.unit is None):
            raise BodyRuleError("compound", "小区和社区填写其中之一。Name a compound or a unit, one of them.")
        return self


class WordsBody(Body):
    """What the unit has to say, or how it was settled."""

    act_id: UUID
    note: Words


class ReviewBody(Body):
    """Somebody else looked. `sent_back` needs a new deadline; `handed_to_discipline` is for what is overdue."""

    act_id: UUID
    outcome: Literal["rectified", "sent_back", "criticised", "handed_to_discipline"]
    note: Words
    due_at: Instant | None = None


class OwnerAnswer(Answer):
    """Who answers, by pseudonym and position."""

    worker_ref: UUID
    role: str


class EscalationLine(Answer):
    """A step upward that was reached, and when; it follows from the deadline alone."""

    level: int
    to: EscalatedTo
    at: datetime


class FindingLine(Answer):
    """A finding with its clock. `minutes_left` is negative when it is overdue, and null unless somebody has to mend it.

    `closes_by`: whether the facts end it by themselves, or people with words. `evidence`: ids and figures. Without a
    compound it is the unit's, without both the town's. `found_by`, `settled_by` and `reviewed_by` are accounts.
    """

    finding_id: UUID
    rule: FindingRule
    title_zh: str
    title_en: str
    basis: str
    item: str | None
    compound: CompoundId | None
    compound_name: str | None
    unit: str | None
    unit_name: str | None
    state: State
    opened_at: datetime
    due_at: datetime
    overdue: bool
    minutes_left: int | None
    level: int
    escalated_to: EscalatedTo | None
    owner: OwnerAnswer | None
    evidence: dict[str, Any]
    closes_by: ClosedBy
    found_by: str | None
    settled_by: str | None
    reviewed_by: str | None
    outcome: Outcome | None
    closed_at: datetime | None
    closed_by: ClosedBy | None


class FindingActLine(Answer):
    """Something that happened to a finding; without an account it was the look at the facts."""

    act_id: UUID
    kind: ActKind | NoHistory
    at: datetime
    by: str | None
    role: str | None
    note: str | None
    evidence: dict[str, Any] | None
    due_at: datetime | None


class FindingAnswer(FindingLine):
    """A finding with its history and the steps upward that it has reached."""

    note: str | None
    escalations: list[EscalationLine]
    history: list[FindingActLine]


class FindingsAnswer(Answer):
    """A page of findings; `next` continues it and is null on the last page."""

    as_of: list[SourceAsOf]
    items: list[FindingLine]
    next: str | None


@router.get("/v1/findings", summary="Findings with their clocks")
async def findings(
    *,
    who: Caller,
    context: InContext,
    state: Annotated[
        ListState,
        Query(description="`open`: all that is not closed; of these, those that wait for a review."),
    ] = "open",
    rule: Annotated[FindingRule | None, Query()] = None,
    compound: Annotated[CompoundId | None, Query()] = None,
    unit: Annotated[NeighbourhoodId | None, Query(description="A neighbourhood.")] = None,
    owner: Annotated[UUID | None, Query(description="A worker's pseudonym.")] = None,
    escalated: Annotated[bool, Query(description="Only what has gone up a step.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> FindingsAnswer:
    """List findings in the caller's scope: what is due first before the others, or what was closed last."""
    now = context.clock.now()
    wanted = Filter(state=state, rule=rule, compound=compound, unit=unit, owner=owner, escalated=escalated)
    seen = _AFTER.read(after) if after else None
    async with context.database.read() as conn:
        rules = await finding_lists.supervision_rules(conn, context.clock.today())
        steps = rules.escalation if rules else ()
        rows = await finding_lists.findings_of(
            conn,
            await finding_acts.within_scope(conn, who),
            wanted,
            steps=steps,
            now=now,
            after=(seen[0], seen[1]) if seen else None,
            limit=limit + 1,
        )
        sources = await queries.sources(conn, SOURCES)
    items = [line_of(row, steps=steps, now=now) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        last = items[-1]
        following = _AFTER.write(last.closed_at if state == "closed" else last.due_at, last.finding_id)
    return FindingsAnswer(as_of=as_of(sources), items=items, next=following)


@router.get("/v1/findings/{finding_id}", summary="One finding with its history")
async def finding(finding_id: UUID, who: Caller, context: InContext) -> FindingAnswer:
    """Tell what was found, on what evidence, and everything that was done with it."""
    return await whole(finding_id, who, context)


@router.post("/v1/findings", status_code=201, summary="Enter what an inspector found")
async def enter(body: FindingBody, who: Caller, context: InContext, response: Response) -> FindingAnswer:
    """Keep what somebody found by looking. A repeat changes nothing (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        _, new = await finding_acts.find_by_hand(
            FindByHand(**body.model_dump()), who=who, tx=tx, vault=context.vault
        )
    response.status_code = 201 if new else 200
    return await whole(body.finding_id, who, context)


@router.post("/v1/findings/{finding_id}/reply", status_code=201, summary="Reply to a finding")
async def reply(
    finding_id: UUID, body: WordsBody, who: Caller, context: InContext, response: Response
) -> FindingAnswer:
    """Keep what the unit has to say; the clock runs on. A repeat changes nothing (200)."""
    cmd = ActOnFinding(finding_id=finding_id, kind="replied", due_at=None, **body.model_dump())
    return await _act(cmd, who, context, response)


@router.post("/v1/findings/{finding_id}/close", status_code=201, summary="Say that a finding is settled")
async def settle(
    finding_id: UUID, body: WordsBody, who: Caller, context: InContext, response: Response
) -> FindingAnswer:
    """Say with evidence that it is settled; somebody else reviews it. What the facts end is refused (409)."""
    cmd = ActOnFinding(finding_id=finding_id, kind="settled", due_at=None, **body.model_dump())
    return await _act(cmd, who, context, response)


@router.post("/v1/findings/{finding_id}/review", status_code=201, summary="Review what was settled")
async def review(
    finding_id: UUID, body: ReviewBody, who: Caller, context: InContext, response: Response
) -> FindingAnswer:
    """End it, or send it back: never by who found or settled it. A repeat changes nothing (200)."""
    cmd = ActOnFinding(finding_id=finding_id, kind=body.outcome, **body.model_dump(exclude={"outcome"}))
    return await _act(cmd, who, context, response)


async def _act(cmd: ActOnFinding, who: Principal, context: Context, response: Response) -> FindingAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        fresh = await finding_acts.act_on(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if fresh else 200
    return await whole(cmd.finding_id, who, context)


async def whole(finding_id: UUID, who: Principal, context: Context) -> FindingAnswer:
    """A finding with its history, for whoever may see it."""
    now = context.clock.now()
    async with context.database.read() as conn:
        await finding_acts.held_within(conn, finding_id, who)
        row, acts = await finding_lists.told(conn, finding_id)
        rules = await finding_lists.supervision_rules(conn, context.clock.today())
    steps = rules.escalation if rules else ()
    line = line_of(row, steps=steps, now=now)
    return FindingAnswer(
        **line.model_dump(),
        note=await unseal(context.vault, row["key_ref"], NOTE, row["note_sealed"]),
        escalations=[
            EscalationLine(level=one.level, to=one.to, at=one.at)
            for one in escalations(line.state, line.due_at, steps, now)
        ],
        history=[
            FindingActLine(
                **{name: value for name, value in act.items() if name != "note_sealed"},
                note=await unseal(context.vault, row["key_ref"], NOTE, act["note_sealed"]),
            )
            for act in acts
        ],
    )


def line_of(
    row: asyncpg.Record | Mapping[str, Any], *, steps: Sequence[EscalationStep], now: datetime
) -> FindingLine:
    """A finding's line with its clock."""
    words = RULES[row["rule"]]
    waits = row["state"] == "open"
    reached = escalations(row["state"], row["due_at"], steps, now)
    owner = OwnerAnswer(worker_ref=row["owner_ref"], role=row["owner_role"]) if row["owner_ref"] else None
    kept = (
        *("finding_id", "rule", "basis", "item", "compound", "unit", "state", "opened_at", "due_at"),
        *("evidence", "found_by", "settled_by", "reviewed_by", "outcome", "closed_at", "closed_by"),
    )
    return FindingLine(
        **{name: row[name] for name in kept},
        title_zh=row["title"] or words.zh,
        title_en=words.en,
        compound_name=row["name"],
        unit_name=row["unit_name"],
        overdue=waits and now >= row["due_at"],
        minutes_left=(row["due_at"] - now) // timedelta(minutes=1) if waits else None,
        level=reached[-1].level if reached else 0,
        escalated_to=reached[-1].to if reached else None,
        owner=owner,
        closes_by="person" if row["rule"] in CLOSED_BY_PEOPLE else "facts",
    )
