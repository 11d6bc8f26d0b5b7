"""Watch lists: taking in a file, matching its lines, writing down what people found out (R4.4, P11)."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

import asyncpg

from services.registry.domain.documents import DocumentKind
from services.registry.domain.erasure import ErasedAlready
from services.registry.domain.errors import PersonUnknown
from services.registry.domain.faults import DUPLICATE, Fault, Outcome
from services.registry.domain.import_rows import RawRow, read_all
from services.registry.domain.watch_lists import (
    Disposition,
    Match,
    WatchFileUnreadable,
    WatchLine,
    WatchLineUnknown,
    WatchListClosed,
    WatchListUnknown,
    decide_closing,
    decide_match,
    decide_settlement,
    read_watch_line,
)
from services.registry.handlers import import_files, rejected_rows, returnees
from services.registry.handlers.people import DOCUMENT, NAME, PHONE
from services.registry.handlers.workbooks import UnreadableFileError
from services.registry.store import rejected as rejected_store
from services.registry.store import watch_lists as store
from services.registry.store.watch_lists import Reach
from shared.db.pool import Conn, Tx
from shared.events.registry.returnees import WatchListLineSettled, WatchListRevised
from shared.kernel.ids import uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKey, PersonKeys, Vault

NOTE, SETTLED_NOTE, LINE, SETTLEMENT = "watch_note", "watch_settled_note", "watch_line", "watch_settlement"
"""Names of sealed fields and keyed indexes, part of what is stored: never renamed."""
MOST_LINES = 5_000
"""A list is taken in within one request; the office's largest had some hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenList:
    """A list that the task force sent. `search_until`: the day by which every line should be found out."""

    list_id: UUID
    name: str
    source: str
    search_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleLine:
    """What somebody found out about a line. `content` is the request as one text."""

    list_id: UUID
    line_id: UUID
    disposition: Disposition
    person_ref: UUID | None
    intake_id: UUID | None
    note: str
    content: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """A line of the error sheet."""

    row: RawRow
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a file: new lines, lines the list had already, faulty rows, and whom its lines mean."""

    file_id: UUID
    rows: int
    new: int
    known: int
    rejected: int
    duplicates: int
    matches: dict[Match, int]
    faults: list[RowFault]
    rejected_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A line's personal values, opened: never logged, masked before they are shown."""

    name: str
    document: str
    phone: str


async def open_list(cmd: OpenList, *, tx: Tx) -> tuple[asyncpg.Record, bool]:
    """Open a list; the same list twice is one.

    Raises:
        SameIdOtherContent: the id was used for another list.
    """
    await store.lock_id(tx, cmd.list_id)
    if (known := await store.watch_list(tx, cmd.list_id)) is not None:
        if (known["name"], known["source"], known["search_until"]) != (
            cmd.name,
            cmd.source,
            cmd.search_until,
        ):
            raise SameIdOtherContent(
                "该编号已用于另一份名单。This id was used for another list.", field="list_id"
            )
        return known, False
    await store.add_list(tx, cmd.list_id, cmd.name, cmd.source, cmd.search_until)
    await tell(tx, cmd.list_id)
    return await watch_list(tx, cmd.list_id), True


async def tell(tx: Tx, list_id: UUID) -> None:
    """Publish how a list stands by now."""
    row = _known(await store.bump(tx, list_id))
    revised = WatchListRevised(
        list_id=list_id,
        lines=row["lines"],
        search_until=row["search_until"],
        closed=row["state"] == "closed",
        revised_at=tx.now,
    )
    await tx.publish(revised, version=row["version"])


async def watch_list(conn: Conn, list_id: UUID) -> asyncpg.Record:
    """A list as it stands.

    Raises:
        WatchListUnknown: there is none.
    """
    return _known(await store.watch_list(conn, list_id))


# ---- taking in a file


async def read_file(content: bytes) -> list[RawRow]:
    """The rows of a file; work for the processor, done in a thread.

    Raises:
        WatchFileUnreadable: it is no spreadsheet, lacks columns or is too long.
    """
    try:
        rows = (await asyncio.to_thread(import_files.read_file, "watch_list", content)).rows
    except UnreadableFileError as error:
        raise WatchFileUnreadable(error.detail, field="file", reason=error.code) from error
    if len(rows) > MOST_LINES:
        raise WatchFileUnreadable(
            f"超过 {MOST_LINES} 行，请拆分。More than {MOST_LINES} lines; split the file.",
            field="file",
            reason="too_many_lines",
        )
    return rows


