"""Exporting lists over HTTP: with a reason, masked unless the role may see, kept sealed and not for long (R4.2, H3)."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Running, cause, roles_of
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.exports import PERSONAL, ExportNotReady
from services.registry.domain.list_columns import Kind
from services.registry.handlers import exports as handlers
from services.registry.handlers.exports import AskExport
from services.registry.store import exports as store
from services.registry.store import premises as premises_store
from shared.db.pool import Conn
from shared.http.access import TOWN, Caller, Principal, Role
from shared.http.models import Answer, Body
from shared.http.problem import refusing
from shared.http.uploads import as_file
from shared.kernel.ids import CompoundId
from shared.kernel.tables import FileFormat

router = APIRouter(tags=["exports"])


class ExportBody(Body):
    """What is wanted and why. `export_id` is made by the client and makes a repeat harmless."""

    export_id: UUID
    kind: Kind
    format: FileFormat = "xlsx"
    compound: CompoundId | None = Field(default=None, description="Of one compound; else of the town.")
    reason: Annotated[str, StringConstraints(min_length=2, max_length=500)] = Field(examples=["网格核对"])


class ExportAnswer(Answer):
    """An export and how far it is. `masked`: what names people is shortened, and cannot be imported."""

    export_id: UUID
    kind: Kind
    format: FileFormat
    compound: str | None
    masked: bool
    state: Literal["asked", "running", "done", "failed", "expired"]
    rows_total: int
    rows_done: int
    error: str | None
    detail: str | None
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None


@router.post("/v1/exports", summary="Export a list", status_code=202)
async def ask_export(body: ExportBody, who: Caller, context: Running, response: Response) -> ExportAnswer:
    """Make a list of the book as a file in the background; ask `GET /v1/exports/{export_id}` for progress.

    It has the columns of the template and imports as what the book says: nothing changes by it. A clerk gets the
    people of their places in full, everybody else masked. Who asked and why is recorded. The same again is one (200).
    One that names many people in full is `asked` until a second person lets it be made (`/v1/second-person`).
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        in_full = await _may_see(tx, who, body.compound)
        cmd = AskExport(
            export_id=body.export_id,
            kind=body.kind,
            file_format=body.format,
            compound=body.compound,
            masked=body.kind in PERSONAL and not in_full,
            reason=body.reason,
            role=roles_of(who),
        )
        job, new = await handlers.ask(cmd, tx=tx, vault=context.vault)
    response.status_code = 202 if new else 200
    return _answer(job)


@router.get("/v1/exports/{export_id}", summary="How far an export is")
async def read_export(export_id: UUID, who: Caller, context: Running) -> ExportAnswer:
    """Tell state and progress, to whoever asked for it."""
    async with context.database.read() as conn:
        return _answer(await handlers.of_actor(conn, export_id, who.subject))


@router.get(
    "/v1/exports/{export_id}/file",
    summary="Download an export",
    response_class=Response,
    responses=refusing(ExportNotReady),
)
async def download_export(export_id: UUID, who: Caller, context: Running) -> Response:
    """Give the file to whoever asked for it: 409 while it is being made, 410 when its time is over. Recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        job, content = await handlers.download(export_id, role=roles_of(who), tx=tx, vault=context.vault)
    return as_file(content, handlers.name_of(job), "csv" if job.format == "csv" else "xlsx")


async def _may_see(conn: Conn, who: Principal, compound: CompoundId | None) -> bool:
    """Whether the caller sees people of these places in full.

    Raises:
        CompoundUnknown, OutOfScope: the place.
    """
    clerk = replace(who, grants=tuple(one for one in who.grants if one.role is Role.COMMUNITY_CLERK))
    if compound is None:
        who.require_town()
        return TOWN in clerk.scopes_for()
    place = await premises_store.compound(conn, compound)
    if place is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    who.require_compound(compound, neighbourhood=place.neighbourhood_id)
    return clerk.reaches(compound=compound, neighbourhood=place.neighbourhood_id)


def _answer(job: store.Job) -> ExportAnswer:
    counted = {name: getattr(job, name) for name in ExportAnswer.model_fields if hasattr(job, name)}
    return ExportAnswer(**counted, compound=job.compound_id)
