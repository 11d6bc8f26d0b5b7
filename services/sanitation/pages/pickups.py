"""Waste of isolating households, door by door with its chain of custody (R5.2, S4; screens 4.10).

The page names rooms, so no phone keeps it; what was done at a door is kept like every other log, without the room.
"""

from datetime import time
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import Day, InContext, cause
from services.sanitation.api.pickups import PickupLine, reader_of_rooms
from services.sanitation.domain.pickups import SkipReason, Step
from services.sanitation.domain.words import EXPLAINED, in_words
from services.sanitation.handlers import pickups as handlers
from services.sanitation.handlers.pickups import PutOff, RecordStep, SkipPickup
from services.sanitation.pages.places import place_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, DwellingId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of
from shared.pages.typed import LocalClock, LocalMinute, minute_of

router = page_router()

MOST = 200
STEPS: tuple[Step, ...] = ("sealed", "collected", "disinfected", "handed_over")
REASONS: tuple[SkipReason, ...] = ("nobody_opened", "refused", "other")


class NothingSaid(Refusal):
    """The form does not say what to do."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "nothing_said"


class PickupForm(PageForm):
    """Something to be done with a pickup; which fields it needs depends on `act`."""

    id: UUID
    compound: CompoundId
    act: Literal["step", "skip", "put_off", "hour"]
    step: Step | None = None
    bags: Annotated[str, Field(max_length=2, pattern=r"^\d*$")] = ""
    receiver: Annotated[str, Field(max_length=32, pattern=r"^$|^[a-z0-9][a-z0-9_-]*$")] = ""
    reason: SkipReason | None = None
    note: Annotated[str, Field(max_length=200)] = ""
    due_at: LocalMinute = ""
    hour: LocalClock = ""
    dwelling_id: UUID | None = None


@router.get("/pickups")
async def pickups(
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
) -> Response:
    """A compound's pickups of a day; reading the rooms is written down."""
    return await _page(request, who, context, compound, day=day)


@router.post("/pickups/{pickup_id}")
async def act(
    request: Request,
    pickup_id: UUID,
    who: Caller,
    context: InContext,
    form: Annotated[PickupForm, Form()],
) -> Response:
    """Do the next step, say why it was not fetched, or agree on another hour; who may is the same as over the API."""
    pages: Pages = request.app.state.pages
    try:
        acting = who.acting(*ACCESS[_CELLS[form.act]])
        async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
            match form.act:
                case "step" if form.step is not None:
                    cmd = RecordStep(
                        act_id=form.id,
                        pickup_id=pickup_id,
                        step=form.step,
                        done_at=tx.now,
                        sent_at=None,
                        bags=int(form.bags) if form.bags else None,
                        receiver=form.receiver or None,
                    )
                    await handlers.record_step(cmd, who=acting, tx=tx)
                case "skip" if form.reason is not None:
                    skipped = SkipPickup(
                        act_id=form.id,
                        pickup_id=pickup_id,
                        reason=form.reason,
                        note=in_words(form.note, EXPLAINED),
                    )
                    await handlers.skip(skipped, who=acting, tx=tx, vault=context.vault)
                case "put_off" if due_at := minute_of(form.due_at):
                    await handlers.put_off(
                        PutOff(act_id=form.id, pickup_id=pickup_id, due_at=due_at), who=acting, tx=tx
                    )
                case "hour" if form.hour and form.dwelling_id is not None:
                    await handlers.agree_hour(
                        DwellingId(form.dwelling_id), time.fromisoformat(form.hour), who=acting, tx=tx
                    )
                case _:
                    raise NothingSaid(
                        "没有填写要做的事。It does not say what to do.",
                        remedy="填好这一栏再提交。Fill it in and send it again.",
                    )
    except Refusal as refused:
        return await _page(request, who, context, form.compound, refused=refused)
    return RedirectResponse(pages.url(f"/pickups?compound={form.compound}#p-{pickup_id}"), 303)


_CELLS = {
    "step": "POST /v1/pickups/{pickup_id}/steps",
    "skip": "POST /v1/pickups/{pickup_id}/skips",
    "put_off": "POST /v1/pickups/{pickup_id}/reschedulings",
    "hour": "PUT /v1/households/{dwelling_id}/pickup-hour",
}


def _may(what: str, who: Principal) -> bool:
    return who.has(*ACCESS[_CELLS[what]])


async def _page(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    day: Day | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_of(tx, who, compound)
        found = []
        if place.compound is not None:
            found = await handlers.pickups_of_day(
                tx,
                place.compound,
                day or tx.today,
                after=UUID(int=0),
                limit=MOST,
                role=reader_of_rooms(who),
                vault=context.vault,
            )
    lines = [PickupLine.line(one) for one in found]
    return pages.render(
        request,
        "pickups.html",
        status=refused.status if refused else 200,
        account=who.subject,
        place=place,
        now=context.clock.now(),
        day=day or context.clock.today(),
        lines=sorted(lines, key=lambda one: (one.state in {"handed_over", "withdrawn"}, one.due_at)),
        left=sum(one.state not in {"handed_over", "withdrawn"} for one in lines),
        may={what: _may(what, who) for what in _CELLS},
        steps=STEPS,
        reasons=REASONS,
        new_id=uuid7,
        refused=told_of(request, refused),
    )
