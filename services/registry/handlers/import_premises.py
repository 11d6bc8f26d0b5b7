"""Importing the lists of places: compounds, checkpoints, grids, addresses (R1.1, R2.1, R3.2, R4.3)."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.registry.domain.faults import Fault
from services.registry.domain.import_rows import (
    RawRow,
    Reader,
    read_all,
    read_checkpoint,
    read_compound,
    read_dwelling,
    read_grid,
)
from services.registry.domain.policy import PolicyVersion
from services.registry.domain.premises import (
    AddressKey,
    Checkpoint,
    CheckpointLimitReached,
    Compound,
    Dwelling,
    Grid,
    Neighbourhood,
    Occupancy,
    decide_opening,
)
from services.registry.handlers.import_steps import Judged, Sheet
from services.registry.handlers.premises_events import (
    open_checkpoints,
    tell_addresses,
    tell_compounds,
    tell_households,
)
from services.registry.store import addresses as addresses_store
from services.registry.store import premises as store
from shared.db.pool import Conn, Tx
from shared.events.registry.places import GridRegistered
from shared.kernel.cells import code_of
from shared.kernel.ids import uuid7


@dataclass(slots=True)
class CompoundImporter:
    """小区表: neighbourhoods come with it."""

    seen: set[Hashable] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        held, places = await store.compounds(conn), await store.neighbourhoods(conn)
        sheet, seen = Sheet(), set[Hashable]()
        compounds: dict[str, Compound] = {}
        neighbourhoods: dict[str, Neighbourhood] = {}
        for row in rows:
            reader = Reader(row)
            read = read_compound(reader)
            if read is None:
                sheet.reject(row, reader.faults)
                continue
            compound, neighbourhood = read
            before = neighbourhoods.get(neighbourhood.neighbourhood_id) or places.get(
                neighbourhood.neighbourhood_id
            )
            stated = ("neighbourhood", neighbourhood.neighbourhood_id)
            if compound.compound_id in seen or compound.compound_id in self.seen:
                sheet.repeat(row)
                continue
            if before != neighbourhood and (stated in seen or stated in self.seen):
                sheet.reject(row, [Fault("社区", "neighbourhood_conflict")])
                continue
            seen |= {compound.compound_id, stated}
            if before != neighbourhood:
                neighbourhoods[neighbourhood.neighbourhood_id] = neighbourhood
            changed = held.get(compound.compound_id) != compound
            if changed:
                compounds[compound.compound_id] = compound
            sheet.take(row, reader.faults, changed=changed or before != neighbourhood)

        async def enter(tx: Tx) -> None:
            await store.save_neighbourhoods(tx, list(neighbourhoods.values()))
            saved = await store.save_compounds(tx, list(compounds.values()))
            renamed = [
                key
                for key, place in neighbourhoods.items()
                if key in places and places[key].name != place.name
            ]
            await tell_compounds(tx, saved, renamed=renamed)

        return Judged(verdicts=sheet.verdicts, seen=frozenset(seen), enter=enter)


@dataclass(slots=True)
class CheckpointImporter:
    """卡口表: each opening is held against the policy in force (R2.1, P1)."""

    policy: PolicyVersion
    today: date
    seen: set[Hashable] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        compounds = await store.compounds(conn)
        if isinstance(conn, Tx):
            await store.lock_compounds(conn, list(compounds))
        held = await store.checkpoints(conn)
        open_in: dict[str, list[str]] = {compound_id: [] for compound_id in compounds}
        for other in (place for place, is_open in held.values() if is_open and not place.temporary):
            open_in[other.compound_id].append(other.checkpoint_id)
        sheet, seen = Sheet(), set[Hashable]()
        changed: list[Checkpoint] = []
        for row in rows:
            reader = Reader(row)
            place = read_checkpoint(reader, self.today)
            if place is None:
                sheet.reject(row, reader.faults)
                continue
            before, is_open = held.get(place.checkpoint_id, (None, False))
            if place.checkpoint_id in seen or place.checkpoint_id in self.seen:
                sheet.repeat(row)
            elif fault := self._fault(place, (before, is_open), compounds.get(place.compound_id), open_in):
                sheet.reject(row, [fault])
            else:
                seen.add(place.checkpoint_id)
                if before is None:
                    open_in[place.compound_id].append(place.checkpoint_id)
                if before != place:
                    changed.append(place)
                sheet.take(row, reader.faults, changed=before != place)

        async def enter(tx: Tx) -> None:
            await open_checkpoints(tx, changed, self.policy)

        return Judged(verdicts=sheet.verdicts, seen=frozenset(seen), enter=enter)

    def _fault(
        self,
        place: Checkpoint,
        known: tuple[Checkpoint | None, bool],
        compound: Compound | None,
        open_in: Mapping[str, Sequence[str]],
    ) -> Fault | None:
        if compound is None:
            return Fault("小区编号", "compound_unknown")
        before, is_open = known
        if before is not None:
            if before.compound_id != place.compound_id:
                return Fault("卡口编号", "checkpoint_moved")
            usable = before == place or (is_open and not before.temporary)
            return None if usable else Fault("卡口编号", "checkpoint_closed")
        try:
            rules = self.policy.document.checkpoints
            decide_opening(compound.area_m2, open_in[compound.compound_id], rules)
        except CheckpointLimitReached as refusal:
            return Fault("卡口编号", refusal.code)
        return None


@dataclass(slots=True)
class GridImporter:
    """网格表."""

    seen: set[Hashable] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        compounds, held = await store.compounds(conn), await store.grids(conn)
        sheet, seen = Sheet(), set[Hashable]()
        changed: dict[str, Grid] = {}
        for row in rows:
            reader = Reader(row)
            grid = read_grid(reader)
            before = held.get(grid.grid_id) if grid else None
            if grid is None:
                sheet.reject(row, reader.faults)
            elif grid.compound_id not in compounds or (before and before.compound_id != grid.compound_id):
                sheet.reject(row, [Fault("小区编号", "compound_unknown")])
            elif grid.grid_id in seen or grid.grid_id in self.seen:
                sheet.repeat(row)
            else:
                seen.add(grid.grid_id)
                if before != grid:
                    changed[grid.grid_id] = grid
                sheet.take(row, reader.faults, changed=before != grid)

        async def enter(tx: Tx) -> None:
            for grid_id, version in sorted((await store.save_grids(tx, list(changed.values()))).items()):
                grid = changed[grid_id]
                registered = GridRegistered(
                    grid=grid.grid_id, compound=grid.compound_id, dwellings=grid.dwellings
                )
                await tx.publish(registered, version=version)

        return Judged(verdicts=sheet.verdicts, seen=frozenset(seen), enter=enter)


@dataclass(slots=True)
class AddressImporter:
    """标准地址表: the denominator of surveys. Only 空置 tells a household at once: nobody (R4.1)."""

    seen: set[Hashable] = field(default_factory=set)

    async def judge(self, conn: Conn, rows: Sequence[RawRow]) -> Judged:
        """See `Importer`."""
        compounds = await store.compounds(conn)
        grids = {grid_id: grid.compound_id for grid_id, grid in (await store.grids(conn)).items()}
        read = await asyncio.to_thread(read_all, rows, read_dwelling)
        here = {one.key.compound_id for _, _, one in read if one} & compounds.keys()
        held = await store.dwellings_of(conn, sorted(here))
        removed = await addresses_store.removed_of(conn, sorted(here))
        sheet, seen = Sheet(), set[AddressKey]()
        fresh: list[tuple[UUID, Dwelling]] = []
        changed: list[tuple[UUID, Dwelling]] = []
        grown = Counter[str]()
        for row, reader, one in read:
            faults = [*reader.faults, *_places(reader, compounds, grids)]
            if one is not None and one.key in removed and one.key not in held:
                faults.append(Fault("室号", "address_removed"))
            if one is None or faults:
                sheet.reject(row, faults)
            elif one.key in seen or one.key in self.seen:
                sheet.repeat(row)
            else:
                seen.add(one.key)
                dwelling_id, before = held.get(one.key, (None, None))
                if dwelling_id is None:
                    fresh.append((uuid7(), one))
                elif before != one:
                    changed.append((dwelling_id, one))
                grown[one.grid_id] += 1
                if before is not None:
                    grown[before.grid_id] -= 1
                sheet.take(row, faults, changed=before != one)

        async def enter(tx: Tx) -> None:
            await store.add_dwellings(tx, fresh)
            await store.change_dwellings(tx, changed)
            empty = [dwelling_id for dwelling_id, one in fresh if one.occupancy is Occupancy.EMPTY]
            told = [dwelling_id for dwelling_id, _ in changed]
            await tell_households(tx, fresh_and_empty=empty, changed=told)
            await tell_addresses(tx, sorted(grid for grid, more in grown.items() if more))

        return Judged(verdicts=sheet.verdicts, seen=frozenset(seen), enter=enter)


def _places(reader: Reader, compounds: dict[str, Compound], grids: Mapping[str, str]) -> list[Fault]:
    """Whether compound and grid of an address line exist, also when the rest of it is unreadable."""
    compound_id, grid_id = code_of(reader.cell("小区编号")), code_of(reader.cell("网格编号"))
    if compound_id not in compounds:
        return [Fault("小区编号", "compound_unknown")]
    return [] if grids.get(grid_id) == compound_id else [Fault("网格编号", "grid_unknown")]
