"""Exports: asked for with a reason, made page by page in the background, kept sealed for a while (R7.1, H3).

Each page is committed before the next one is read: a process that dies leaves the pages that it made, and the next one
goes on behind the last of them.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid5

from services.reporting.domain.exports import GUIDES, ExportNotReady, ExportUnknown, Kind, decide_days
from services.reporting.handlers.export_lists import count, lines
from services.reporting.store import exports as store
from services.reporting.store.exports import Job
from shared.audit.noting import note_reads
from shared.db import reach
from shared.db.erasures import destroy_keys
from shared.db.pool import TRANSIENT, Conn, Database, Tx
from shared.kernel import tables
from shared.kernel.refusal import FileExpired, SameIdOtherContent
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.kernel.sealed_texts import said_in, same, seal
from shared.kernel.tables import FileFormat
from shared.obs.logging import get_logger

log = get_logger(__name__)

_FILE, _PAGE, _REASON, _CONTENT = "export_file", "export_page", "export_reason", "export_content"
"""Names of sealed fields and of an index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExport:
    """Somebody wants a list as a file, of one compound or of all that they may see.

    The days are as they were said: asked again on the next day, what said none still says the same.
    """

    export_id: UUID
    kind: Kind
    file_format: FileFormat
    compound: str | None
    from_day: date | None
    to_day: date | None
    reason: str = field(repr=False)


async def ask(
    cmd: AskExport, *, within: Sequence[str] | None, role: str, tx: Tx, vault: Vault
) -> tuple[Job, bool]:
    """Write an export down to be made, and who wants it why; the same twice is one.

    Raises:
        DaysOutOfOrder: see `decide_days`.
        SameIdOtherContent: the id was used for another export.
    """
    job, new = await store.job(tx, cmd.export_id), False
    if job is None:
        from_day, to_day = decide_days(cmd.from_day, cmd.to_day, tx.today)
        reason = await seal(vault, cmd.export_id, _REASON, cmd.reason)
        wanted = Job(
            export_id=cmd.export_id,
            kind=cmd.kind,
            format=cmd.file_format,
            compound=cmd.compound,
            from_day=from_day,
            to_day=to_day,
            within=None if within is None else tuple(within),
            content_index=vault.index(_CONTENT, said_in(cmd)),
            actor=tx.by,
            role=role,
            created_at=tx.now,
        )
        new = await store.add(tx, wanted, reason_sealed=reason.sealed if reason else b"")
        job = await store.job(tx, cmd.export_id)
    if job is None or job.actor != tx.by or not same(vault, _CONTENT, job.content_index, said_in(cmd)):
        raise SameIdOtherContent(
            "该编号已用于另一次导出。This id was used for another export.", field="export_id"
        )
    if new:
        await _note(tx, job, f"export.{cmd.kind}")
    return job, new


async def of_actor(conn: Conn, export_id: UUID, actor: str) -> Job:
    """An export of this actor's.

    Raises:
        ExportUnknown: there is none.
    """
    job = await store.job(conn, export_id)
    if job is None or job.actor != actor:
        raise ExportUnknown("没有这次导出。There is no such export.")
    return job


async def download(export_id: UUID, *, tx: Tx, vault: Vault) -> tuple[Job, bytes]:
    """The file of an export; that it was fetched is written down.

    Raises:
        ExportUnknown, ExportNotReady, FileExpired: as their names say.
    """
    job = await of_actor(tx, export_id, tx.by)
    if job.state == "expired":
        raise FileExpired("保存期已过，请重新导出。It is not kept any more; export it again.")
    if job.state != "done":
        raise ExportNotReady("导出尚未完成。The export is not done.", state=job.state)
    await _note(tx, job, "export.downloaded")
    key = await vault.key(_file_key(export_id))
    return job, await asyncio.to_thread(open_parts, key, _FILE, await store.parts(tx, export_id))


def name_of(job: Job) -> str:
    """What the file is called."""
    where = f"-{job.compound}" if job.compound else ""
    return f"{GUIDES[job.kind].name}{where}-{job.from_day}至{job.to_day}"


async def _note(tx: Tx, job: Job, action: str) -> None:
    scope = job.compound or ("town" if job.within is None else ",".join(job.within)[:500])
    await note_reads(tx, role=job.role, action=action, refs=[], scope=scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRunner:
    """Makes waiting exports, oldest first, and lets go of those whose time is over; the leader runs it as a ticker."""

    vault: Vault
    keep_hours: int = 24
    page_rows: int = 2_000

    async def act(self, database: Database) -> None:
        """Work until no export is waiting. Stopped at any moment, the next call goes on."""
        await self._let_go(database)
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

    async def _next(self, database: Database) -> Job | None:
        async with database.read() as conn:
            return await store.next_job(conn)

    async def _make(self, database: Database, job: Job) -> None:
        key = await self.vault.key(_file_key(job.export_id), create=True)
        with reach.reaching(_reach(job)):
            async with database.read() as conn:
                total, last = await count(conn, job), await store.last_page(conn, job.export_id)
        nth, after, done = last or (0, None, 0)
        while nth == 0 or after is not None:
            with reach.reaching(_reach(job)):
                async with database.read() as conn:
                    found = await lines(conn, job, after=after, limit=self.page_rows, clock=database.clock)
            nth, after, done = nth + 1, found.after, done + len(found.rows)
            async with database.begin() as tx:
                mine = await store.add_page(
                    tx,
                    job.export_id,
                    nth,
                    rows=len(found.rows),
                    after=after,
                    sealed=_sealed(key, nth, found.rows),
                    total=total,
                    done=done,
                )
            if not mine:
                return  # this process was paused, and another one made the page meanwhile
        await self._finish(database, job, key, pages=nth, rows=done)

    async def _finish(self, database: Database, job: Job, key: PersonKey, *, pages: int, rows: int) -> None:
        guide = GUIDES[job.kind]
        file = tables.writer(guide.name, guide.header, job.format)
        for nth in range(1, pages + 1):
            async with database.read() as conn:
                sealed = await store.page(conn, job.export_id, nth)
            await asyncio.to_thread(file.add, json.loads(Vault.open(key, f"{_PAGE}_{nth}", sealed)))
        parts = await asyncio.to_thread(seal_parts, key, _FILE, await asyncio.to_thread(file.finish))
        until = database.clock.real_now() + timedelta(hours=self.keep_hours)
        async with database.begin() as tx:
            await store.finish(
                tx, job.export_id, rows=rows, parts=parts, finished_at=tx.now, kept_until=until
            )
        log.info("export_done", export_id=str(job.export_id), kind=job.kind, rows=rows)

    async def _let_go(self, database: Database) -> None:
        """Drop what is over with its key: every copy of the file is unreadable from then on."""
        async with database.read() as conn:
            over = await store.expired(conn, database.clock.real_now())
        for export_id in over:
            async with database.begin() as tx:
                await store.expire(tx, export_id)
                await destroy_keys(tx, self.vault, [_file_key(export_id)])


def _file_key(export_id: UUID) -> UUID:
    """Whose key seals the file: it ends with the file, and why it was asked for stays readable (H3)."""
    return uuid5(export_id, _FILE)


def _reach(job: Job) -> reach.Reach:
    """How far its lines are looked for: as far as whoever asked for it saw."""
    if job.within is None:
        return reach.TOWN
    return reach.Reach.of((f"compound:{compound}" for compound in job.within), commands=False)


def _sealed(key: PersonKey, nth: int, rows: Sequence[Sequence[object]]) -> bytes:
    return Vault.seal(key, f"{_PAGE}_{nth}", json.dumps(rows, ensure_ascii=False))
