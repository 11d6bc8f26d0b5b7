"""Taking household forms: kept once, judged, applied to the book, told (R4.1, R4.2, P7 to P9)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.registry.domain.survey_forms import (
    Filed,
    Form,
    FormOutcome,
    Member,
    NotOfThisDwelling,
    Source,
    Standing,
    SurveyedAlready,
    TargetUnknown,
    decide_form,
    decide_standing,
)
from services.registry.domain.surveys import RoundUnknown, closed
from services.registry.handlers import policy, survey_findings, survey_people
from services.registry.handlers.people import Keeper
from services.registry.handlers.survey_files import DETAIL, MEMBER, NOTE, filed, sealed_finding
from services.registry.handlers.survey_people import Seen
from services.registry.store import survey_forms as store
from services.registry.store.survey_forms import NewSubmission
from shared.db.pool import Tx
from shared.events.registry.surveys import HouseholdSurveyed
from shared.kernel.ids import uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

CONTENT = "survey_content"
"""Name of a keyed index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitForm:
    """A form as it is handed in. `submission_id` is made by the client; `content` is the request as one text."""

    submission_id: UUID
    round_id: UUID
    dwelling_id: UUID
    source: Source
    corrects: UUID | None
    form: Form
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a form: how it stands, and how its dwelling stands after it."""

    submission_id: UUID
    standing: Standing
    state: str
    final: bool
    attempt: int
    people: int
    intakes: tuple[UUID, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it, kept as the first answer."""
        return {
            "standing": self.standing.value,
            "state": self.state,
            "final": self.final,
            "attempt": self.attempt,
            "people": self.people,
            "intakes": [str(one) for one in self.intakes],
        }


async def submit(cmd: SubmitForm, *, tx: Tx, keeper: Keeper) -> tuple[Taken, bool]:
    """Keep a form, and let the book say what it found where it is the one that holds. The same form twice is one.

    Returns:
        What became of it, and whether it is new.

    Raises:
        SameIdOtherContent: the id was used for another form.
        RoundUnknown, RoundClosed, TargetUnknown: there is nothing to survey (any more).
        VisitOutsideRound, FormInconsistent, WitnessRequired, NotOfThisDwelling, PersonUnknown: the statement.
        And whatever registering a person or a returnee refuses.
    """
    await store.lock_id(tx, cmd.submission_id)
    if (known := await store.submission(tx, cmd.submission_id)) is not None:
        if known["content_index"] not in keeper.vault.index_all(CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于另一份登记。This id was used for another form.", field="submission_id"
            )
        return first_answer(known["submission_id"], known["answer"]), False
    await check(tx, cmd)
    target = await locked(tx, cmd.round_id, cmd.dwelling_id)
    members = await known_members(tx, cmd.form.members, target, keeper)
    new = Filed(
        submission_id=cmd.submission_id,
        source=cmd.source,
        corrects=cmd.corrects,
        form=replace(cmd.form, members=members),
    )
    held = [
        await filed(tx, row, keeper.vault)
        for row in await store.submissions_of(tx, cmd.round_id, cmd.dwelling_id)
    ]
    current = next((one for one, standing in held if standing is Standing.CURRENT), None)
    if cmd.source == "online" and current is not None and current.source != "online":
        raise SurveyedAlready(
            "工作人员已上门登记。A worker has been here already.",
            remedy="有变化请告诉网格员。Tell your grid worker what has changed.",
        )
    standing = decide_standing(new, current)
    await keep(tx, cmd, new, standing, keeper)
    taken = await _settle(tx, new, standing, target, keeper)
    await store.set_answer(tx, cmd.submission_id, taken.as_json())
    return taken, True


