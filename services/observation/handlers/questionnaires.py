"""Questionnaire platforms' lists become declarations, row by row, by the rules of every other one (R4.2).

Some rows are taken in one transaction with their place in the file: a process that dies leaves whole rows behind it,
and the next one goes on. Where such a transaction fails as a whole, its rows are taken one by one, and one that nobody
foresaw is rejected like any other: the list goes on. The id of a declaration follows from the person's case and what
was said, so a list that is sent again changes nothing. A dry run does the same and takes it back.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal, NoReturn
from uuid import UUID

from services.observation.domain.declaring import Draft
from services.observation.domain.questionnaires import (
    TITLES,
    Fault,
    Line,
    columns_of,
    explained,
    read_line,
)
from services.observation.handlers.declaring import Receipt, Said, declare_all
from services.observation.handlers.matching import Matched, match, unknown
from services.observation.store import matching, questionnaires
from services.observation.store.questionnaires import Job, Rejected
from shared.db.erasures import destroy_keys
from shared.db.pool import TRANSIENT, Database, Tx
from shared.events.envelope import Cause
from shared.http.access import Grant, Principal, Role, Scope
from shared.http.problem import Unavailable
from shared.kernel import sheets
from shared.kernel.ids import uuid7
from shared.kernel.refusal import FileExpired, Refusal
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.kernel.sheets import Row
from shared.kernel.tables import Table
from shared.obs.logging import get_logger

log = get_logger(__name__)
NAME = "observation.questionnaires"
TOGETHER = 100
"""Rows a transaction: fast enough for a whole town's list, and no declaration waits long behind it."""
Outcome = Literal["accepted", "unchanged"] | Fault
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


