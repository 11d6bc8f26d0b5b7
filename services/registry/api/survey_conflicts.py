"""Forms that disagree, over HTTP: listed with the differences, settled by a clerk (P7)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints, model_validator

from services.registry.api.common import Running, cause, keeper_of, roles_of
from services.registry.api.survey_bodies import FormBody, SubmissionAnswer
from services.registry.api.survey_forms import target_within
from services.registry.api.surveys import grids_within, round_within
from services.registry.domain.people import RegisteredMeanwhile, masked_name
from services.registry.domain.premises import AddressKey
from services.registry.domain.survey_forms import Filed, FormOutcome, Member
from services.registry.handlers import people_reading, survey_forms
from services.registry.handlers import survey_conflicts as handlers
from services.registry.handlers.survey_conflicts import Disagreement, Resolve
from services.registry.handlers.survey_forms import SubmitForm, Taken
from services.registry.store import survey_forms as store
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId
from shared.kernel.sealed import Vault

router = APIRouter(tags=["survey"])
_AFTER = Cursor(UUID)
_TRIES = 3


class MergedBody(FormBody):
    """One form made of those that disagree."""

    submission_id: UUID
    outcome: FormOutcome

    @model_validator(mode="after")
    def _a_result(self) -> Self:
        if self.outcome not in {FormOutcome.DONE, FormOutcome.EMPTY}:
            raise ValueError(
                "合并后的表须有最终结果（done 或 empty）。A merged form has a final result: done or empty."
            )
        return self


class ResolutionBody(Body):
    """Which form holds: one of those handed in, or a merged one; and why. `resolution_id` is made by the client."""

    resolution_id: UUID
    chosen: UUID | None = None
    merged: MergedBody | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.chosen is None) == (self.merged is None):
            raise ValueError("选定一份，或填写合并后的一份（二选一）。Name either chosen or merged.")
        return self


class SideAnswer(Answer):
    """One of two forms that disagree."""

    submission_id: UUID
    outcome: FormOutcome
    visited_at: datetime
    here: int
    gone: int


class DifferenceAnswer(Answer):
    """Somebody about whom two forms disagree: named by one of them only, or stated differently. The name is masked."""

    only_in: UUID | None
    name: str | None
    fields: list[str]


class ConflictAnswer(Answer):
    """A form that disagrees with the one that holds."""

    dwelling_id: UUID
    grid: str
    room: str
    current: SideAnswer
    other: SideAnswer
    outcomes_differ: bool
    differences: list[DifferenceAnswer]


@router.get("/v1/survey-rounds/{round_id}/conflicts", summary="Forms that disagree")
async def list_conflicts(
    *,
    round_id: UUID,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    after: After = None,
    limit: Limit = 50,
) -> Page[ConflictAnswer]:
    """List dwellings whose forms disagree, with what is different. The reading is recorded."""
    last = UUID(int=0) if after is None else _AFTER.read(after)[0]
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await round_within(tx, who, round_id)
        grids = await grids_within(tx, who, compound)
        rows = await tx.fetch(store.CONFLICT_PAGE, round_id, compound, grids, last, limit + 1)
        found = [
            (row, one)
            for row in rows[:limit]
            for one in await handlers.disagreements(tx, round_id, row["dwelling_id"], context.vault)
        ]
        items = [
            ConflictAnswer(
                dwelling_id=row["dwelling_id"],
                grid=row["grid_id"],
                room=AddressKey(compound, row["building"], row["unit"], row["room"]).shown(),
                current=_side(one.current),
                other=_side(one.other),
                outcomes_differ=one.outcomes_differ,
                differences=await _differences(tx, one, context.vault),
            )
            for row, one in found
        ]
        refs = {
            member.person_ref
            for _, one in found
            for member in (*one.current.form.members, *one.other.form.members)
            if member.person_ref
        }
        await note_reads(
            tx,
            action="survey_conflict.list",
            role=roles_of(who),
            refs=sorted(refs),
            scope=f"compound:{compound}",
        )
    more = _AFTER.write(rows[limit - 1]["dwelling_id"]) if len(rows) > limit else None
    return Page(items=items, next=more)


@router.post(
    "/v1/survey-rounds/{round_id}/dwellings/{dwelling_id}/resolution", summary="Settle forms that disagree"
)
async def resolve(
    *,
    round_id: UUID,
    dwelling_id: UUID,
    body: ResolutionBody,
    who: Caller,
    context: Running,
    response: Response,
) -> SubmissionAnswer:
    """Choose one of the forms or hand in a merged one; every form is kept, and people are counted once."""
    merged = None
    if body.merged is not None:
        merged = SubmitForm(
            submission_id=body.merged.submission_id,
            round_id=round_id,
            dwelling_id=dwelling_id,
            source="clerk",
            corrects=None,
            form=body.merged.form(),
            content=body.merged.model_dump_json(exclude={"submission_id"}),
        )
    cmd = Resolve(
        resolution_id=body.resolution_id,
        chosen=body.chosen,
        merged=merged,
        reason=body.reason,
        content=f"{round_id}\n{dwelling_id}\n{body.model_dump_json(exclude={'resolution_id'})}",
    )
    taken, new = await _resolve(cmd, round_id, dwelling_id, who, context)
    response.status_code = 201 if new else 200
    return SubmissionAnswer.of(taken)


async def _resolve(
    cmd: Resolve, round_id: UUID, dwelling_id: UUID, who: Principal, context: Context
) -> tuple[Taken, bool]:
    for attempt in range(1, _TRIES + 1):
        try:
            async with context.database.begin(actor=who.subject, cause=cause()) as tx:
                await target_within(tx, who, round_id, dwelling_id)
                target = await survey_forms.locked(tx, round_id, dwelling_id)
                return await handlers.resolve(cmd, target, tx=tx, keeper=keeper_of(context))
        except RegisteredMeanwhile:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _side(filed: Filed) -> SideAnswer:
    here = sum(member.here for member in filed.form.members)
    return SideAnswer(
        submission_id=filed.submission_id,
        outcome=filed.form.outcome,
        visited_at=filed.form.visited_at,
        here=here,
        gone=len(filed.form.members) - here,
    )


async def _differences(tx: Tx, one: Disagreement, vault: Vault) -> list[DifferenceAnswer]:
    told: list[DifferenceAnswer] = []
    for difference in one.differences:
        only_in: UUID | None = None
        if difference.first is None:
            only_in, member = one.other.submission_id, one.other.form.members[difference.second or 0]
        else:
            member = one.current.form.members[difference.first]
            if difference.second is None:
                only_in = one.current.submission_id
        told.append(
            DifferenceAnswer(
                only_in=only_in, name=await _name(tx, member, vault), fields=list(difference.fields)
            )
        )
    return told


async def _name(tx: Tx, member: Member, vault: Vault) -> str | None:
    if member.stated is not None:
        return masked_name(member.stated.name)
    profiles = await people_reading.profiles(tx, [member.person_ref] if member.person_ref else [], vault)
    return masked_name(profiles[0].name) if profiles else None
