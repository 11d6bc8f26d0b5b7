"""Exports: asked for with a reason, made in the background, kept sealed for a while (R4.2, P6, H3).

A process that dies leaves the export running; the next one makes it anew. One that names many people in full waits for
a second person (0051).
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.registry.domain.exports import PERSONAL, ExportNotReady, ExportUnknown
from services.registry.domain.list_columns import GUIDES, Kind
from services.registry.handlers import policy
from services.registry.handlers.export_lists import Wish, count, pages
from services.registry.store import exports as store
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.db.pool import TRANSIENT, Conn, Database, Tx
from shared.events.policy import SecondPersonRules
from shared.http.access import Role
from shared.http.problem import PolicyUnknown
from shared.kernel import tables
from shared.kernel.refusal import FileExpired, SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.kernel.sealed_texts import same
from shared.kernel.tables import FileFormat
from shared.obs.logging import get_logger
from shared.second_person import requests
from shared.second_person.requests import Act, Acts

log = get_logger(__name__)

_FILE, _REASON = "export_file", "export_reason"
"""Names of the sealed file and of what says that a reason is the same: part of what is stored, never renamed."""
_TELL_EVERY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExport:
    """Somebody wants a list as a file. `compound`: of one compound, else of the town."""

    export_id: UUID
    kind: Kind
    file_format: FileFormat
    compound: str | None
    masked: bool
    reason: str
    role: str


async def ask(cmd: AskExport, *, tx: Tx, vault: Vault) -> tuple[store.Job, bool]:
    """Write an export down to be made, and who wants it why; the same twice is one.

    Raises:
        SameIdOtherContent: the id was used for another export.
    """
    wish = Wish(kind=cmd.kind, compound=cmd.compound, masked=cmd.masked)
    known = await store.job(tx, cmd.export_id) is not None
    named = 0 if known or cmd.masked or cmd.kind not in PERSONAL else await count(tx, wish)
    rules = await _rules(tx) if named else None
    waits = rules is not None and named > rules.export_people
    new = await store.add(
        tx,
        cmd.export_id,
        kind=cmd.kind,
        file_format=cmd.file_format,
        compound_id=cmd.compound,
        masked=cmd.masked,
        reason_index=vault.index(_REASON, cmd.reason),
        waits=waits,
    )
    job = await store.job(tx, cmd.export_id)
    wanted = (cmd.kind, cmd.file_format, cmd.compound, tx.actor)
    if (
        job is None
        or (job.kind, job.format, job.compound_id, job.actor) != wanted
        or not same(vault, _REASON, job.reason_index, cmd.reason)
    ):
        raise SameIdOtherContent(
            "该编号已用于另一次导出。This id was used for another export.", field="export_id"
        )
    if new:
        await note_reads(
            tx,
            role=cmd.role,
            action=f"export.{cmd.kind}.masked" if cmd.masked else f"export.{cmd.kind}",
            refs=[],
            scope=cmd.compound or "town",
            reason=await reasons.sealed(vault, cmd.reason),
        )
    if new and waits and rules is not None:
        await requests.ask(
            tx,
            cmd.export_id,
            ACT,
            facts={"list": cmd.kind, "compound": cmd.compound, "people": named},
            reason=cmd.reason,
            role=cmd.role,
            within=timedelta(hours=rules.hours),
            vault=vault,
        )
    return job, new


async def _rules(tx: Tx) -> SecondPersonRules:
    rules = (await policy.in_force(tx, tx.today)).document.second_person
    if rules is None:
        raise PolicyUnknown
    return rules


async def _approved(tx: Tx, export_id: UUID) -> None:
    await store.begin(tx, export_id)


async def _dropped(tx: Tx, export_id: UUID, why: str | None) -> None:
    if why is None:
        error, detail = "request_lapsed", "审批到期未批。Nobody approved it in time."
    else:
        error, detail = "request_refused", "审批未通过。A second person refused it."
    await store.drop(tx, export_id, error=error, detail=detail)


ACT = "export"
DECIDERS = frozenset({Role.HQ_OFFICER})
ACTS: Acts = {ACT: Act(deciders=DECIDERS, approved=_approved, dropped=_dropped)}
"""What needs two people in this service."""


async def of_actor(conn: Conn, export_id: UUID, actor: str) -> store.Job:
    """An export of this actor's.

    Raises:
        ExportUnknown: there is none.
    """
    job = await store.job(conn, export_id)
    if job is None or job.actor != actor:
        raise ExportUnknown("没有这次导出。There is no such export.")
    return job


async def download(export_id: UUID, *, role: str, tx: Tx, vault: Vault) -> tuple[store.Job, bytes]:
    """The file of an export; that it was fetched is written down.

    Raises:
        ExportUnknown, ExportNotReady, FileExpired: as their names say.
    """
    job = await of_actor(tx, export_id, tx.by)
    if job.state == "expired":
        raise FileExpired("保存期已过，请重新导出。It is not kept any more; export it again.")
    if job.state != "done":
        raise ExportNotReady("导出尚未完成。The export is not done.", state=job.state)
    await note_reads(tx, role=role, action="export.downloaded", refs=[], scope=f"export:{export_id}")
    key = await vault.key(export_id)
    return job, await asyncio.to_thread(open_parts, key, _FILE, await store.parts(tx, export_id))


def name_of(job: store.Job) -> str:
    """What the file is called."""
    where = f"-{job.compound_id}" if job.compound_id else ""
    return f"{GUIDES[job.kind].name}{where}{'-已脱敏' if job.masked else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRunner:
    """Makes waiting exports, oldest first; the leader process runs it as a ticker."""

    vault: Vault
    keep_hours: int = 24

    async def act(self, database: Database) -> None:
        """Work until no export is waiting. Stopped at any moment, the next call goes on."""
        while job := await self._next(database):
            try:
                await self._make(database, job)
            except TRANSIENT:
                raise
            except Exception:  # recorded: the export is marked failed, later ones go on
                log.exception("export_failed", export_id=str(job.export_id), kind=job.kind)
                async with database.begin() as tx:
                    await store.fail(
                        tx,
                        job.export_id,
                        error="internal_error",
                        detail="导出中断，已记录，请重新导出。The export stopped; it has been recorded. Try again.",
                    )

    async def _next(self, database: Database) -> store.Job | None:
        async with database.read() as conn:
            return await store.next_job(conn)

    async def _make(self, database: Database, job: store.Job) -> None:
        wish = Wish(kind=job.kind, compound=job.compound_id, masked=job.masked)  # type: ignore[arg-type]  # checked by the table
        guide = GUIDES[job.kind]
        file = tables.writer(guide.name, guide.header, job.format)  # type: ignore[arg-type]  # checked by the table
        rows = told = 0
        async with database.read() as conn:
            total = await count(conn, wish)
            async for page in pages(conn, wish, self.vault):
                await asyncio.to_thread(file.add, page)
                rows += len(page)
                if rows - told >= _TELL_EVERY:
                    told = rows
                    async with database.begin() as tx:
                        await store.progress(tx, job.export_id, total, told)
        content = await asyncio.to_thread(file.finish)
        key = await self.vault.key(job.export_id, create=True)
        parts = await asyncio.to_thread(seal_parts, key, _FILE, content)
        until = database.clock.real_now() + timedelta(hours=self.keep_hours)
        async with database.begin() as tx:
            await store.finish(tx, job.export_id, rows=rows, parts=parts, kept_until=until)
        log.info("export_done", export_id=str(job.export_id), kind=job.kind, rows=rows)