async def take_in(
    list_id: UUID, raw: Sequence[RawRow], *, rejected_until: datetime, tx: Tx, vault: Vault
) -> TakenIn:
    """Take the readable lines of a file into a list and look whom they mean; nothing is settled by it.

    A line that the list has already is not added again; while it is open, it is looked up again. Rejected rows are
    kept sealed until `rejected_until`, to be corrected and sent again.

    Raises:
        WatchListUnknown, WatchListClosed: as their names say.
    """
    if _known(await store.locked_list(tx, list_id, alone=True))["state"] == "closed":
        raise WatchListClosed("名单已办结，不能再添加。The list is closed; nothing is added any more.")
    faults: list[RowFault] = []
    rejected: list[tuple[RawRow, Sequence[Fault]]] = []
    lines: dict[bytes, tuple[RawRow, WatchLine]] = {}
    duplicates = 0
    for row, reader, line in read_all(raw, lambda reader: read_watch_line(reader, tx.today)):
        faults += [RowFault(row, fault) for fault in reader.faults]
        if line is None:
            rejected.append((row, tuple(reader.faults)))
            continue
        content = vault.index(LINE, f"{list_id}\n{line.content()}")
        if content in lines:
            duplicates += 1
            faults.append(RowFault(row, Fault("", DUPLICATE)))
            continue
        lines[content] = (row, line)
    found = await match_lines([line for _, line in lines.values()], tx=tx, vault=vault)
    known = await _known_lines(list_id, lines, tx=tx, vault=vault)
    await store.look_again(
        tx, {known[content]: match for content, match in zip(lines, found, strict=True) if content in known}
    )
    fresh = [
        (content, *lines[content], match)
        for content, match in zip(lines, found, strict=True)
        if content not in known
    ]
    await _add(list_id, fresh, tx=tx, vault=vault)
    if fresh:
        await tell(tx, list_id)
    matches: dict[Match, int] = {"matched": 0, "possible": 0, "none": 0}
    for kind, _ in found:
        matches[kind] += 1
    file_id = uuid7()
    counts = (len(raw), len(fresh), len(known), len(rejected), duplicates)
    await store.add_file(tx, file_id, list_id, counts)
    if rejected:
        key = await vault.key(file_id, create=True)
        await rejected_rows.keep(tx, key, 0, ((row, Outcome.REJECTED, told) for row, told in rejected))
        await rejected_store.keep_until(tx, file_id, rejected_until)
    return TakenIn(
        file_id=file_id,
        rows=len(raw),
        new=len(fresh),
        known=len(known),
        rejected=len(rejected),
        duplicates=duplicates,
        matches=matches,
        faults=faults,
        rejected_until=rejected_until if rejected else None,
    )


async def _known_lines(
    list_id: UUID, lines: dict[bytes, tuple[RawRow, WatchLine]], *, tx: Tx, vault: Vault
) -> dict[bytes, UUID]:
    """Lines that the list has already, under whichever index key they were stored."""
    stored_as = {
        key: content
        for content, (_, line) in lines.items()
        for key in vault.index_all(LINE, f"{list_id}\n{line.content()}")
    }
    known = await store.known_lines(tx, list_id, stored_as)
    return {stored_as[key]: line_id for key, line_id in known.items()}


async def match_lines(
    lines: Sequence[WatchLine], *, tx: Tx, vault: Vault
) -> list[tuple[Match, tuple[UUID, ...]]]:
    """Whom the lines mean, in two statements however many they are."""
    numbers: dict[bytes, str] = {}
    names: dict[bytes, str] = {}
    phones: dict[bytes, str] = {}
    for line in lines:
        if line.document.kind is not DocumentKind.NONE and line.document.verified:
            numbers |= dict.fromkeys(vault.index_all(DOCUMENT, line.document.number), line.document.number)
        if line.phone_matches:
            names |= dict.fromkeys(vault.index_all(NAME, line.name), line.name)
            phones |= dict.fromkeys(vault.index_all(PHONE, line.phone), line.phone)
    held = await store.holders(tx, numbers)
    holders = {(kind, numbers[number]): ref for (kind, number), ref in held.items()}
    alike: defaultdict[tuple[str, str], set[UUID]] = defaultdict(set)
    for name, phone, ref in await store.namesakes(tx, names, phones):
        alike[names[name], phones[phone]].add(ref)
    return [decide_match(line, holders=holders, namesakes=alike) for line in lines]


_Fresh = tuple[bytes, RawRow, WatchLine, tuple[Match, tuple[UUID, ...]]]