class _DryRunError(Exception):
    """Takes back what a dry run did; says what became of the rows."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__(outcomes)
        self.outcomes = outcomes


def read_rows(content: bytes) -> list[Row]:
    """Read a list. Blocks: call it in a thread.

    Raises:
        FileUnreadable: no list, or columns are missing.
    """
    return sheets.read(content, required=TITLES, instants=True)


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

    @property
    def cause(self) -> Cause:
        """Why: the request with which it came."""
        return Cause(correlation=self.job.correlation_id)


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
    try:
        work, rows = await _opened(job, database, vault)
    except TRANSIENT:
        raise
    except Exception:
        log.exception("questionnaire_failed", import_id=str(job.import_id))
        async with database.begin(actor=NAME) as tx:
            await questionnaires.fail(tx, job.import_id, database.clock.real_now() + KEPT)
        return 0
    for first in range(job.rows_done, len(rows), TOGETHER):
        if not await _part(work, first, rows[first : first + TOGETHER], database):
            return first - job.rows_done  # another process is at it
    async with database.begin(actor=NAME) as tx:
        await questionnaires.finish(tx, job.import_id, database.clock.real_now() + KEPT)
    return len(rows) - job.rows_done


async def _opened(job: Job, database: Database, vault: Vault) -> tuple[_Work, list[Row]]:
    key = await vault.key(job.import_id)
    async with database.read() as conn:
        parts = await questionnaires.parts(conn, job.import_id)
    content = await asyncio.to_thread(open_parts, key, _FILE, parts)
    rows = await asyncio.to_thread(read_rows, content)
    grants = tuple(Grant(role=Role.COMMUNITY_CLERK, scope=Scope.parse(scope)) for scope in job.scopes)
    sender = Principal(kind="staff", subject=job.sent_by, grants=grants)
    return _Work(job, sender, key, vault), rows


async def _part(work: _Work, first: int, rows: Sequence[Row], database: Database) -> bool:
    """Take rows together, or one by one where that fails; False when somebody else dealt with them."""
    try:
        return await _together(work, first, rows, database)
    except TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 -- found again, row by row, below
        log.warning("rows_isolated", import_id=str(work.job.import_id), error=type(error).__name__)
    for nth, row in enumerate(rows, start=first):
        if not await _alone(work, nth, row, database):
            return False
    return True


async def _alone(work: _Work, nth: int, row: Row, database: Database) -> bool:
    try:
        return await _together(work, nth, [row], database)
    except TRANSIENT:
        raise
    except Refusal as refusal:
        fault = _fault_of(refusal)
    except Exception:
        log.exception("row_failed", import_id=str(work.job.import_id), nth=nth)
        fault = Fault("", "row_failed")
    async with database.begin(actor=work.job.sent_by, cause=work.cause) as tx:
        if not await questionnaires.claim(tx, work.job.import_id, nth):
            return False
        await _advance(work, nth, [row], [fault], tx=tx)
    return True


async def _together(work: _Work, first: int, rows: Sequence[Row], database: Database) -> bool:
    """Take rows in one transaction with their place in the file."""
    async with database.begin(actor=work.job.sent_by, cause=work.cause) as tx:
        if not await questionnaires.claim(tx, work.job.import_id, first):
            return False
        outcomes = await (_tried if work.job.dry_run else _taken)(work, rows, tx=tx)
        await _advance(work, first, rows, outcomes, tx=tx)
    return True


async def _tried(work: _Work, rows: Sequence[Row], *, tx: Tx) -> Sequence[Outcome]:
    """What would become of rows; nothing of it stays."""
    try:
        async with tx.savepoint():
            await _take_and_fall(work, rows, tx=tx)
    except _DryRunError as dry:
        return dry.outcomes


async def _take_and_fall(work: _Work, rows: Sequence[Row], *, tx: Tx) -> NoReturn:
    raise _DryRunError(await _taken(work, rows, tx=tx))


async def _advance(
    work: _Work, first: int, rows: Sequence[Row], outcomes: Sequence[Outcome], *, tx: Tx
) -> None:
    rejected = [
        Rejected(
            nth=nth,
            sheet=row.sheet,
            number=row.number,
            fault=Fault(columns_of(row.cells).get(outcome.column, outcome.column), outcome.code),
            sealed=work.vault.seal(work.key, f"{_ROW}_{nth}", json.dumps(row.cells, ensure_ascii=False)),
        )
        for nth, (row, outcome) in enumerate(zip(rows, outcomes, strict=True), start=first)
        if isinstance(outcome, Fault)
    ]
    counts = Counter(outcome for outcome in outcomes if not isinstance(outcome, Fault))
    await questionnaires.add_rows(tx, work.job.import_id, rejected)
    await questionnaires.advance(
        tx,
        work.job.import_id,
        accepted=counts["accepted"],
        unchanged=counts["unchanged"],
        rejected=len(rejected),
    )


async def _taken(work: _Work, rows: Sequence[Row], *, tx: Tx) -> list[Outcome]:
    """Judge rows in their order; each becomes a declaration, or tells what is wrong with it."""
    read = [
        read_line({column: row.cells.get(title, "") for column, title in columns_of(row.cells).items()})
        for row in rows
    ]
    lines = [line for line in read if isinstance(line, Line)]
    said = iter(await _declared(work, lines, tx=tx))
    return [line if isinstance(line, Fault) else next(said) for line in read]


async def _declared(work: _Work, lines: Sequence[Line], *, tx: Tx) -> list[Outcome]:
    found = [
        one if isinstance(one, Fault) or _reaches(work, one) else unknown(line)
        for line, one in zip(lines, await match(lines, conn=tx, vault=work.vault), strict=True)
    ]
    matched = [
        (one.case_id, line) for line, one in zip(lines, found, strict=True) if not isinstance(one, Fault)
    ]
    ids = await _declaration_ids(matched, tx=tx, vault=work.vault)
    said = [
        Said(draft=_draft(declaration_id, line), case_id=case_id, recorded_by=work.job.sent_by)
        for declaration_id, (case_id, line) in zip(ids, matched, strict=True)
    ]
    kept = iter(await declare_all(said, tx=tx, vault=work.vault))
    return [one if isinstance(one, Fault) else _outcome(next(kept)) for one in found]


def _reaches(work: _Work, case: Matched) -> bool:
    return work.sender.reaches(compound=case.compound, neighbourhood=case.neighbourhood, grid=case.grid)


def _draft(declaration_id: UUID, line: Line) -> Draft:
    return Draft(
        declaration_id=declaration_id,
        channel="import",
        temperature_c=line.temperature_c,
        cannot_measure_reason=line.cannot_measure_reason,
        symptoms=line.symptoms,
        at=line.at,
    )


def _outcome(kept: Receipt | Refusal) -> Outcome:
    if isinstance(kept, Refusal):
        return _fault_of(kept)
    return "unchanged" if kept.repeated else "accepted"


async def _declaration_ids(said: Sequence[tuple[UUID, Line]], *, tx: Tx, vault: Vault) -> list[UUID]:
    """The id that what a line says has, whenever it is said again; keyed, so that it tells nothing."""
    texts = [
        "|".join(
            [
                str(case_id),
                line.at.isoformat(),
                "" if line.temperature_c is None else str(line.temperature_c),
                line.cannot_measure_reason or "",
                ",".join(line.symptoms),
            ]
        )
        for case_id, line in said
    ]
    ever = [[_as_id(index) for index in vault.index_all("questionnaire", text)] for text in texts]
    known = await matching.known_declarations(tx, [one for ids in ever for one in ids])
    return [
        next((one for one in ids if one in known), _as_id(vault.index("questionnaire", text)))
        for ids, text in zip(ever, texts, strict=True)
    ]


def _as_id(index: bytes) -> UUID:
    return UUID(bytes=index[-_ID_BYTES:], version=5)


_COLUMNS = {"temperature_c": "体温", "at": "填报时间"}


def _fault_of(refusal: Refusal) -> Fault:
    return Fault(_COLUMNS.get(refusal.field or "", ""), refusal.code)


async def rejected(import_id: UUID, *, tx: Tx, vault: Vault) -> Table:
    """The rejected rows in the columns of the upload, with where and what is wrong behind them.

    Raises:
        FileExpired: they are not kept any more.
    """
    lines = await questionnaires.sealed_rows(tx, import_id)
    key = (await vault.keys([import_id])).get(import_id)
    if lines and (key is None or any(line["row_sealed"] is None for line in lines)):
        raise FileExpired("保存期已过，请重新导入原文件。They are not kept any more; import the file again.")
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
        await questionnaires.forget(tx, expired)
        await destroy_keys(tx, vault, expired)