async def check(tx: Tx, cmd: SubmitForm) -> None:
    """Whether a form may be stated in its round, which nobody closes until the end of the transaction.

    Raises:
        RoundUnknown, RoundClosed, VisitOutsideRound, FormInconsistent, WitnessRequired: as their names say.
    """
    opened_at = await open_round(tx, cmd.round_id)
    rules = (await policy.in_force(tx, tx.today)).document
    decide_form(
        cmd.form,
        opened_at=opened_at,
        now=tx.now,
        tolerance=timedelta(seconds=rules.gate.future_stamp_seconds),
        rules=rules.survey,
    )


async def keep(tx: Tx, cmd: SubmitForm, new: Filed, standing: Standing, keeper: Keeper) -> None:
    """Write a form; what it says of people is sealed."""
    vault, form = keeper.vault, new.form
    key_ref = uuid7()  # never an id that a client chose: it could be that of somebody else's key
    key = await vault.key(key_ref, create=True)
    rows: list[tuple[object, ...]] = []
    for member in form.members:
        if member.stated is None:
            rows.append((member.state, member.person_ref, None, None))
            continue
        owner = member.person_ref or uuid7()
        own = await vault.key(owner, create=True)
        stated = json.dumps(member.stated.as_json(), ensure_ascii=False)
        rows.append((member.state, member.person_ref, owner, vault.seal(own, MEMBER, stated)))
    await store.add(
        tx,
        NewSubmission(
            submission_id=cmd.submission_id,
            round_id=cmd.round_id,
            dwelling_id=cmd.dwelling_id,
            source=cmd.source,
            outcome=form.outcome.value,
            standing=Standing.KEPT if standing is Standing.CURRENT else standing,
            visited_at=form.visited_at,
            corrects=cmd.corrects,
            witness=form.witness,
            key_ref=key_ref,
            note_sealed=vault.seal(key, NOTE, form.note) if form.note else None,
            content_index=vault.index(CONTENT, cmd.content),
            members=rows,
            findings=[sealed_finding(one, key) for one in form.findings],
            offers=[
                (one.kind, one.member, vault.seal(key, DETAIL, one.note) if one.note else None)
                for one in form.offers
            ],
        ),
    )
    if standing is Standing.CURRENT:
        await store.make_current(tx, cmd.round_id, cmd.dwelling_id, cmd.submission_id)


async def _settle(tx: Tx, new: Filed, standing: Standing, target: asyncpg.Record, keeper: Keeper) -> Taken:
    """Apply a form to the book if it holds, follow up a returnee in any case, and tell how the dwelling stands."""
    by_worker = new.source != "online"
    if standing is Standing.CURRENT and by_worker:
        await apply(tx, new, target, keeper)
        if new.form.outcome is FormOutcome.DONE:
            await survey_findings.note_unmentioned(tx, new, target)
    intakes = (
        await survey_findings.open_intakes(tx, new, target, keeper)
        if by_worker and new.form.outcome is FormOutcome.DONE
        else ()
    )
    conflict = target["conflict"] or standing is Standing.CONFLICTING
    outcome, surveyed_at = target["outcome"], target["surveyed_at"]
    if standing is Standing.CURRENT:
        outcome = new.form.outcome.value if by_worker else "to_confirm"
        surveyed_at = new.form.visited_at
    return await tell(
        tx,
        new.submission_id,
        standing,
        target,
        outcome=outcome,
        conflict=conflict,
        attempts=target["attempts"] + by_worker,
        surveyed_at=surveyed_at,
        intakes=intakes,
    )


async def tell(
    tx: Tx,
    submission_id: UUID,
    standing: Standing,
    target: asyncpg.Record,
    *,
    outcome: Literal["done", "absent", "refused", "empty", "to_confirm"],
    conflict: bool,
    attempts: int,
    surveyed_at: datetime,
    intakes: Sequence[UUID] = (),
) -> Taken:
    """Write and publish how a dwelling stands now."""
    final = outcome in {"done", "empty"} and not conflict
    version = await store.move_target(
        tx,
        target,
        outcome=outcome,
        final=final,
        conflict=conflict,
        attempts=attempts,
        surveyed_at=surveyed_at,
    )
    people = await store.residents(tx, target["dwelling_id"])
    await tx.publish(
        HouseholdSurveyed(
            round_id=target["round_id"],
            dwelling_id=target["dwelling_id"],
            compound=target["compound_id"],
            grid=target["grid_id"],
            outcome=outcome,
            final=final,
            attempts=attempts,
            people=people,
            conflict=conflict,
            surveyed_at=surveyed_at,
            worker_ref=tx.worker_ref,
        ),
        version=version,
    )
    return Taken(
        submission_id=submission_id,
        standing=standing,
        state="conflict" if conflict else outcome,
        final=final,
        attempt=attempts,
        people=people,
        intakes=tuple(intakes),
    )


