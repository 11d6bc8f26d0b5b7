"""Questionnaire platforms' lists become declarations, row by row, by the rules of every other one (R4.2).

A row is taken in one transaction with its place in the file: a process that dies leaves whole rows behind it, and the
next one goes on. The id of a declaration follows from the person's case and what was said, so a list that is sent
again changes nothing. A dry run does the same and takes it back.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from services.observation.domain.declaring import Draft
from services.observation.domain.questionnaires import (
    DOCUMENT,
    NAME_PHONE,
    REQUIRED,
    Fault,
    Line,
    columns_of,
    explained,
    name_and_phone,
    read_line,
)
from services.observation.handlers import observing
from services.observation.store import matching, questionnaires
from services.observation.store.questionnaires import Job, Outcome
from shared.db.pool import Conn, Database, Tx
from shared.events.envelope import Cause
from shared.http.access import Grant, Principal, Role, Scope
from shared.http.problem import Unavailable
from shared.kernel import sheets
from shared.kernel.cells import compact
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.kernel.sheets import FileUnreadable, Row
from shared.kernel.tables import Table

NAME = "observation.questionnaires"
KEPT = timedelta(hours=72)
"""How long rejected rows can be had as a file, in real time."""
_FILE, _ROW = "questionnaire_file", "questionnaire_row"
"""Names of sealed values, part of what is stored: never renamed."""
_ID_BYTES = 16
ADDED = ("退回位置", "退回原因")
"""Columns behind those of the upload in the file of rejected rows; left out when it is sent again."""


class QuestionnaireUnknown(Refusal):
    """There is no such list, or it is somebody else's."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "import_unknown"


class RowsExpired(Refusal):
    """Rejected rows are not kept any more."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "file_expired"


class _NotTaken(Refusal):
    """A row that cannot be taken: which cell, and why."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "row_rejected"

    def __init__(self, fault: Fault) -> None:
        super().__init__(explained(fault.code), field=fault.column)
        self.fault = fault


