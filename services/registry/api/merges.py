"""Possible duplicates, merges and their undo over HTTP (Identity, P10)."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints, model_validator

from services.registry.api.common import Running, cause, keeper_of, roles_of
from services.registry.api.people_scope import require_person
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.people import masked_name
from services.registry.handlers import merges as handlers
from services.registry.handlers.merges import MergePeople
from services.registry.handlers.people_reading import Profile
from services.registry.store import merges as store
from services.registry.store import premises
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["people"])
_AFTER = Cursor(UUID, UUID)
_FIRST = (UUID(int=0), UUID(int=0))

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
DuplicateReason = Literal[
    "same_document",
    "same_name_and_phone",
    "same_name_birth_and_dwelling",
    "earlier_name_or_birth_at_dwelling",
    "newborn_registered_later",
]


class MergeBody(Body):
    """Two records of one person. `kept` stands for both from now on; `merge_id` is made by the client."""

    merge_id: UUID
    kept: UUID
    merged: UUID
    reason: Reason

    @model_validator(mode="after")
    def _two_records(self) -> Self:
        if self.kept == self.merged:
            raise ValueError("同一条记录不能与自己合并。Name two records: one is not merged with itself.")
        return self


class SeparationBody(Body):
    """Why the merge is taken back."""

    separation_id: UUID
    reason: Reason


class DismissalBody(Body):
    """Two records that are two people, and how that is known."""

    one: UUID
    other: UUID
    reason: Reason


class MergeAnswer(Answer):
    """A merge, in force while it is not separated."""

    merge_id: UUID
    kept: UUID
    merged: UUID
    merged_at: datetime
    separated_at: datetime | None


class RecordAnswer(Answer):
    """One of two records as lists show it."""

    person_ref: UUID
    name: str
    born: str
    rooms: list[str]


class DuplicateAnswer(Answer):
    """Two records that may be one person's, and why; a person decides."""

    one: RecordAnswer
    other: RecordAnswer
    reasons: list[DuplicateReason]


@router.get("/v1/duplicates", summary="Possible duplicates")
async def list_duplicates(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    reason: Annotated[DuplicateReason | None, Query()] = None,
    dismissed: Annotated[bool, Query(description="Those that were found to be two people.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> Page[DuplicateAnswer]:
    """Propose pairs of records of which one at least is in the compound. An empty phone never matches."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await premises.compound(tx, compound)
        if place is None:
            raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
        who.require_compound(place.compound_id, neighbourhood=place.neighbourhood_id)
        rows = await store.candidates(
            tx, compound, after=last, dismissed=dismissed, reason=reason, limit=limit + 1
        )
        pairs = await handlers.possible(rows[:limit], tx=tx, vault=context.vault)
        await note_reads(
            tx,
            role=roles_of(who),
            action="people.duplicates",
            refs=[side.person_ref for pair in pairs for side in (pair.one, pair.other)],
            scope=f"compound:{compound}",
        )
    more = _AFTER.write(rows[limit - 1]["one"], rows[limit - 1]["other"]) if len(rows) > limit else None
    items = [
        DuplicateAnswer.model_validate(
            {"one": _record(pair.one), "other": _record(pair.other), "reasons": list(pair.reasons)}
        )
        for pair in pairs
    ]
    return Page(items=items, next=more)


@router.post("/v1/duplicates/dismissals", summary="Two records are two people", status_code=204)
async def dismiss_duplicate(body: DismissalBody, who: Caller, context: Running) -> None:
    """Remember that two records are two people; they are not proposed any more. A repeat changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        for ref in (body.one, body.other):
            await require_person(tx, who, ref)
        await handlers.dismiss(body.one, body.other, body.reason, tx=tx, vault=context.vault)


@router.post("/v1/merges", summary="Merge two records of one person", status_code=201)
async def merge_people(body: MergeBody, who: Caller, context: Running, response: Response) -> MergeAnswer:
    """Let one record stand for both. Lookups by either find it, and an old pass works; of a compound one pass goes on.

    The same merge again gets the first answer (200). `merge_impossible` names the cause.
    """
    cmd = MergePeople(merge_id=body.merge_id, kept=body.kept, merged=body.merged, reason=body.reason)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        for ref in (body.kept, body.merged):
            await require_person(tx, who, ref)
        row, new = await handlers.merge(cmd, tx=tx, keeper=keeper_of(context))
    response.status_code = 201 if new else 200
    return _merge(row)


@router.post("/v1/merges/{merge_id}/undo", summary="Take a merge back")
async def separate_people(merge_id: UUID, body: SeparationBody, who: Caller, context: Running) -> MergeAnswer:
    """Let both records stand for themselves again, with everything that was their own. A repeat changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await handlers.existing(tx, merge_id)
        for ref in (row["kept"], row["merged"]):
            await require_person(tx, who, ref)
        row = await handlers.separate(
            merge_id, body.separation_id, body.reason, tx=tx, keeper=keeper_of(context)
        )
    return _merge(row)


def _merge(row: asyncpg.Record) -> MergeAnswer:
    return MergeAnswer(**{name: row[name] for name in MergeAnswer.model_fields})


def _record(profile: Profile) -> dict[str, object]:
    return {
        "person_ref": profile.person_ref,
        "name": masked_name(profile.name),
        "born": f"{profile.born.year}",
        "rooms": [living.home.key.shown() for living in profile.homes],
    }