async def apply(tx: Tx, new: Filed, target: asyncpg.Record, keeper: Keeper) -> None:
    """Let the book say what a form found: who came, and who is here no more. Each person once, whoever names them."""
    gone = [one.person_ref for one in new.form.members if one.state == "gone" and one.person_ref]
    named = [(nth, one.stated) for nth, one in enumerate(new.form.members) if one.stated is not None]
    seen = Seen(
        submission_id=new.submission_id,
        dwelling_id=target["dwelling_id"],
        came=[stated for _, stated in named],
        gone=gone,
    )
    came = await survey_people.follow(tx, keeper, seen)
    for (nth, stated), one in zip(named, came, strict=True):
        key = await keeper.vault.key(one.person_ref, create=True)
        text = Vault.seal(key, MEMBER, json.dumps(stated.as_json(), ensure_ascii=False))
        await tx.execute(store.NAME_MEMBER, new.submission_id, nth, one.person_ref, one.entered, text)


async def known_members(
    tx: Tx, members: Sequence[Member], target: asyncpg.Record, keeper: Keeper
) -> tuple[Member, ...]:
    """The members with the pseudonyms of those among the new ones whom the book has already.

    Raises:
        NotOfThisDwelling: somebody of the record was never at this dwelling.
    """
    stays = {row["person_ref"] for row in await tx.fetch(store.STAYS, target["dwelling_id"])}
    found: list[Member] = []
    for nth, member in enumerate(members):
        if member.stated is not None:
            ref = await survey_people.whom(tx, keeper, member.stated, target["dwelling_id"], tx.today)
            found.append(replace(member, person_ref=ref))
            continue
        if member.person_ref not in stays:
            raise NotOfThisDwelling(
                "此人从未登记在该房屋。The book has no stay of this person here.",
                field=f"members.{nth}.person_ref",
                remedy="按新增人员填写。State them as somebody new.",
            )
        found.append(member)
    return tuple(found)


async def open_round(tx: Tx, round_id: UUID) -> datetime:
    """When a round that is open was opened; nobody closes it until the end of the transaction.

    Raises:
        RoundUnknown, RoundClosed: as their names say.
    """
    row = await store.share_round(tx, round_id)
    if row is None:
        raise RoundUnknown("没有这一轮排摸。There is no such survey round.", field="round_id")
    if row["closed_at"] is not None:
        raise closed()
    opened_at: datetime = row["opened_at"]
    return opened_at


async def locked(tx: Tx, round_id: UUID, dwelling_id: UUID) -> asyncpg.Record:
    """A dwelling of a round, locked.

    Raises:
        TargetUnknown: the round does not ask it.
    """
    found = await store.locked_target(tx, round_id, dwelling_id)
    if found is None:
        raise TargetUnknown(
            "本轮排摸不包括该房屋。The round does not ask this dwelling.", field="dwelling_id"
        )
    return found


def first_answer(submission_id: UUID, answer: Mapping[str, Any]) -> Taken:
    """What was answered when the form came in, or when it was chosen."""
    return Taken(
        submission_id=submission_id,
        standing=Standing(answer["standing"]),
        state=answer["state"],
        final=answer["final"],
        attempt=answer["attempt"],
        people=answer["people"],
        intakes=tuple(UUID(one) for one in answer["intakes"]),
    )
