"""Imports: an upload is kept sealed, worked off in batches, and leaves an error sheet (R4.2, P6).

Each batch is one transaction with its progress, its events and its lines of the error sheet: a process that dies at any
moment leaves whole batches, and the next one goes on behind them. The rows before that point are judged once more, by
reading only, so that duplicates across the point are still found.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.registry.domain.faults import Outcome
from services.registry.domain.import_rows import RawRow
from services.registry.domain.list_columns import Kind
from services.registry.domain.people import RegisteredMeanwhile
from services.registry.handlers import policy, rejected_rows
from services.registry.handlers.import_files import ReadFile, read_file
from services.registry.handlers.import_people import ResidentImporter
from services.registry.handlers.import_premises import (
    AddressImporter,
    CheckpointImporter,
    CompoundImporter,
    GridImporter,
)
from services.registry.handlers.import_steps import Importer, Judged
from services.registry.handlers.import_workers import WorkerImporter
from services.registry.handlers.people import Keeper
from services.registry.handlers.workbooks import UnreadableFileError
from services.registry.metrics import REGISTRATIONS
from services.registry.store import imports as store
from services.registry.store import rejected
from shared.db.erasures import destroy_keys
from shared.db.pool import TRANSIENT, Conn, Database, Tx
from shared.http.problem import PolicyUnknown
from shared.kernel.cards import CardKeys
from shared.kernel.days import local_day
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.obs.logging import get_logger

log = get_logger(__name__)

BATCH_ROWS = 1_000
_FILE = "import_file"
"""Name of the sealed upload, part of what is stored: never renamed."""
_RACES = 5


class FileEmpty(Refusal):
    """The upload has no content."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "file_empty"


# ---- receiving


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveImport:
    """A file that somebody hands over."""

    kind: Kind
    file_name: str
    content: bytes
    dry_run: bool
    actor: str


async def receive(cmd: ReceiveImport, *, database: Database, vault: Vault) -> tuple[UUID, bool]:
    """Keep the upload sealed; returns the import and whether it is a new one.

    The same file of the same kind that is still being worked off is the same import.

    Raises:
        FileEmpty: nothing was sent.
        PolicyUnknown: checkpoints need the policy in force.
    """
    if not cmd.content:
        raise FileEmpty("文件是空的。The file is empty.", field="file")
    import_id = uuid7()
    sha256 = hashlib.sha256(cmd.content).digest()
    key = await vault.key(import_id, create=True)
    parts = await asyncio.to_thread(seal_parts, key, _FILE, cmd.content)
    kept: UUID | None = None
    while kept is None:
        async with database.begin(actor=cmd.actor) as tx:
            if cmd.kind == "checkpoints":
                await policy.in_force(tx, tx.today)
            kept = await store.add(
                tx,
                import_id=import_id,
                kind=cmd.kind,
                file_name=cmd.file_name,
                sha256=sha256,
                dry_run=cmd.dry_run,
                parts=parts,
            )
    if kept != import_id:
        await vault.destroy(import_id)
    return kept, kept == import_id


# ---- working off


class _OvertakenError(Exception):
    """Another process is working on this import."""


