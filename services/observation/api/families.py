"""One phone for a family: who the link reaches, declaring for them, and what staff let it reach (R2.7)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.observation.api.batches import Batch, BatchAnswer, NamedDeclaration
from services.observation.api.contacts import masked_of
from services.observation.api.models import ContactAnswer, NextWindow, Running, cause
from services.observation.api.resident import link_of
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.case import State
from services.observation.domain.declaring import Channel
from services.observation.domain.families import NotInFamily, check_member
from services.observation.domain.grid import next_window
from services.observation.domain.masking import masked_name
from services.observation.domain.refusals import LinkUnknown
from services.observation.handlers import observing
from services.observation.store import cases, families
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["families"])
MOST_OF_A_FAMILY = 20


class FamilyBody(Body):
    """Each member's own answers; an item that is not in order is rejected by itself."""

    declarations: list[Any] = Field(
        min_length=1,
        max_length=MOST_OF_A_FAMILY,
        examples=[[{"declaration_id": "…", "case_id": "…", "temperature_c": 36.5, "symptoms": []}]],
    )


class MemberAnswer(Answer):
    """Somebody for whom the holder of the link may declare: surname and a star."""

    case_id: UUID
    own: bool
    name: str | None
    state: State
    next_window: NextWindow | None


class FamilyAnswer(Answer):
    """The holder first, then the others of the dwelling."""

    members: list[MemberAnswer]


class Housemate(Answer):
    """Somebody else of a dwelling who is under observation."""

    case_id: UUID
    state: State
    last_day: date
    contact: ContactAnswer | None


class Housemates(Answer):
    """The others of a dwelling."""

    housemates: list[Housemate]


@router.get("/v1/me/family", summary="For whom I may declare")
async def my_family(who: Caller, context: Running) -> FamilyAnswer:
    """Tell the people whom this link reaches, and what each has to declare next."""
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        rows = await families.family(conn, link_of(who))
        calendar = await observing.calendar_in_force(conn, today)
        found = {row["case_id"]: await cases.find(conn, row["case_id"]) for row in rows}
        keys = await context.vault.keys(row["person_ref"] for row in rows)
    members: list[MemberAnswer] = []
    for row in rows:
        key, case = keys.get(row["person_ref"]), found[row["case_id"]]
        sealed = row["name_sealed"]
        name = None if key is None or sealed is None else masked_name(context.vault.open(key, "name", sealed))
        members.append(
            MemberAnswer(
                case_id=row["case_id"],
                own=row["own"],
                name=name,
                state=State(row["state"]),
                next_window=None if case is None else NextWindow.of(next_window(case, calendar, now=now)),
            )
        )
    return FamilyAnswer(members=members)


@router.post("/v1/me/family/declarations", summary="Declare for the family")
async def declare_for_family(body: FamilyBody, who: Caller, context: Running) -> BatchAnswer:
    """Declare for several members at once, each with answers of their own; repeatable with the same ids.

    What the holder of the link says of the own case is recorded as `self`, of the others as `proxy`.
    """
    link_id = link_of(who)

    async def admit(tx: Tx, items: Sequence[NamedDeclaration]) -> list[Channel | Refusal]:
        own = {row["case_id"]: row["own"] for row in await families.family(tx, link_id)}
        return [_admitted(item.case_id, own) for item in items]

    batch = Batch(NamedDeclaration, admit)
    return BatchAnswer(items=await batch.take(body.declarations, who=who, context=context))


def _admitted(case_id: UUID, own: Mapping[UUID, bool]) -> Channel | Refusal:
    if case_id not in own:
        return NotInFamily(
            "您的链接不能为此人申报。Your link does not reach this person.",
            field="case_id",
            remedy="请联系网格员添加家庭成员。Ask your grid worker to add the member.",
        )
    return "self" if own[case_id] else "proxy"


@router.get("/v1/cases/{case_id}/housemates", summary="Who else of the dwelling is under observation")
async def list_housemates(case_id: UUID, who: Caller, context: Running) -> Housemates:
    """Tell the others of the dwelling: whom a link of this case may reach. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        rows = await families.housemates(tx, case_id)
        keys = await context.vault.keys(row["person_ref"] for row in rows)
        found = [
            Housemate(
                case_id=row["case_id"],
                state=State(row["state"]),
                last_day=row["last_day"],
                contact=masked_of(keys.get(row["person_ref"]), row),
            )
            for row in rows
        ]
        if read := [row["person_ref"] for row, one in zip(rows, found, strict=True) if one.contact]:
            await note_reads(
                tx,
                role=roles_of(who),
                action="observation.housemates",
                refs=read,
                scope=f"compound:{place['compound']}",
            )
    return Housemates(housemates=found)


@router.put(
    "/v1/cases/{case_id}/links/{link_id}/members/{member_case_id}",
    summary="Let a link reach another member of the dwelling",
    status_code=204,
)
async def add_member(
    case_id: UUID, link_id: UUID, member_case_id: UUID, who: Caller, context: Running
) -> None:
    """Let the holder of a link declare for somebody of the same dwelling; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        await place_within(tx, member_case_id, who)
        found = await families.link_and_member(
            tx, link_id=link_id, case_id=case_id, member_case_id=member_case_id
        )
        if found is None:
            raise LinkUnknown("没有这个有效的链接。There is no such living link.")
        check_member(one_dwelling=found["one_dwelling"], over=found["ended_at"] is not None)
        await families.add_member(tx, link_id=link_id, case_id=member_case_id, added_by=who.subject)


@router.delete(
    "/v1/cases/{case_id}/links/{link_id}/members/{member_case_id}",
    summary="Let a link reach a member no longer",
    status_code=204,
)
async def remove_member(
    case_id: UUID, link_id: UUID, member_case_id: UUID, who: Caller, context: Running
) -> None:
    """Take a member away from a link; what was declared stays. A second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        found = await families.link_and_member(
            tx, link_id=link_id, case_id=case_id, member_case_id=member_case_id
        )
        if found is None:
            raise LinkUnknown("没有这个有效的链接。There is no such living link.")
        await families.remove_member(tx, link_id=link_id, case_id=member_case_id)
