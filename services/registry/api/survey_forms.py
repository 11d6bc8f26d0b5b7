"""Household forms over HTTP: begun from the record, handed in alone or queued; findings and offers (R4.1, R4.2)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from services.registry.api.common import Instant, Running, cause, keeper_of, roles_of
from services.registry.api.survey_bodies import (
    FindingAnswer,
    FormAnswer,
    LastRound,
    ResidentLine,
    SubmissionAnswer,
    SubmissionBatchAnswer,
    SubmissionBatchBody,
    SubmissionBody,
    SubmissionItem,
)
from services.registry.api.surveys import grids_within, round_within
from services.registry.domain.people import RegisteredMeanwhile, masked_name, masked_phone
from services.registry.domain.premises import AddressKey
from services.registry.domain.survey_forms import FindingKind, FormOutcome, TargetUnknown, visits_apart
from services.registry.handlers import people_reading, policy, survey_people
from services.registry.handlers import survey_forms as handlers
from services.registry.handlers.survey_files import opened_detail
from services.registry.handlers.survey_forms import SubmitForm, Taken
from services.registry.store import survey_forms as store
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import TRANSIENT, Conn, Tx
from shared.http.access import Caller, Principal, Role
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault

router = APIRouter(tags=["survey"])

RETRY_SECONDS = 5
_TRIES = 3
AFTER = Cursor(Instant, UUID, int)
FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0), -1)


@router.get("/v1/survey-rounds/{round_id}/dwellings/{dwelling_id}/form", summary="Begin a household form")
async def read_form(round_id: UUID, dwelling_id: UUID, who: Caller, context: Running) -> FormAnswer:
    """Tell who lives there by the record, in full to a clerk and masked to others. The reading is recorded."""
    masked = not who.has(Role.COMMUNITY_CLERK)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        target = await target_within(tx, who, round_id, dwelling_id)
        stays = [
            row
            for row in await tx.fetch(store.STAYS, dwelling_id)
            if row["resident"] and row["ended_on"] is None
        ]
        refs = [row["person_ref"] for row in stays]
        profiles = await people_reading.by_pseudonym(tx, refs, context.vault)
        forms = await store.submissions_of(tx, round_id, dwelling_id)
        last = await tx.fetchrow(store.LAST_ROUND, dwelling_id, round_id)
        rules = (await policy.in_force(tx, tx.today)).document.survey
        await note_reads(
            tx,
            action="survey_form.read",
            role=roles_of(who),
            refs=list(profiles),
            scope=f"compound:{target['compound_id']}",
        )
    absences = [row["visited_at"] for row in forms if row["outcome"] == FormOutcome.ABSENT]
    due = None
    if rules is not None:
        apart = visits_apart(absences, timedelta(minutes=rules.visit_spacing_minutes))
        due = target["outcome"] == FormOutcome.ABSENT and apart >= rules.absent_visits
    return FormAnswer(
        round_id=round_id,
        dwelling_id=dwelling_id,
        room=_room(target),
        occupancy=target["occupancy"],
        state="conflict" if target["conflict"] else target["outcome"] or "open",
        final=target["final"],
        attempts=target["attempts"],
        current=next((row["submission_id"] for row in forms if row["standing"] == "current"), None),
        phone_check_due=due,
        masked=masked,
        residents=[
            ResidentLine(
                person_ref=row["person_ref"],
                name=masked_name(one.name) if masked else one.name,
                phone=(masked_phone(one.phone) if masked else one.phone) or None,
                relation=row["relation"],
                registered_on=row["registered_on"],
            )
            for row in survey_people.each_once(stays, profiles)
            for one in (profiles[row["person_ref"]],)
        ],
        last_round=LastRound(number=last["number"], state=last["outcome"], final=last["final"])
        if last
        else None,
    )


@router.post("/v1/survey-submissions", summary="Hand in a household form", status_code=201)
async def submit(body: SubmissionBody, who: Caller, context: Running, response: Response) -> SubmissionAnswer:
    """Keep a form; one that holds changes the book at once, everybody counted once.

    The same form again gets the first answer (200). Two final results that disagree are both kept, and the dwelling
    stays open until a clerk chooses.
    """
    taken, new = await hand_in(body.command(), who, context)
    response.status_code = 201 if new else 200
    return SubmissionAnswer.of(taken)


@router.post("/v1/survey-submissions/batch", summary="Hand in queued forms, at most 200")
async def submit_queued(body: SubmissionBatchBody, who: Caller, context: Running) -> SubmissionBatchAnswer:
    """Take forms that a device queued, each by itself; the answer has one item a form, in order.

    Delete a form from the queue on `created` and `exists` only.
    """
    return SubmissionBatchAnswer(items=[await _one_of_many(raw, who, context) for raw in body.submissions])


@router.get("/v1/survey-rounds/{round_id}/findings", summary="What a survey round found")
async def list_findings(
    *,
    round_id: UUID,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    kind: Annotated[FindingKind | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[FindingAnswer]:
    """List findings of a compound in the order of their arrival. The reading is recorded."""
    last = FIRST if after is None else AFTER.read(after)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await round_within(tx, who, round_id)
        grids = await grids_within(tx, who, compound)
        rows = await tx.fetch(store.FINDING_PAGE, round_id, compound, grids, kind, *last, limit + 1)
        names = await names_of(
            tx, rows[:limit], who, context.vault, action="survey_finding.list", compound=compound
        )
    keys = await context.vault.keys({row["key_ref"] for row in rows[:limit]})
    items = [
        FindingAnswer(
            **{
                name: row[name]
                for name in ("submission_id", "dwelling_id", "kind", "person_ref", "intake_id")
            },
            room=_room(row),
            name=names.get(row["person_ref"]),
            note=opened_detail(row, keys.get(row["key_ref"])).get("note"),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=next_page(rows, limit))


async def hand_in(cmd: SubmitForm, who: Principal, context: Context) -> tuple[Taken, bool]:
    """Hand a form in for somebody who may survey the dwelling; who was registered meanwhile is found again."""
    for attempt in range(1, _TRIES + 1):
        try:
            async with context.database.begin(
                actor=who.subject, worker_ref=who.worker_ref, cause=cause()
            ) as tx:
                await target_within(tx, who, cmd.round_id, cmd.dwelling_id)
                return await handlers.submit(cmd, tx=tx, keeper=keeper_of(context))
        except RegisteredMeanwhile:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def target_within(conn: Conn, who: Principal, round_id: UUID, dwelling_id: UUID) -> asyncpg.Record:
    """A dwelling of a round, within the caller's scope.

    Raises:
        TargetUnknown: the round does not ask it.
        OutOfScope: it is not the caller's.
    """
    target = await store.target(conn, round_id, dwelling_id)
    if target is None:
        raise TargetUnknown(
            "本轮排摸不包括该房屋。The round does not ask this dwelling.", field="dwelling_id"
        )
    who.require_compound(
        target["compound_id"], neighbourhood=target["neighbourhood_id"], grid=target["grid_id"]
    )
    return target


async def _one_of_many(raw: object, who: Principal, context: Context) -> SubmissionItem:
    try:
        body = SubmissionBody.model_validate(raw)
    except ValidationError as error:
        return _invalid(raw, error)
    try:
        taken, new = await hand_in(body.command(), who, context)
    except Refusal as refusal:
        return SubmissionItem(
            submission_id=body.submission_id, status="rejected", code=refusal.code, field=refusal.field
        )
    except TRANSIENT:
        return SubmissionItem(
            submission_id=body.submission_id, status="retry", code="unavailable", retry_after=RETRY_SECONDS
        )
    return SubmissionItem(
        submission_id=body.submission_id,
        status="created" if new else "exists",
        answer=SubmissionAnswer.of(taken),
    )


def _invalid(raw: object, error: ValidationError) -> SubmissionItem:
    """What is wrong with an item, by place; never its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    try:
        submission_id = UUID(str(raw["submission_id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        submission_id = None
    field = ".".join(map(str, first["loc"]))[:200] or None
    return SubmissionItem(submission_id=submission_id, status="rejected", code="invalid_request", field=field)


async def names_of(
    tx: Tx, rows: list[asyncpg.Record], who: Principal, vault: Vault, *, action: str, compound: str
) -> dict[UUID | None, str]:
    """Masked names of the people of these rows; the reading is recorded."""
    refs = sorted({row["person_ref"] for row in rows if row["person_ref"]})
    found = await people_reading.by_pseudonym(tx, refs, vault)
    await note_reads(tx, action=action, role=roles_of(who), refs=refs, scope=f"compound:{compound}")
    return {ref: masked_name(one.name) for ref, one in found.items()}


def next_page(rows: list[asyncpg.Record], limit: int) -> str | None:
    """Where the next page of forms' parts begins, if there is one."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return AFTER.write(last["received_at"], last["submission_id"], last["nth"])


def _room(row: Any) -> str:
    return AddressKey(row["compound_id"], row["building"], row["unit"], row["room"]).shown()
