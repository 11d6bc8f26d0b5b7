"""Two forms of one household that disagree: listed with the differences, settled by a clerk (P7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from services.registry.domain.survey_forms import (
    Difference,
    Filed,
    FormOutcome,
    NoConflict,
    Standing,
    SubmissionUnknown,
    differences,
)
from services.registry.handlers import survey_findings, survey_forms, survey_people
from services.registry.handlers.people import Keeper
from services.registry.handlers.survey_files import filed
from services.registry.handlers.survey_forms import SubmitForm, Taken
from services.registry.handlers.survey_people import Seen
from services.registry.store import survey_forms as store
from shared.db.pool import Conn, Tx
from shared.kernel.ids import uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

REASON, CONTENT = "survey_reason", "survey_resolution"
"""Names of a sealed field and of a keyed index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """The form that holds and one that disagrees with it, opened; never logged."""

    current: Filed
    other: Filed
    differences: tuple[Difference, ...]

    @property
    def outcomes_differ(self) -> bool:
        """Whether already what came of the visits is not the same."""
        return self.current.form.outcome is not self.other.form.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """A clerk chooses one of the forms, or hands in one that merges them. `resolution_id` is made by the client."""

    resolution_id: UUID
    chosen: UUID | None
    merged: SubmitForm | None
    reason: str
    content: str


async def disagreements(conn: Conn, round_id: UUID, dwelling_id: UUID, vault: Vault) -> list[Disagreement]:
    """Every form of a dwelling that disagrees with the one that holds."""
    held = await _held(conn, round_id, dwelling_id, vault)
    current = next((one for one, standing in held if standing is Standing.CURRENT), None)
    if current is None:
        return []
    return [
        Disagreement(
            current=current,
            other=other,
            differences=tuple(differences(current.form.members, other.form.members)),
        )
        for other, standing in held
        if standing is Standing.CONFLICTING
    ]


async def resolve(cmd: Resolve, target: asyncpg.Record, *, tx: Tx, keeper: Keeper) -> tuple[Taken, bool]:
    """Let the chosen or merged form be the record; the others are kept, and people are counted once.

    Whom only the form that held before had brought into the dwelling's record leaves it again, unless the chosen one
    names them as well.

    Raises:
        SameIdOtherContent: the id was used for another resolution.
        NoConflict, SubmissionUnknown, RoundClosed: there is nothing to choose (any more).
        And what a form is refused for.
    """
    await store.lock_id(tx, cmd.resolution_id)
    if (known := await tx.fetchrow(store.RESOLUTION, cmd.resolution_id)) is not None:
        if known["content_index"] not in keeper.vault.index_all(CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于另一次处理。This id was used for another resolution.", field="resolution_id"
            )
        return survey_forms.first_answer(known["chosen"], known["answer"]), False
    await survey_forms.open_round(tx, target["round_id"])
    if not target["conflict"]:
        raise NoConflict("该户没有待处理的冲突。The dwelling's forms do not disagree.")
    held = await _held(tx, target["round_id"], target["dwelling_id"], keeper.vault)
    before = next(one for one, standing in held if standing is Standing.CURRENT)
    chosen = await _chosen(cmd, [one for one, _ in held], target, tx=tx, keeper=keeper)
    await store.make_current(
        tx, target["round_id"], target["dwelling_id"], chosen.submission_id, settles=True
    )
    if chosen.submission_id != before.submission_id:
        await survey_forms.apply(tx, chosen, target, keeper)
        await _take_back(tx, before, chosen, target, keeper)
        if chosen.form.outcome is FormOutcome.DONE:
            await survey_findings.note_unmentioned(tx, chosen, target)
    taken = await survey_forms.tell(
        tx,
        chosen.submission_id,
        Standing.CURRENT,
        target,
        outcome=chosen.form.outcome.value,
        conflict=False,
        attempts=target["attempts"],
        surveyed_at=chosen.form.visited_at,
    )
    if cmd.merged is not None:
        await store.set_answer(tx, chosen.submission_id, taken.as_json())
    await _note(tx, cmd, taken, target, keeper)
    return taken, True


async def _chosen(
    cmd: Resolve, held: Sequence[Filed], target: asyncpg.Record, *, tx: Tx, keeper: Keeper
) -> Filed:
    if cmd.merged is not None:
        members = await survey_forms.known_members(tx, cmd.merged.form.members, target, keeper)
        await survey_forms.check(tx, cmd.merged)
        merged = Filed(
            submission_id=cmd.merged.submission_id,
            source="clerk",
            corrects=None,
            form=replace(cmd.merged.form, members=members),
        )
        await survey_forms.keep(tx, cmd.merged, merged, Standing.KEPT, keeper)
        return merged
    found = next((one for one in held if one.submission_id == cmd.chosen), None)
    if found is None:
        raise SubmissionUnknown("该户没有这份登记。The dwelling has no such form.", field="chosen")
    return found


async def _take_back(tx: Tx, before: Filed, chosen: Filed, target: asyncpg.Record, keeper: Keeper) -> None:
    rows = await tx.fetch(store.MEMBERS, [before.submission_id, chosen.submission_id])
    named = {row["person_ref"] for row in rows if row["submission_id"] == chosen.submission_id}
    brought = [
        row["person_ref"]
        for row in rows
        if row["submission_id"] == before.submission_id and row["entered"] and row["person_ref"] not in named
    ]
    seen = Seen(submission_id=chosen.submission_id, dwelling_id=target["dwelling_id"], gone=brought)
    await survey_people.follow(tx, keeper, seen)


async def _note(tx: Tx, cmd: Resolve, taken: Taken, target: asyncpg.Record, keeper: Keeper) -> None:
    key_ref = uuid7()
    key = await keeper.vault.key(key_ref, create=True)
    await tx.execute(
        store.ADD_RESOLUTION,
        cmd.resolution_id,
        target["round_id"],
        target["dwelling_id"],
        taken.submission_id,
        keeper.vault.seal(key, REASON, cmd.reason),
        key_ref,
        keeper.vault.index(CONTENT, cmd.content),
        tx.actor or "unknown",
        tx.now,
        taken.as_json(),
    )


async def _held(conn: Conn, round_id: UUID, dwelling_id: UUID, vault: Vault) -> list[tuple[Filed, Standing]]:
    return [await filed(conn, row, vault) for row in await store.submissions_of(conn, round_id, dwelling_id)]