class _DryRunError(Exception):
    """Takes back what a dry run did; says what became of the row."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def read_rows(content: bytes) -> list[Row]:
    """Read a list. Blocks: call it in a thread.

    Raises:
        FileUnreadable: no list, or columns are missing.
    """
    rows = sheets.read(content, required=(), instants=True)
    for title_row in {row.sheet: row for row in rows}.values():
        there = columns_of(title_row.cells)
        missing = [column for column in REQUIRED if column not in there]
        if not missing and "手机号" not in there and "证件号码" not in there:
            missing = ["手机号"]
        if missing:
            raise FileUnreadable(
                f"缺少列：{'、'.join(missing)}。Columns are missing: {', '.join(missing)}.",
                field="file",
                missing=missing,
            )
    return rows


async def receive(
    content: bytes,
    file_name: str,
    *,
    dry_run: bool,
    who: Principal,
    cause: Cause,
    database: Database,
    vault: Vault,
) -> tuple[UUID, bool]:
    """Keep a readable list sealed, to be worked off; the same one that is being worked off is the same import.

    Raises:
        FileUnreadable, Unavailable.
    """
    rows = await asyncio.to_thread(read_rows, content)
    import_id = uuid7()
    key = await vault.key(import_id, create=True)
    parts = await asyncio.to_thread(seal_parts, key, _FILE, content)
    async with database.begin(actor=who.subject, cause=cause) as tx:
        kept = await questionnaires.add(
            tx,
            import_id,
            file_name=file_name,
            sha256=hashlib.sha256(content).digest(),
            dry_run=dry_run,
            scopes=[str(scope) for scope in who.scopes_for()],
            rows=len(rows),
        )
        if kept == import_id:
            await questionnaires.add_parts(tx, import_id, parts)
    if kept != import_id:
        await vault.destroy(import_id)
    if kept is None:  # it was finished at this very moment
        raise Unavailable(retry_after=1)
    return kept, kept == import_id


@dataclass(frozen=True, slots=True)
class _Work:
    """A list that is being worked off: for whom, and the key of what is sealed of it."""

    job: Job
    sender: Principal
    key: PersonKey
    vault: Vault


async def run_due(database: Database, vault: Vault) -> int:
    """Work off every list, oldest first, and forget what is kept long enough; tells how many rows were dealt with."""
    done = 0
    while True:
        async with database.read() as conn:
            job = await questionnaires.next_job(conn)
        if job is None:
            await _forget_expired(database, vault)
            return done
        done += await _work_off(job, database, vault)


async def _work_off(job: Job, database: Database, vault: Vault) -> int:
    key = await vault.key(job.import_id)
    async with database.read() as conn:
        parts = await questionnaires.parts(conn, job.import_id)
    content = await asyncio.to_thread(open_parts, key, _FILE, parts)
    rows = await asyncio.to_thread(read_rows, content)
    grants = tuple(Grant(role=Role.COMMUNITY_CLERK, scope=Scope.parse(scope)) for scope in job.scopes)
    sender = Principal(kind="staff", subject=job.sent_by, grants=grants)
    work = _Work(job, sender, key, vault)
    for nth in range(job.rows_done, len(rows)):
        if not await _row(work, nth, rows[nth], database):
            return nth - job.rows_done  # another process is at it
    async with database.begin(actor=NAME) as tx:
        await questionnaires.finish(tx, job.import_id, database.clock.real_now() + KEPT)
    return len(rows) - job.rows_done


async def _row(work: _Work, nth: int, row: Row, database: Database) -> bool:
    """Take one row, or keep why not; False when somebody else dealt with it."""
    job = work.job
    cause = Cause(correlation=job.correlation_id)
    try:
        async with database.begin(actor=job.sent_by, cause=cause) as tx:
            return await questionnaires.advance(tx, job.import_id, nth, await _take(work, row, tx=tx))
    except _DryRunError as dry:
        async with database.begin(actor=job.sent_by, cause=cause) as tx:
            return await questionnaires.advance(tx, job.import_id, nth, dry.outcome)
    except Refusal as refusal:
        fault = refusal.fault if isinstance(refusal, _NotTaken) else _fault_of(refusal)
    async with database.begin(actor=job.sent_by, cause=cause) as tx:
        if not await questionnaires.advance(tx, job.import_id, nth, "rejected"):
            return False
        stood = json.dumps(row.cells, ensure_ascii=False)
        await questionnaires.add_row(
            tx,
            job.import_id,
            nth,
            sheet=row.sheet,
            number=row.number,
            fault=Fault(columns_of(row.cells).get(fault.column, fault.column), fault.code),
            sealed=work.vault.seal(work.key, f"{_ROW}_{nth}", stood),
        )
    return True


async def _take(work: _Work, row: Row, *, tx: Tx) -> Outcome:
    line = read_line({column: row.cells.get(title, "") for column, title in columns_of(row.cells).items()})
    if isinstance(line, Fault):
        raise _NotTaken(line)
    person_ref = await _match(line, conn=tx, vault=work.vault)
    case = None if person_ref is None else await matching.newest_case(tx, person_ref)
    if case is None or not work.sender.reaches(
        compound=case["compound"], neighbourhood=case["neighbourhood"], grid=case["grid"]
    ):
        raise _NotTaken(Fault(_identity_column(line), "person_unknown"))
    draft = Draft(
        declaration_id=await _declaration_id(case["case_id"], line, tx=tx, vault=work.vault),
        channel="import",
        temperature_c=line.temperature_c,
        cannot_measure_reason=line.cannot_measure_reason,
        symptoms=line.symptoms,
        at=line.at,
    )
    receipt = await observing.declare(
        draft, case_id=case["case_id"], recorded_by=work.job.sent_by, tx=tx, vault=work.vault
    )
    outcome: Outcome = "unchanged" if receipt.repeated else "accepted"
    if work.job.dry_run:
        raise _DryRunError(outcome)
    return outcome


async def _match(line: Line, *, conn: Conn, vault: Vault) -> UUID | None:
    """Find whom a line is about: by the document, and by name and phone where no card holds the document.

    A document of somebody with another name is nobody's: what a line says is never put on the wrong person.
    """
    if line.document is not None:
        held = await matching.by_document(conn, vault.index_all(DOCUMENT, line.document))
        if len(held) > 1:
            raise _NotTaken(Fault("证件号码", "person_ambiguous"))
        if held:
            person_ref: UUID = held[0]["person_ref"]
            key, sealed = (await vault.keys([person_ref])).get(person_ref), held[0]["name_sealed"]
            if key and sealed and compact(vault.open(key, "name", sealed)) != line.name:
                raise _NotTaken(Fault("姓名", "name_differs"))
            return person_ref
    text = name_and_phone(line.name, line.phone or "")
    if text is None:
        return None
    found = await matching.by_name_phone(conn, vault.index_all(NAME_PHONE, text))
    if len(found) > 1:
        raise _NotTaken(Fault("姓名", "person_ambiguous"))
    return found[0]["person_ref"] if found else None


def _identity_column(line: Line) -> str:
    return "姓名" if line.document is None else "证件号码"


async def _declaration_id(case_id: UUID, line: Line, *, tx: Tx, vault: Vault) -> UUID:
    """The id that what a line says has, whenever it is said again; keyed, so that it tells nothing."""
    text = "|".join(
        [
            str(case_id),
            line.at.isoformat(),
            "" if line.temperature_c is None else str(line.temperature_c),
            line.cannot_measure_reason or "",
            ",".join(line.symptoms),
        ]
    )
    ids = [UUID(bytes=index[-_ID_BYTES:], version=5) for index in vault.index_all("questionnaire", text)]
    current = UUID(bytes=vault.index("questionnaire", text)[-_ID_BYTES:], version=5)
    return await matching.known_declaration(tx, ids) or current


_COLUMNS = {"temperature_c": "体温", "at": "填报时间"}


def _fault_of(refusal: Refusal) -> Fault:
    return Fault(_COLUMNS.get(refusal.field or "", ""), refusal.code)


async def rejected(import_id: UUID, *, tx: Tx, vault: Vault) -> Table:
    """The rejected rows in the columns of the upload, with where and what is wrong behind them.

    Raises:
        RowsExpired: they are not kept any more.
    """
    lines = await questionnaires.sealed_rows(tx, import_id)
    key = (await vault.keys([import_id])).get(import_id)
    if lines and (key is None or any(line["row_sealed"] is None for line in lines)):
        raise RowsExpired("保存期已过，请重新导入原文件。They are not kept any more; import the file again.")
    read: list[tuple[dict[str, str], Sequence[str]]] = []
    for line in lines:
        nth = line["nth"]
        cells = json.loads(vault.open(key, f"{_ROW}_{nth}", line["row_sealed"])) if key else {}
        cells = {title: text for title, text in cells.items() if title not in ADDED}
        place = f"第 {line['row_number']} 行 {line['column_name']}".strip()
        read.append((cells, (f"{line['sheet']} {place}".strip(), explained(line["code"]))))
    header = list(dict.fromkeys(title for cells, _ in read for title in cells))
    return Table(
        name="退回",
        header=[*header, *ADDED],
        rows=[[*(cells.get(title, "") for title in header), *told] for cells, told in read],
    )


async def _forget_expired(database: Database, vault: Vault) -> None:
    async with database.begin(actor=NAME) as tx:
        expired = await questionnaires.expired(tx, database.clock.real_now(), 100)
        for import_id in expired:
            await vault.destroy(import_id)
        await questionnaires.forget(tx, expired)