async def _add(list_id: UUID, fresh: Sequence[_Fresh], *, tx: Tx, vault: Vault) -> None:
    place = await store.last_place(tx, list_id)
    ids = [uuid4() for _ in fresh]
    keys = await vault.keys(ids, create=True)
    rows: list[tuple[object, ...]] = []
    for nth, (line_id, (content, row, line, (match, refs))) in enumerate(
        zip(ids, fresh, strict=True), place + 1
    ):
        key, document = keys[line_id], line.document
        rows.append(
            (
                line_id,
                list_id,
                nth,
                row.sheet,
                row.number,
                content,
                vault.seal(key, NAME, line.name),
                document.kind.value,
                vault.seal(key, DOCUMENT, document.number) if document.number else None,
                document.error,
                vault.seal(key, PHONE, line.phone) if line.phone else None,
                vault.seal(key, NOTE, line.note) if line.note else None,
                line.origin_code,
                line.arrived_on,
                match,
                list(refs),
            )
        )
    await store.add_lines(tx, rows)


# ---- finding out, closing


async def settle(cmd: SettleLine, reach: Reach, *, tx: Tx, vault: Vault) -> asyncpg.Record:
    """Write down what somebody found out; the same again changes nothing, something else corrects it.

    Raises:
        WatchListUnknown, WatchLineUnknown, PersonUnknown, IntakeUnknown: as their names say.
        WatchListClosed, DispositionInconsistent: see `decide_settlement`.
        ErasedAlready: it was settled as somebody of whom nothing is kept any more.
    """
    known = _known(await store.locked_list(tx, cmd.list_id, alone=False))
    line = await _line(cmd, reach, tx=tx)
    before = await store.last_settlement(tx, cmd.line_id)
    if before is not None and before in vault.index_all(SETTLEMENT, cmd.content):
        return line
    decide_settlement(
        cmd.disposition,
        person_ref=cmd.person_ref,
        intake_id=cmd.intake_id,
        list_open=known["state"] == "open",
    )
    if cmd.person_ref is not None and not await store.person_known(tx, cmd.person_ref):
        raise PersonUnknown("没有这个人。There is no such person.", field="person_ref")
    if cmd.intake_id is not None:
        await returnees.intake(tx, cmd.intake_id)
    key = (await vault.keys([cmd.line_id])).get(cmd.line_id)
    if key is None:
        raise ErasedAlready("该行所涉人员的个人信息已清除。Whoever the line is about was erased.")
    version = await store.settle(
        tx,
        cmd.line_id,
        cmd.disposition,
        person_ref=cmd.person_ref,
        intake_id=cmd.intake_id,
        note_sealed=vault.seal(key, SETTLED_NOTE, cmd.note),
        content_index=vault.index(SETTLEMENT, cmd.content),
    )
    await tx.publish(
        WatchListLineSettled(
            line_id=cmd.line_id, list_id=cmd.list_id, match=line["match"], disposition=cmd.disposition
        ),
        version=version,
    )
    return await _line(cmd, reach, tx=tx)


async def _line(cmd: SettleLine, reach: Reach, *, tx: Tx) -> asyncpg.Record:
    line = await store.locked_line(tx, cmd.list_id, cmd.line_id, reach)
    if line is None:
        raise WatchLineUnknown("名单上没有这一条。The list has no such line.", field="line_id")
    return line


async def close(list_id: UUID, *, tx: Tx) -> asyncpg.Record:
    """Close a list of which every line is settled; a closed one stays as it is.

    Raises:
        WatchListUnknown, LinesOpen: as their names say.
    """
    known = _known(await store.locked_list(tx, list_id, alone=True))
    if known["state"] == "closed":
        return known
    decide_closing((await store.figures(tx, list_id))["open"])
    await store.close_list(tx, list_id)
    await tell(tx, list_id)
    return await watch_list(tx, list_id)


def sought(row: asyncpg.Record, keys: PersonKeys) -> Sought | None:
    """Open a line's name, document and phone; None when they were erased."""
    key: PersonKey | None = keys.get(row["line_id"])
    if key is None:
        return None
    return Sought(
        name=Vault.open(key, NAME, row["name_sealed"]),
        document=Vault.open(key, DOCUMENT, row["document_sealed"]) if row["document_sealed"] else "",
        phone=Vault.open(key, PHONE, row["phone_sealed"]) if row["phone_sealed"] else "",
    )


def _known(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise WatchListUnknown("没有这份名单。There is no such watch list.", field="list_id")
    return row