@dataclass(frozen=True, slots=True)
class _Work:
    """An import that is being worked off: its importer, and the key of its sealed files."""

    job: store.Job
    importer: Importer
    key: PersonKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRunner:
    """Works off waiting imports, oldest first; the leader process runs it as a ticker."""

    vault: Vault
    cards: CardKeys
    keep_hours: int = 72
    """How long rejected rows can be had as a file."""

    async def act(self, database: Database) -> None:
        """Work until no import is waiting. Stopped at any moment, the next call goes on."""
        while job := await self._next(database):
            try:
                await self._run(database, job)
            except TRANSIENT:
                raise
            except _OvertakenError:
                return
            except (UnreadableFileError, PolicyUnknown) as error:
                await _fail(database, job, error.code, error.detail)
            except Exception:  # dead-lettered: the import is marked failed, later imports go on
                log.exception("import_failed", import_id=str(job.import_id), kind=job.kind)
                detail = "导入中断，已记录；更正文件后可重新导入。The import stopped; it has been recorded."
                await _fail(database, job, "internal_error", detail)
            async with database.read() as conn:
                kept = await rejected.kept(conn, job.import_id)
            if kept is None:
                async with database.begin() as tx:
                    await destroy_keys(tx, self.vault, [job.import_id])

    async def _next(self, database: Database) -> store.Job | None:
        async with database.read() as conn:
            return await store.next_job(conn)

    async def _run(self, database: Database, job: store.Job) -> None:
        key = await self.vault.key(job.import_id)
        read = await self._read(database, job, key)
        rows = read.rows
        async with database.begin() as tx:
            await store.set_total(tx, job.import_id, len(rows))
            await store.add_remarks(
                tx, job.import_id, [(one.sheet, one.place, one.code) for one in read.remarks]
            )
        importer = await self._importer(database, job)
        work = _Work(job, importer, key)
        for start in range(0, job.rows_done, BATCH_ROWS):
            async with database.read() as conn:
                judged = await importer.judge(conn, rows[start : min(start + BATCH_ROWS, job.rows_done)])
            importer.seen |= judged.seen
        for start in range(job.rows_done, len(rows), BATCH_ROWS):
            await self._batch(database, work, rows[start : start + BATCH_ROWS], start)
        until = database.clock.real_now() + timedelta(hours=self.keep_hours)
        async with database.begin() as tx:
            await rejected.keep_until(tx, job.import_id, until)
            await store.finish(tx, job.import_id)
        log.info("import_done", import_id=str(job.import_id), kind=job.kind, rows=len(rows))

    async def _read(self, database: Database, job: store.Job, key: PersonKey) -> ReadFile:
        async with database.read() as conn:
            parts = await store.parts(conn, job.import_id)
        content = await asyncio.to_thread(open_parts, key, _FILE, parts)
        return await asyncio.to_thread(read_file, job.kind, content)

    async def _importer(self, database: Database, job: store.Job) -> Importer:
        today = local_day(database.clock.now())
        match job.kind:
            case "compounds":
                return CompoundImporter()
            case "checkpoints":
                async with database.read() as conn:
                    rules = await policy.in_force(conn, today)
                return CheckpointImporter(policy=rules, today=today)
            case "grids":
                return GridImporter()
            case "addresses":
                return AddressImporter()
            case "workers":
                return WorkerImporter(vault=self.vault)
            case _:
                keeper = Keeper(vault=self.vault, cards=self.cards)
                return ResidentImporter(keeper=keeper, today=today, dry_run=job.dry_run)

    async def _batch(self, database: Database, work: _Work, rows: Sequence[RawRow], start: int) -> None:
        """One batch, again when one of its people was registered elsewhere at the same moment."""
        for left in reversed(range(_RACES)):
            try:
                async with database.begin(actor=work.job.actor) as tx:
                    judged = await _judge_and_enter(tx, work, rows, start)
            except (asyncpg.UniqueViolationError, RegisteredMeanwhile):
                if not left:
                    raise
                continue
            work.importer.seen |= judged.seen
            _count(work.job.kind, judged)
            return


async def _judge_and_enter(tx: Tx, work: _Work, rows: Sequence[RawRow], start: int) -> Judged:
    job = work.job
    if await store.lock(tx, job.import_id) != start:
        raise _OvertakenError
    judged = await work.importer.judge(tx, rows)
    if not job.dry_run:
        await judged.enter(tx)
    await store.add_rows(tx, await _sheet(tx, job, judged))
    told = ((one.row, one.outcome, one.faults) for one in judged.verdicts)
    await rejected_rows.keep(tx, work.key, start, told)
    await store.advance(tx, job.import_id, start, judged.counts())
    return judged


async def _sheet(conn: Conn, job: store.Job, judged: Judged) -> list[tuple[object, ...]]:
    """Lines of the error sheet: one a fault; a row without any is not listed."""
    told = [(verdict, fault) for verdict in judged.verdicts for fault in verdict.faults]
    last = await store.last_row(conn, job.import_id) if told else 0
    return [
        (
            *(job.import_id, number, verdict.row.sheet, verdict.row.number),
            *(fault.column, fault.code, verdict.outcome.value),
        )
        for number, (verdict, fault) in enumerate(told, start=last + 1)
    ]


async def _fail(database: Database, job: store.Job, code: str, detail: str) -> None:
    async with database.begin() as tx:
        await store.fail(tx, job.import_id, error=code, detail=detail)
    log.warning("import_refused", import_id=str(job.import_id), kind=job.kind, code=code)


_RESULTS = {
    Outcome.ACCEPTED: "new",
    Outcome.UNVERIFIED: "new",
    Outcome.DUPLICATE: "duplicate",
    Outcome.REJECTED: "rejected",
}


def _count(kind: str, judged: Judged) -> None:
    for verdict in judged.verdicts:
        if result := _RESULTS.get(verdict.outcome):
            REGISTRATIONS.labels(kind, "import", result).inc()
