"""Importing residents' lists: whom each line means, and what is new (R4.2, R4.3, P2 to P4, P6)."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.registry.domain.faults import Fault, Outcome
from services.registry.domain.import_rows import RawRow, Reader
from services.registry.domain.matching import Book, Place, Settled, Stated
from services.registry.domain.people import ResidentLine
from services.registry.domain.premises import AddressKey, Home, meant
from services.registry.domain.resident_rows import read_resident
from services.registry.handlers.import_steps import Judged, Sheet
from services.registry.handlers.import_unchanged import known_already
from services.registry.handlers.people import Keeper, enter_people, settle, state_line
from services.registry.store import premises
from shared.db.pool import Conn, Tx
from shared.kernel.cells import code_of


@dataclass(frozen=True, slots=True)
class _Read:
    """A row with what was read of it: a line, or the faults that forbid to take it."""

    row: RawRow
    faults: tuple[Fault, ...]
    line: ResidentLine | None


@dataclass(slots=True)
class ResidentImporter:
    """住户居民表. A dry run keeps whom it met, because the database does not."""

    keeper: Keeper
    today: date
    dry_run: bool
    seen: set[Hashable] = field(default_factory=set)
    _met: Book = field(default_factory=Book)
    _homes: dict[AddressKey, Home] = field(default_factory=dict)
    _compounds: set[str] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        read = await asyncio.to_thread(_read_all, rows, self.today)
        await self._learn_homes(conn, rows)
        stated = await asyncio.to_thread(self._state_all, read)
        book = self._met if self.dry_run else Book()
        seen: set[Place] = _Overlay(self.seen)
        settled = await settle(conn, [one for one in stated if isinstance(one, Stated)], book, seen)
        settled = await known_already(conn, settled, self.keeper.vault)
        sheet = Sheet()
        following = iter(settled)
        for one, what in zip(read, stated, strict=True):
            if isinstance(what, Stated):
                _judge(sheet, one, next(following))
            else:
                sheet.reject(one.row, what)

        async def enter(tx: Tx) -> None:
            await enter_people(tx, settled, self.keeper)

        places = frozenset((one.person_ref, one.stated.home.dwelling_id) for one in settled)
        return Judged(verdicts=sheet.verdicts, seen=places, enter=enter)

    async def _learn_homes(self, conn: Conn, rows: Sequence[RawRow]) -> None:
        """Read the address lists of compounds that were not met before in this run."""
        named = {code_of(Reader(row).cell("小区编号")) for row in rows} - self._compounds
        if named:
            known = named & (await premises.compounds(conn)).keys()
            self._homes |= await premises.homes_of(conn, sorted(known))
            self._compounds |= known

    def _state_all(self, read: Sequence[_Read]) -> list[Stated | tuple[Fault, ...]]:
        return [self._state(one) for one in read]

    def _state(self, one: _Read) -> Stated | tuple[Fault, ...]:
        """The line with its dwelling, or the faults for which it is not taken."""
        if code_of(Reader(one.row).cell("小区编号")) not in self._compounds:
            return (Fault("小区编号", "compound_unknown"), *one.faults)
        if one.line is None:
            return one.faults
        home = next((self._homes[key] for key in meant(one.line.address) if key in self._homes), None)
        if home is None:
            return (Fault("室号", "dwelling_unknown"), *one.faults)
        return state_line(one.line, home, self.keeper.vault)


class _Overlay(set[Place]):
    """Places of this batch; asks also those of the batches before, and leaves them as they are."""

    def __init__(self, before: set[Hashable]) -> None:
        super().__init__()
        self._before = before

    def __contains__(self, place: object) -> bool:
        return super().__contains__(place) or place in self._before


def _read_all(rows: Sequence[RawRow], today: date) -> list[_Read]:
    read = []
    for row in rows:
        reader = Reader(row)
        line = read_resident(reader, today)
        read.append(_Read(row, tuple(reader.faults), line))
    return read


def _judge(sheet: Sheet, one: _Read, settled: Settled) -> None:
    if settled.contradicts:
        sheet.reject(one.row, (Fault("姓名", "name_contradicts"), *one.faults))
        return
    if settled.outcome is Outcome.DUPLICATE:
        sheet.repeat(one.row)
        return
    if settled.outcome is Outcome.REJECTED:
        sheet.reject(one.row, (Fault("姓名", "person_deceased"), *one.faults))
        return
    faults = one.faults
    if settled.guardian_missing:
        faults = (*faults, Fault("监护人证件号码", "guardian_unknown"))
    sheet.take(one.row, faults, changed=settled.outcome is Outcome.ACCEPTED)
