"""Exporting lists over HTTP: with a reason, cut to the caller's places, kept sealed and not for long (R7.1, H3)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.reporting import queries
from services.reporting.api.common import InContext, cause, roles_of
from services.reporting.domain.exports import GUIDES, ExportNotReady, Kind
from services.reporting.handlers import exports as handlers
from services.reporting.handlers.exports import AskExport
from services.reporting.store.exports import Job
from shared.http.access import Caller, OutOfScope, Role, RoleNotAllowed
from shared.http.models import Answer, Body
from shared.http.problem import refusing
from shared.http.uploads import as_file
from shared.kernel.ids import CompoundId
from shared.kernel.tables import FileFormat

router = APIRouter(tags=["exports"])

_OF_PEOPLE = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK})
"""Who may take away a list whose lines are about single people, as they may read it line by line."""
_Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class ExportBody(Body):
    """What is wanted and why. `export_id` is made by the client and makes a repeat harmless.

    The days are of what happens by day, today where they are left out; the board and the roll are as they stand.
    """

    export_id: UUID
    kind: Kind
    format: FileFormat = "xlsx"
    compound: CompoundId | None = Field(default=None, description="Of one compound; else of all in scope.")
    from_day: _Day | None = None
    to_day: _Day | None = None
    reason: Annotated[str, Field(min_length=2, max_length=500)] = Field(examples=["上报汇总"])


class ExportAnswer(Answer):
    """An export and how far it is."""

    export_id: UUID
    kind: Kind
    format: FileFormat
    compound: str | None
    from_day: date
    to_day: date
    state: Literal["running", "done", "failed", "expired"]
    rows_total: int
    rows_done: int
    error: str | None
    detail: str | None
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None


@router.post("/v1/exports", summary="Export a list", status_code=202)
async def ask_export(body: ExportBody, who: Caller, context: InContext, response: Response) -> ExportAnswer:
    """Make a list as a file in the background; ask `GET /v1/exports/{export_id}` for progress.

    It has the caller's compounds only. People are in it by pseudonym alone, so there is nothing to mask: names,
    documents and phones are the registry's, which masks them. Who asked and why is recorded. The same again is one
    (200).
    """
    if GUIDES[body.kind].about_people and not who.has(*_OF_PEOPLE):
        raise RoleNotAllowed("您的角色无权导出该清单。Your role may not take this list away.", field="kind")
    cmd = AskExport(
        export_id=body.export_id,
        kind=body.kind,
        file_format=body.format,
        compound=body.compound,
        from_day=body.from_day,
        to_day=body.to_day,
        reason=body.reason,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        within = await queries.within(tx, who)
        if within is not None and body.compound is not None and body.compound not in within:
            raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
        job, new = await handlers.ask(cmd, within=within, role=roles_of(who), tx=tx, vault=context.vault)
    response.status_code = 202 if new else 200
    return _answer(job)


@router.get("/v1/exports/{export_id}", summary="How far an export is")
async def read_export(export_id: UUID, who: Caller, context: InContext) -> ExportAnswer:
    """Tell state and progress, to whoever asked for it."""
    async with context.database.read() as conn:
        return _answer(await handlers.of_actor(conn, export_id, who.subject))


@router.get(
    "/v1/exports/{export_id}/file",
    summary="Download an export",
    response_class=Response,
    responses=refusing(ExportNotReady),
)
async def download_export(export_id: UUID, who: Caller, context: InContext) -> Response:
    """Give the file to whoever asked for it: 409 while it is being made, 410 when its time is over. Recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        job, content = await handlers.download(export_id, tx=tx, vault=context.vault)
    return as_file(content, handlers.name_of(job), job.format)


def _answer(job: Job) -> ExportAnswer:
    return ExportAnswer(**{name: getattr(job, name) for name in ExportAnswer.model_fields})
