"""The paper sheet and its keying-in over HTTP (gate rules)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field, StringConstraints

from services.gate.api.checks import answer_of
from services.gate.api.commands import command_of
from services.gate.api.devices import Working, command_cause
from services.gate.api.duty import Badge, Day
from services.gate.api.models import EntryCheckAnswer, EntryCheckBody
from services.gate.api.proofs import CallingStation
from services.gate.desk import desk
from services.gate.domain.paper import LINES, NotDecidedOnPaper, render_sheet, sheet_number
from services.gate.handlers.checks import Rejected
from services.gate.handlers.paper import KeyIn, key_in
from services.gate.handlers.roster import require_post
from services.gate.store import devices as store
from shared.http.access import Caller
from shared.http.models import Body
from shared.kernel.ids import CheckpointId

router = APIRouter(tags=["paper"])


class PaperBody(Body):
    """A line of a sheet. `check.checked_at` is the time on paper, `check.offline` what the guard decided then."""

    sheet: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{3,60}$")] = Field(
        description="The sheet's number."
    )
    line: Annotated[int, Field(strict=True, ge=1, le=LINES)]
    badge: Badge = Field(repr=False, description="Of whoever keys it in.")
    check: EntryCheckBody


@router.get(
    "/v1/checkpoints/{checkpoint}/paper-sheet",
    response_class=HTMLResponse,
    summary="A sheet to print, for when the device dies",
)
async def paper_sheet(
    *,
    checkpoint: CheckpointId,
    who: Caller,
    context: Working,
    request: Request,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
    page: Annotated[int, Query(ge=1, le=99)] = 1,
) -> HTMLResponse:
    """One A4 page, complete in itself, with a number under which its lines are keyed in later."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        await require_post(conn, who, checkpoint)
        rules = await desk(request.app).rules(conn, context.clock.today())
        row = await conn.fetchrow(store.POST_NAMES, checkpoint)
    assert row is not None  # noqa: S101 -- asked for just now
    return HTMLResponse(
        render_sheet(
            compound=row["compound_name"] or row["compound"],
            checkpoint=row["checkpoint_name"],
            number=sheet_number(checkpoint, wanted, page),
            day=wanted,
            fever_from_c=str(rules.fever_from_c),
        )
    )


@router.post(
    "/v1/paper-checks",
    status_code=HTTPStatus.CREATED,
    summary="Key in a line that was written on paper",
    responses={200: {"model": EntryCheckAnswer, "description": "A repeat: the first answer again."}},
)
async def key_in_line(
    body: PaperBody, station: CallingStation, context: Working, request: Request, response: Response
) -> EntryCheckAnswer:
    """Record a check from paper: history, like one that a device decided by itself, with who keyed it in."""
    if body.check.offline is None:
        raise NotDecidedOnPaper(
            "请录入纸质登记的处理结果。Say what was decided on paper.", field="check.offline"
        )
    mine = desk(request.app)
    command = await command_of(mine, station, body.check)
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await mine.rules(tx, tx.today)
        line = KeyIn(check=command, sheet=body.sheet, line=body.line, badge=body.badge)
        outcome = await key_in(line, tx=tx, rules=rules, vault=context.vault)
    if isinstance(outcome, Rejected):
        raise outcome.refusal
    response.status_code = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    return answer_of(body.check.check_id, outcome)
